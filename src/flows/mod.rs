//! Rank 4: the order of steps, one file per thing a person or a client can ask for.
//!
//! Every flow walks the same way: *validated request → one read → pure decision → mint → one write → answer*. Nothing that
//! can fail comes after the write.

pub mod account;
mod acquaintance;
pub mod admin;
mod attempt;
pub mod authenticator;
pub mod authorize;
pub mod browser;
pub mod client;
pub mod client_auth;
pub mod client_credentials;
mod client_keys;
pub mod code;
pub mod consent;
pub mod delivery;
pub mod demo;
pub mod directory;
pub mod email;
pub mod ending;
pub mod entrance;
pub mod factor;
pub mod first_run;
mod front_channel;
pub mod inspect;
pub mod keys;
pub mod languages;
pub mod link;
pub mod login;
pub mod logout;
pub mod mail;
pub mod mail_code;
pub mod mint;
mod narrowing;
pub mod origin;
pub mod outbox;
pub mod passkey;
pub mod password;
pub mod passwords;
pub mod pending;
pub mod pushed;
mod recall;
pub mod receipt;
pub mod recovery;
pub mod refresh;
pub mod registration;
mod request_object;
pub mod reset;
pub mod revoke;
pub mod seat;
pub mod session_state;
pub mod statistics;
pub mod token;
pub mod totp;
mod turnstile;
pub mod upstream;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use crate::base::clock::{Clock, Time};
use crate::base::entropy::Entropy;
use crate::base::vault::{RootKey, SealKey, TagKey};
use crate::domain::event::Scribe;
use crate::domain::language::Languages;
use crate::domain::passkey::Party;
use crate::domain::policy::Policy;
pub use crate::domain::session::Activity;
use crate::jose::keyring::Keyring;
use crate::protocol::error::Refusal;
use crate::protocol::step_up::Demand;
use crate::remote::directory::Directory as Remote;
use crate::remote::egress::Egress;
use crate::remote::geo::Geo;
use crate::store::db::{Db, Fault};
use acquaintance::Acquaintances;
use client_credentials::Standings;
use client_keys::ClientKeyring;
use directory::Directory;
use inspect::ReadTokens;
use mail::Mailing;
use passwords::Passwords;
use turnstile::Turnstile;
use upstream::Upstreams;

/// Everything a flow works with. One per process.
pub struct Authority {
    pub policy: Policy,
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub passwords: Passwords,
    pub egress: Egress,
    pub geo: Geo,
    pub mailing: Mailing,
    pub languages: Languages,
    /// Where people's passwords are kept that are not kept here.
    pub directory: Option<Directory>,
    pub secrets: Secrets,
    /// The party of passkeys; `None` where the issuer has no host to make them for.
    pub party: Option<Party>,
    keyring: ArcSwap<Keyring>,
    client_keys: ClientKeyring,
    acquaintances: Acquaintances,
    read_tokens: ReadTokens,
    standings: Standings,
    turnstile: Turnstile,
    upstreams: Upstreams,
    /// Held while keys are made, so that nobody makes the same ones twice.
    tending: Mutex<()>,
    /// When the keys were last read because of a token, in seconds since 1970.
    keys_read_at: AtomicI64,
}

/// Keys derived from the root key, one per purpose.
pub struct Secrets {
    /// Tags of refresh tokens.
    pub refresh: TagKey,
    /// Form tokens against cross-site requests.
    pub form: TagKey,
    /// Pending requests in the addresses of pages.
    pub pending: SealKey,
    /// Opaque access tokens.
    pub opaque: SealKey,
    /// Private signing keys at rest.
    pub signing: SealKey,
    /// Positions in lists.
    pub cursor: SealKey,
    /// Secrets of clients that sign with them.
    pub client: SealKey,
    /// What people are called in each sector.
    pub pairwise: TagKey,
    /// Secrets of webhooks at rest.
    pub webhook: SealKey,
    /// What we are at other providers: our secrets there, and the ID tokens they gave.
    pub upstream: SealKey,
    /// What session frames see of a browser's session.
    pub browser_state: TagKey,
    /// Mails on their way out.
    pub mail: SealKey,
    /// What authenticators are known by, at rest.
    pub authenticator: SealKey,
    /// Recovery codes.
    pub recovery: TagKey,
}

