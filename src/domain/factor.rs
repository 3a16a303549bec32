//! Factors: what a person holds, what a proof amounts to, and what is still missing. Nothing here remembers a step of a
//! sign-in: what comes next follows from what was proved and what is held, each time anew (OWASP ASVS 5.0 6.3.3; NIST SP
//! 800-63B-4 section 2).

use serde::{Deserialize, Serialize};

use super::session::Authentication;
use crate::base::clock::Time;
use crate::base::id::{CredentialId, UserId};
use crate::protocol::acr;

super::names! {
    /// The kinds of what people prove themselves with beside the password.
    Kind {
        /// An app with a shared secret.
        Totp = "totp",
        Passkey = "passkey",
        /// A set of codes on paper.
        Recovery = "recovery_codes",
    }
}

/// Something a person proves themselves with.
#[derive(Clone, Debug)]
pub struct Authenticator {
    pub id: CredentialId,
    pub user: UserId,
    pub kind: Kind,
    pub name: String,
    /// The secret of an app or the public key of a passkey, sealed.
    pub sealed: Option<Vec<u8>>,
    /// The passkey's own name of itself.
    pub passkey_id: Option<String>,
    /// The passkey says that it never leaves its device.
    pub device_bound: bool,
    /// The last step of an app, or the last count of a passkey. It only grows.
    pub counter: Option<i64>,
    /// Out of use after too many failures, until it is removed or another takes its place.
    pub disabled: bool,
    /// From where it was added.
    pub address: Option<String>,
    pub created_at: Time,
    pub last_used_at: Option<Time>,
}

/// What is used up by a proof, in the write that it is good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Use {
    /// A step of an app; a later one than before.
    Step { id: CredentialId, step: i64 },
    /// A recovery code, by its digest.
    Code { id: CredentialId, digest: [u8; 32] },
    /// A challenge, by its digest, with the passkey's count; kept until it would be out of date.
    Challenge { id: CredentialId, digest: [u8; 32], count: u32, until: Time },
}

/// What was just proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// A code of an app, or a recovery code: something typed by hand is never safe from those who ask for it.
    Code,
    Passkey {
        device_bound: bool,
    },
}

/// One thing that was proved after another, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub way: Way,
    pub id: CredentialId,
}

/// The proof after one more thing was proved.
pub fn proved(before: Option<&Authentication>, way: Way, id: CredentialId, at: Time) -> Authentication {
    let own = before.map(|proof| proof.acr.as_str());
    let is_another =
        |proof: &Authentication| acr::is_at_least(&proof.acr, acr::PASSWORD) && !proof.credentials.contains(&id);
    let (level, methods): (_, &[&str]) = match way {
        // Beside nothing, what is less than a password, or a code of the same app, a code is one factor.
        Way::Code if before.is_some_and(is_another) => (acr::MFA, &["otp"]),
        Way::Code => (acr::PASSWORD, &["otp"]),
        Way::Passkey { device_bound: true } => (acr::BOUND, &["hwk", "user"]),
        Way::Passkey { device_bound: false } => (acr::PASSKEY, &["swk", "user"]),
    };
    let level = own.map_or(level, |own| acr::higher(level, own)).to_owned();
    let mut amr: Vec<String> = before.map(|proof| proof.amr.clone()).unwrap_or_default();
    let several = acr::is_at_least(&level, acr::MFA).then_some("mfa");
    amr.extend(methods.iter().copied().chain(several).map(str::to_owned));
    let mut credentials = before.map(|proof| proof.credentials.clone()).unwrap_or_default();
    credentials.push(id);
    Authentication { at, acr: level, amr: once_each(amr), credentials: once_each(credentials) }
}

fn once_each<T: PartialEq>(items: Vec<T>) -> Vec<T> {
    items.into_iter().fold(Vec::new(), |mut kept, item| {
        if !kept.contains(&item) {
            kept.push(item);
        }
        kept
    })
}

/// What a person holds, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Apps and passkeys, also those that are out of use: whoever has one is never let in by a password alone.
    pub factors: usize,
    pub app: bool,
    pub passkeys: usize,
    pub device_bound: usize,
    /// Recovery codes that are left.
    pub codes: i64,
}

impl Held {
    /// Counts what is there; `codes` are those that are left.
    pub fn of(authenticators: &[Authenticator], codes: i64) -> Self {
        let usable = |kind| authenticators.iter().filter(move |own| own.kind == kind && !own.disabled);
        Self {
            factors: authenticators.iter().filter(|own| own.kind != Kind::Recovery).count(),
            app: usable(Kind::Totp).count() > 0,
            passkeys: usable(Kind::Passkey).count(),
            device_bound: usable(Kind::Passkey).filter(|own| own.device_bound).count(),
            codes: if usable(Kind::Recovery).count() > 0 { codes } else { 0 },
        }
    }

    /// Whether something the person holds reaches a level, after a password where it is a code.
    pub fn reaches(&self, level: &str) -> bool {
        self.offers(level) != Offer::default()
    }

    /// What a person may prove to reach a level.
    pub fn offers(&self, level: &str) -> Offer {
        Offer {
            code: acr::is_at_least(acr::MFA, level) && (self.app || self.codes > 0),
            passkey: acr::is_at_least(acr::PASSKEY, level) && self.passkeys > 0
                || acr::is_at_least(acr::BOUND, level) && self.device_bound > 0,
        }
    }
}

/// What the page for a second factor asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    pub code: bool,
    pub passkey: bool,
}

/// The ways in that need nothing before them: where none is left, nobody gets in any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    pub password: bool,
    pub passkeys: usize,
    /// Accounts at providers that let people in now.
    pub providers: usize,
}

impl Ways {
    pub const fn any(self) -> bool {
        self.password || self.passkeys > 0 || self.providers > 0
    }
}

/// What a sign-in still needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Enough,
    /// Something the person holds.
    Second(Offer),
    /// Something the person does not hold yet.
    Enrol,
}

/// Decides what a sign-in needs that has come to this level, where policy needs another; `goal` is what was asked for
/// beyond that, and is tried where it can be had.
pub fn next(reached: &str, held: &Held, needed: Option<&str>, goal: Option<&str>) -> Next {
    let protected = held.factors > 0 && !acr::is_at_least(reached, acr::MFA);
    let lacking = needed.filter(|needed| !acr::is_at_least(reached, needed));
    let least = match (protected, lacking) {
        (false, None) => return wish(reached, held, goal).map_or(Next::Enough, Next::Second),
        (true, None) => acr::MFA,
        (false, Some(needed)) => needed,
        (true, Some(needed)) => acr::higher(acr::MFA, needed),
    };
    if let Some(offer) = wish(reached, held, goal.filter(|goal| acr::is_at_least(goal, least))) {
        return Next::Second(offer);
    }
    match held.offers(least) {
        // Nobody gets around a factor that is out of use by adding another: only an administrator helps.
        offer if protected && offer == Offer::default() => Next::Second(held.offers(acr::MFA)),
        offer if offer == Offer::default() => Next::Enrol,
        offer => Next::Second(offer),
    }
}

fn wish(reached: &str, held: &Held, goal: Option<&str>) -> Option<Offer> {
    let goal = goal.filter(|goal| !acr::is_at_least(reached, goal))?;
    Some(held.offers(goal)).filter(|offer| *offer != Offer::default())
}

#[cfg(test)]
mod tests;
