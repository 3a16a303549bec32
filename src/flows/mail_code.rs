//! Sign-in by a code that is mailed, where the operator allows it: the lowest level, and never a second factor (NIST SP
//! 800-63B-4 section 3.1.3; OWASP ASVS 5.0 6.3.6, 6.6.2, 6.6.3).
//!
//! 1. Whoever asks is given a page for a code, whether a mail left or not: a name of nobody takes the same reads and writes.
//!    Who holds a second factor gets no code, since it would not do.
//! 2. The page carries, sealed, which code it is for: it is good in the browser that asked, for ten minutes, once.
//! 3. Wrong codes are counted by person and by source, whichever code it is: asking for another one resets nothing.

use serde::{Deserialize, Serialize};

use super::attempt::{self, Guessed};
use super::entrance::Entrance;
use super::factor::{self, Proving, held};
use super::link::count;
use super::login::{Aim, SignIn};
use super::{Authority, Outcome, directory};
use crate::base::clock::Time;
use crate::base::entropy::{Entropy, draw};
use crate::base::id::{DeviceId, MailCodeId, UserId};
use crate::base::secret::{Typed, base64url, from_base64url};
use crate::domain::lifetime::Stay;
use crate::domain::login::{Counted, DISABLED_AFTER, network};
use crate::domain::mail::{CODE_LIFE, Content};
use crate::domain::session::{Authentication, Session, Source};
use crate::domain::user::{User, username_key};
use crate::protocol::acr;
use crate::store;
use crate::store::mail_code::MailCode;

/// Which code a page asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Awaited {
    code: MailCodeId,
    /// The name that was typed.
    pub username: String,
    born: Time,
    /// The browser that asked.
    device: Option<DeviceId>,
}

const CONTEXT: &str = "mailed code";

impl Awaited {
    pub fn seal(&self, authority: &Authority) -> String {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        base64url(&authority.secrets.pending.seal(CONTEXT, &plain, authority.dice()))
    }

    /// Reads what this browser was given a few minutes ago.
    pub fn open(authority: &Authority, handle: &str, source: &Source) -> Option<Self> {
        let plain = authority.secrets.pending.open(CONTEXT, &from_base64url(handle)?)?;
        let awaited: Self = serde_json::from_slice(&plain).ok()?;
        let young = authority.now() - awaited.born < CODE_LIFE.delta();
        (young && awaited.device.is_some() && awaited.device == source.device).then_some(awaited)
    }
}

/// Whether people may sign in so.
pub fn is_offered(authority: &Authority) -> bool {
    authority.policy.mail_sign_in && authority.sends_mail()
}

/// Mails a code to the person of this name, if there is one who may sign in by it.
pub async fn ask(authority: &Authority, username: &str, source: Source) -> Outcome<Awaited> {
    let place = authority.passwords.place()?;
    let now = authority.now();
    let found = store::user::by_username(&authority.db, username).await?;
    let nobody = UserId::new(now, authority.dice());
    let asked = found.as_ref().map_or(nobody, |user| user.id);
    let holds = held(&authority.db, asked).await?;
    // Whoever a directory may lock out comes in by the directory.
    let kept_here = !directory::knows(authority, asked).await?;
    let user = found.filter(|user| kept_here && user.recovery_address().is_some() && holds.factors == 0);
    let code = digits(authority.dice());
    let hash = authority.passwords.hash(place, Typed::new(code.clone()), authority.entropy.clone()).await?;
    let until = now + CODE_LIFE.delta();
    let id = MailCodeId::new(now, authority.dice());
    let row = MailCode { id, user: user.as_ref().map(|user| user.id), hash, expires_at: until };
    let (clerk, name, from) = (authority.clerk(now, Some(&source)), username_key(username), source.clone());
    authority
        .db
        .write(async move |tx| {
            // An address that was changed meanwhile gets no code; of nobody as much is read.
            store::user::hold(tx, asked).await?;
            let meanwhile = store::user::read(tx, asked).await?;
            let address = |user: &User| user.recovery_address().map(str::to_owned);
            if user.as_ref().and_then(address) != meanwhile.as_ref().filter(|_| user.is_some()).and_then(address) {
                tx.undo(());
                return Ok(());
            }
            if !count(tx, &name, &from, now).await? {
                tx.undo(());
                return Ok(());
            }
            store::mail_code::insert(tx, &row).await?;
            let content = Content::Code { code, until };
            match user {
                Some(user) => {
                    let to = user.email().unwrap_or_default().to_owned();
                    clerk.send(tx, &user, to, content).await
                }
                None => clerk.pretend(tx, &name, content, now).await,
            }
        })
        .await?;
    Ok(Awaited { code: id, username: username.to_owned(), born: now, device: source.device })
}

/// What failures with the codes of this name are counted under.
pub fn counted_as(username: &str) -> String {
    format!("mailed code of {}", username_key(username))
}

/// What somebody typed into the page for a code.
pub struct Entered {
    pub awaited: Awaited,
    pub code: Typed,
    pub source: Source,
    pub stay: Stay,
    pub aim: Aim,
}

/// Signs in by a code.
pub async fn enter(authority: &Authority, entered: Entered, current: Option<Session>) -> Outcome<SignIn> {
    let Entered { awaited, code, source, stay, aim } = entered;
    let network = source.address.as_deref().map(network).unwrap_or_default();
    let keys = Counted::keys_of(&counted_as(&awaited.username), &network);
    let _turn = authority.turnstile.pass(keys[1]).await?;
    let place = authority.passwords.place()?;
    let now = authority.now();
    if let Some(until) = attempt::must_wait(authority, &keys, now).await? {
        return Ok(SignIn::Wait { until });
    }
    let failures = store::throttle::find(&authority.db, keys[1]).await?.map_or(0, |counter| counter.failures);
    let kept = store::mail_code::usable(&authority.db, awaited.code, now).await?;
    let typed = Typed::new(code.expose().chars().filter(|c| !c.is_whitespace()).collect());
    let fits = authority.passwords.verify(place, typed, kept.as_ref().map(|(_, hash)| hash.as_str())).await?;
    let user = match kept.filter(|_| fits && failures < DISABLED_AFTER) {
        Some((user, _)) => store::user::by_id(&authority.db, user).await?.filter(|user| !user.disabled),
        None => None,
    };
    let id = awaited.code;
    let spent = match &user {
        Some(_) => authority.db.write(async move |tx| store::mail_code::spend(tx, id, now).await).await?,
        None => false,
    };
    let Some(user) = user.filter(|_| spent) else {
        tracing::info!(address = source.address, "a mailed code was refused");
        attempt::fail(authority, keys, Guessed::Nothing, now).await?;
        return Ok(SignIn::Refused);
    };
    attempt::forget(authority, keys).await?;
    let proof = Authentication { at: now, acr: acr::MAIL.into(), amr: vec!["otp".into()], credentials: Vec::new() };
    let entrance = Entrance { proof, spends: Vec::new(), of: None, stay, source, from: None };
    factor::go_on(authority, &user, Proving { entrance, aim }, current).await
}

/// Eight digits: 26 bits.
fn digits(dice: &dyn Entropy) -> String {
    let drawn = u64::from_be_bytes(draw(dice)) % 100_000_000;
    format!("{drawn:08}")
}