impl Secrets {
    pub fn derive(root: &RootKey) -> Self {
        Self {
            refresh: root.tag_key("refresh token"),
            form: root.tag_key("form token"),
            pending: root.seal_key("pending request"),
            opaque: root.seal_key("opaque access token"),
            signing: root.seal_key("signing key"),
            cursor: root.seal_key("cursor"),
            client: root.seal_key("client secret"),
            pairwise: root.tag_key("pairwise subject"),
            webhook: root.seal_key("webhook secret"),
            upstream: root.seal_key("upstream"),
            browser_state: root.tag_key("browser state"),
            mail: root.seal_key("mail"),
            authenticator: root.seal_key("authenticator"),
            recovery: root.tag_key("recovery code"),
        }
    }
}

/// What flows work with beside the database.
pub struct Means {
    pub passwords: Passwords,
    pub egress: Egress,
    pub geo: Geo,
    pub mailing: Mailing,
    pub languages: Languages,
    pub directory: Option<Remote>,
}

/// Where time and chance come from.
pub struct Sources {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Authority {
    /// Opens the signing keys, making those that are missing and made in no time.
    pub async fn open(
        policy: Policy,
        db: Db,
        root: &RootKey,
        sources: Sources,
        means: Means,
    ) -> Result<Self, keys::KeysError> {
        let secrets = Secrets::derive(root);
        let keyring = keys::prepare(&db, &policy, &secrets.signing, &sources).await?;
        let now = sources.clock.now();
        Ok(Self {
            party: Party::of(&policy.issuer),
            policy,
            db,
            clock: sources.clock,
            entropy: sources.entropy,
            passwords: means.passwords,
            egress: means.egress,
            geo: means.geo,
            mailing: means.mailing,
            languages: means.languages,
            directory: means.directory.map(|remote| Directory::new(remote, now)),
            secrets,
            keyring: ArcSwap::from_pointee(keyring),
            client_keys: ClientKeyring::default(),
            acquaintances: Acquaintances::default(),
            read_tokens: ReadTokens::default(),
            standings: Standings::default(),
            turnstile: Turnstile::default(),
            upstreams: Upstreams::default(),
            tending: Mutex::new(()),
            keys_read_at: AtomicI64::new(i64::MIN),
        })
    }

    pub fn now(&self) -> Time {
        self.clock.now()
    }

    pub fn keyring(&self) -> arc_swap::Guard<Arc<Keyring>> {
        self.keyring.load()
    }

    /// Whether a token with an unknown key may make us read the keys again: at most once in ten seconds.
    fn may_reload_keys(&self) -> bool {
        let now = self.now().timestamp();
        let last = self.keys_read_at.load(Ordering::Relaxed);
        let due = now.saturating_sub(last) >= 10;
        due && self.keys_read_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn dice(&self) -> &dyn Entropy {
        self.entropy.as_ref()
    }

    /// Writes into timelines.
    fn scribe(&self, now: Time) -> Scribe {
        Scribe::new(now, self.entropy.clone())
    }
}

/// Why a flow gave nothing: a "no" that the other side may read, or a fault that it may not.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The sign-in behind a token is not enough for what was asked (RFC 9470).
    #[error("a sign-in of another level or age is demanded: {0:?}")]
    StepUp(Demand),
    /// A token could not be signed.
    #[error("signing failed: {0}")]
    Signing(String),
    /// Too much is waiting for the same scarce thing; try again after these seconds.
    #[error("overloaded")]
    Busy { retry_after: u32 },
    /// Whoever asks does so too often; they may try again after these seconds.
    #[error("too many requests")]
    TooMany { retry_after: u32 },
}

pub type Outcome<T> = Result<T, Failure>;
