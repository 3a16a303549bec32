//! Signing keys: made on first start, followed by the next ones, published, and taken away when nothing they signed is alive.

use std::sync::Arc;

use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::base::vault::SealKey;
use crate::domain::policy::Policy;
use crate::jose::PrivateKeyError;
use crate::jose::algorithm::Algorithm;
use crate::jose::jwe::KeyManagement;
use crate::jose::jws::{Accept, Rejected, Unverified, Verified};
use crate::jose::keyring::{KeyRecord, Keyring, KeyringError};
use crate::jose::lifecycle::{self, KeyState, Plan, Step};
use crate::store::db::{Db, Fault};
use crate::store::{key, lease};

use super::{Authority, Sources};

/// How long a key is published before it signs: longer than verifiers keep a key set.
const LEAD: Duration = Duration::hours(24);

/// How long a request may have been running when the key it needs is made.
const BEGUN: Duration = Duration::minutes(1);

#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("{0}; was the root key replaced?")]
    Keyring(#[from] KeyringError),
    #[error("a signing key could not be made: {0}")]
    Private(#[from] PrivateKeyError),
    #[error("a signing key could not be made: the thread that makes it died")]
    Thread,
}

fn plan(policy: &Policy) -> Plan {
    let linger =
        Duration::seconds(u32::try_from(policy.key_linger().as_seconds()).unwrap_or(u32::MAX).saturating_add(300));
    Plan { period: policy.key_period, lead: LEAD.min(policy.key_period), linger }
}

/// The keys at start. Only those are waited for that are made in no time; [`complete`] makes the rest.
pub(super) async fn prepare(db: &Db, policy: &Policy, seal: &SealKey, sources: &Sources) -> Result<Keyring, KeysError> {
    let plan = plan(policy);
    let quick = |step: &Step| !matches!(step, Step::Generate { algorithm: Algorithm::Rs256 | Algorithm::Ps256, .. });
    carry_out(db, seal, sources, |records, now| signing_now(records, now, plan).into_iter().filter(quick).collect())
        .await?;
    Ok(Keyring::open(key::all(db).await?, seal)?)
}

/// Returns when a key of this algorithm signs, which right after a first start takes a moment.
pub async fn wait_for(authority: &Authority, algorithm: Algorithm) -> Result<(), KeysError> {
    let signs = authority.keyring().signer(algorithm, authority.now()).is_some();
    if signs { Ok(()) } else { complete(authority).await }
}

/// Makes sure that a key of every algorithm signs.
pub async fn complete(authority: &Authority) -> Result<(), KeysError> {
    if is_complete(authority) {
        return Ok(());
    }
    let _alone = authority.tending.lock().await;
    if is_complete(authority) {
        return Ok(());
    }
    let plan = plan(&authority.policy);
    apply(authority, |records, now| signing_now(records, now, plan)).await
}

fn is_complete(authority: &Authority) -> bool {
    let (keyring, now) = (authority.keyring(), authority.now());
    Algorithm::ISSUED.into_iter().all(|algorithm| keyring.signer(algorithm, now).is_some())
}

/// What is due for keys that sign already. They sign for requests that began before they were made, too.
fn signing_now(records: &[KeyRecord], now: Time, plan: Plan) -> Vec<Step> {
    let at_once = |step| match step {
        Step::Generate { active_from, .. } if active_from > now => None,
        Step::Generate { algorithm, .. } => Some(Step::Generate { algorithm, active_from: now - BEGUN.delta() }),
        step => Some(step),
    };
    lifecycle::due(records, now, plan).into_iter().filter_map(at_once).collect()
}

/// Carries out what is due and takes over what other nodes did, should nobody have heard of it.
pub async fn tend(authority: &Authority) -> Result<(), KeysError> {
    complete(authority).await?;
    let _alone = authority.tending.lock().await;
    let plan = plan(&authority.policy);
    apply(authority, |records, now| lifecycle::due(records, now, plan)).await
}

/// Takes over what another node did.
pub async fn take_over(authority: &Authority) -> Result<(), KeysError> {
    let _alone = authority.tending.lock().await;
    reload(authority).await
}

/// A rotation by hand: the keys of these algorithms that stand ready sign from now on.
pub async fn rotate(authority: &Authority, algorithms: &[Algorithm]) -> Result<(), KeysError> {
    let _alone = authority.tending.lock().await;
    let plan = plan(&authority.policy);
    apply(authority, |records, now| lifecycle::rotate_now(algorithms, records, now, plan)).await
}

/// Verifies a token of our own. A key that is not known yet may be one that another node just made.
pub async fn verify(authority: &Authority, token: &str, accept: &Accept<'_>) -> Option<Verified> {
    let first = authority.keyring().verify(Unverified::parse(token, accept).ok()?);
    if !matches!(first, Err(Rejected::UnknownKey)) || !authority.may_reload_keys() {
        return first.ok();
    }
    if let Err(error) = take_over(authority).await {
        tracing::error!(%error, "the signing keys could not be read again");
    }
    authority.keyring().verify(Unverified::parse(token, accept).ok()?).ok()
}

/// The names of the algorithms we sign with, of those that clients may sign with, and of those we encrypt by.
pub fn algorithms() -> (Vec<&'static str>, Vec<&'static str>, Vec<&'static str>) {
    let encryption = KeyManagement::ALL.map(KeyManagement::name).to_vec();
    (Algorithm::ISSUED.map(Algorithm::name).to_vec(), Algorithm::ALL.map(Algorithm::name).to_vec(), encryption)
}

/// Whether access tokens can be signed now.
pub fn sign(authority: &Authority) -> bool {
    authority.keyring().signer(Algorithm::Es256, authority.now()).is_some()
}

/// A key as an admin sees it.
pub struct KeyView {
    pub record: KeyRecord,
    pub state: KeyState,
    pub retired_at: Option<Time>,
}

/// Every key that is published.
pub async fn list(authority: &Authority) -> Result<Vec<KeyView>, Fault> {
    let now = authority.now();
    let records = key::all(&authority.db).await?;
    let view = |record: &KeyRecord| KeyView {
        record: record.clone(),
        state: lifecycle::state(record, &records, now),
        retired_at: lifecycle::retired_at(record, &records),
    };
    Ok(records.iter().map(view).collect())
}

async fn apply(authority: &Authority, due: impl Fn(&[KeyRecord], Time) -> Vec<Step>) -> Result<(), KeysError> {
    let sources = Sources { clock: authority.clock.clone(), entropy: authority.entropy.clone() };
    carry_out(&authority.db, &authority.secrets.signing, &sources, due).await?;
    reload(authority).await
}

async fn reload(authority: &Authority) -> Result<(), KeysError> {
    let records = key::all(&authority.db).await?;
    // What was checked by these keys need not be checked again.
    if !authority.keyring().is_of(&records) {
        authority.keyring.store(Arc::new(Keyring::open(records, &authority.secrets.signing)?));
    }
    Ok(())
}

/// How often a node that lost a race looks again.
const LOOKS: usize = 5;

/// Carries out the steps that are due. Nodes that come at the same time wait for each other; whoever finds the keys
/// changed looks again.
async fn carry_out(
    db: &Db,
    seal: &SealKey,
    sources: &Sources,
    due: impl Fn(&[KeyRecord], Time) -> Vec<Step>,
) -> Result<(), KeysError> {
    for _ in 0..LOOKS {
        let now = sources.clock.now();
        let records = key::all(db).await?;
        let steps = due(&records, now);
        if steps.is_empty() {
            break;
        }
        let made = generate(&steps, now, seal, sources).await?;
        let seen = i64::try_from(records.len()).unwrap_or(i64::MAX);
        let written = db.write(async move |tx| {
            lease::take(tx, "signing keys", now, now).await?;
            if key::count(tx).await? != seen {
                return Ok(tx.undo(false));
            }
            for key in &made {
                key::insert(tx, key).await?;
            }
            for step in &steps {
                match step {
                    Step::Activate { kid, at } => drop(key::activate(tx, kid, *at).await?),
                    Step::Drop { kid } => key::delete(tx, kid).await?,
                    Step::Generate { .. } => {}
                }
            }
            Ok(true)
        });
        if written.await? {
            break;
        }
    }
    Ok(())
}

/// Makes keys side by side: RSA keys take a good part of a second each.
async fn generate(steps: &[Step], now: Time, seal: &SealKey, sources: &Sources) -> Result<Vec<KeyRecord>, KeysError> {
    let mut threads = Vec::new();
    for step in steps {
        let Step::Generate { algorithm, active_from } = step else { continue };
        let (algorithm, active_from, seal, entropy) = (*algorithm, *active_from, seal.clone(), sources.entropy.clone());
        threads.push(tokio::task::spawn_blocking(move || {
            KeyRecord::generate(algorithm, now, active_from, &seal, entropy.as_ref())
        }));
    }
    let mut made = Vec::new();
    for thread in threads {
        made.push(thread.await.map_err(|_| KeysError::Thread)??);
    }
    Ok(made)
}
