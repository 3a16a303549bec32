//! Mail that leaves us: what it says, to whom, how often it is tried, and how long it is of use.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::delivery::{Next, pause};
use super::policy::retention;
use super::session::Source;
use crate::base::clock::Time;
use crate::base::duration::Duration;
use crate::base::id::{MailId, UserId};

super::names! {
    /// What became of sending a mail.
    MailState {
        /// To be sent, for the first time or again.
        Pending = "pending",
        Sent = "sent",
        /// Given up.
        Dead = "dead",
    }
}

/// A change to an account of which its person is told, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// The person set a new password while signed in.
    PasswordChanged,
    /// A new password was set by a link from a mail.
    PasswordReset,
    /// An admin set a new password.
    PasswordSet,
    /// An admin wants a new password at the next sign-in.
    PasswordForced,
    /// Too many failures put the password out of use.
    PasswordDisabled,
    /// The account has another mail address, which is not named: this goes to the old one.
    EmailChanged,
    /// A way of signing in was added; its name is for the person, such as `Authenticator app` or a passkey's own.
    FactorAdded {
        name: String,
    },
    FactorRemoved {
        name: String,
    },
    /// Too many failures put it out of use.
    FactorDisabled {
        name: String,
    },
    /// New recovery codes took the place of the old ones.
    RecoveryCodesMade,
    RecoveryCodeUsed {
        left: u32,
    },
    /// Somebody signed in from a browser in which the person was never seen.
    NewDevice,
}

/// What a link in a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    ResetPassword,
    VerifyEmail,
    /// Says yes from the address that is left.
    LeaveEmail,
    /// Says yes from the address that is to be used.
    TakeEmail,
    AcceptInvitation,
}

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    Notice(Notice),
    Link {
        purpose: Purpose,
        url: String,
        until: Time,
    },
    /// A code for the sign-in that is under way.
    Code {
        code: String,
        until: Time,
    },
}

impl Content {
    /// Its name in the database and in numbers.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Notice(notice) => match notice {
                Notice::PasswordChanged => "password_changed",
                Notice::PasswordReset => "password_reset",
                Notice::PasswordSet => "password_set",
                Notice::PasswordForced => "password_forced",
                Notice::PasswordDisabled => "password_disabled",
                Notice::EmailChanged => "email_changed",
                Notice::FactorAdded { .. } => "factor_added",
                Notice::FactorRemoved { .. } => "factor_removed",
                Notice::FactorDisabled { .. } => "factor_disabled",
                Notice::RecoveryCodesMade => "recovery_codes_made",
                Notice::RecoveryCodeUsed { .. } => "recovery_code_used",
                Notice::NewDevice => "new_device",
            },
            Self::Link { purpose, .. } => match purpose {
                Purpose::ResetPassword => "reset_link",
                Purpose::VerifyEmail => "verify_link",
                Purpose::LeaveEmail => "leave_link",
                Purpose::TakeEmail => "take_link",
                Purpose::AcceptInvitation => "invitation",
            },
            Self::Code { .. } => "code",
        }
    }

    /// When it is too late to send it; `None` for news, which are news later too.
    pub const fn useless_at(&self) -> Option<Time> {
        match self {
            Self::Notice(_) => None,
            Self::Link { until, .. } | Self::Code { until, .. } => Some(*until),
        }
    }
}

/// A mail before it is put into words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub to: String,
    /// What the person is called.
    pub name: String,
    pub username: String,
    /// When what it tells happened.
    pub at: Time,
    /// Where that was done from, when it was done by a browser.
    pub source: Option<Origin>,
    pub content: Content,
}

/// Where something was done from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub country: Option<String>,
}

impl From<&Source> for Origin {
    fn from(source: &Source) -> Self {
        let Source { address, user_agent, country, .. } = source.clone();
        Self { address, user_agent, country }
    }
}

/// A row of the queue.
#[derive(Clone, Debug)]
pub struct Mail {
    pub id: MailId,
    pub user: Option<UserId>,
    pub kind: String,
    /// The [`Letter`]; `None` once it is settled, but on a developer's machine.
    pub sealed: Option<Vec<u8>>,
    pub state: MailState,
    pub attempts: i64,
    pub created_at: Time,
    /// The next attempt; `None` once it is settled.
    pub due_at: Option<Time>,
    pub useless_at: Option<Time>,
}

/// Why an attempt came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// The letter cannot be read or put into words, or its address is none.
    Unwritable(&'static str),
    /// The mail server said no for good.
    Refused(String),
    /// Anything else, which may pass.
    Failed(String),
    /// What it says is of no more use.
    Late,
}

impl Miss {
    /// For the log and for the row; at most 200 characters.
    pub fn text(&self) -> String {
        let text = match self {
            Self::Unwritable(why) => (*why).to_owned(),
            Self::Refused(why) | Self::Failed(why) => why.clone(),
            Self::Late => "too late".into(),
        };
        text.chars().filter(|c| !c.is_control()).take(200).collect()
    }
}

/// How long a code to sign in with is good (NIST SP 800-63B-4 section 3.1.3).
pub const CODE_LIFE: Duration = Duration::minutes(10);

/// How long one attempt belongs to the node that began it. An attempt takes 30 s at most.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How often it is tried: over 20 hours.
const MOST_ATTEMPTS: i64 = 32;
/// How often after a server said no for good: it may have been set up wrongly for a moment.
const MOST_REFUSALS: i64 = 5;

/// Judges the attempt of this number, the first being 1. `chance` spreads the next one.
pub fn after(mail: &Mail, outcome: &Result<(), Miss>, now: Time, chance: u16) -> Next {
    let most = match outcome {
        Ok(()) => return Next::Delivered,
        Err(Miss::Late | Miss::Unwritable(_)) => return Next::Dead,
        Err(Miss::Refused(_)) => MOST_REFUSALS,
        Err(Miss::Failed(_)) => MOST_ATTEMPTS,
    };
    let again = now + pause(mail.attempts, chance);
    let late = mail.useless_at.is_some_and(|end| end <= again);
    if mail.attempts >= most || late { Next::Dead } else { Next::Again(again) }
}

/// How long the row of a mail is kept once it is settled; `None` while it is not.
pub const fn kept(state: MailState) -> Option<Duration> {
    match state {
        MailState::Pending => None,
        MailState::Sent => Some(retention::SENT_MAIL),
        MailState::Dead => Some(retention::DEAD_MAIL),
    }
}

/// Whether a text is a mail address as far as can be told without sending: one `@` with something on both sides, a dot or
/// `localhost` after it, at most 254 bytes, and nothing that ends a header.
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_control() || " \"<>()[],;:\\@".contains(c));
    let labels = domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    text.len() <= 254
        && local.len() <= 64
        && plain(local)
        && plain(domain)
        && labels
        && (domain.contains('.') || domain == "localhost")
}

/// The form in which addresses are compared: whoever types one in capitals means the same.
pub fn address_key(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::domain::session::tests::at;

    fn mail(attempts: i64, useless_at: Option<Time>) -> Mail {
        Mail {
            id: MailId::new(at(0), &SeededEntropy::new(1)),
            user: None,
            kind: "new_device".into(),
            sealed: None,
            state: MailState::Pending,
            attempts,
            created_at: at(0),
            due_at: Some(at(0)),
            useless_at,
        }
    }

    #[test]
    fn what_fails_is_tried_again_until_it_is_dead() {
        let failed = Err(Miss::Failed("timeout".into()));
        let refused = Err(Miss::Refused("550".into()));
        let again = |attempts, outcome| matches!(after(&mail(attempts, None), outcome, at(0), 0), Next::Again(_));
        assert_eq!(after(&mail(1, None), &Ok(()), at(0), 0), Next::Delivered);
        assert!(again(1, &failed) && again(31, &failed) && !again(32, &failed));
        assert!(again(4, &refused) && !again(5, &refused));
        assert!(!again(1, &Err(Miss::Late)) && !again(1, &Err(Miss::Unwritable("x"))));
    }

    #[test]
    fn nothing_is_sent_after_it_is_of_no_use() {
        let failed = Err(Miss::Failed("timeout".into()));
        let next = |attempts, end| after(&mail(attempts, Some(at(end))), &failed, at(0), u16::MAX / 2);
        assert!(matches!(next(1, 10), Next::Again(_)));
        assert_eq!(next(5, 10), Next::Dead, "the pause is longer");
    }

    #[test]
    fn addresses_are_told_from_texts() {
        for good in ["a@b.co", "a+b@mail.example.com", "jürgen@müller.example", "root@localhost", "o'hara@x.io"] {
            assert!(is_address(good), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "a",
            "@b.co",
            "a@",
            "a@b",
            "a@@b.co",
            "a b@c.de",
            "a@b.co\r\nBcc: x@y.z",
            "a@b..co",
            "a@-b.co",
            "<a@b.co>",
            "a@b.co,c@d.ef",
            &long,
        ] {
            assert!(!is_address(bad), "{bad:?}");
        }
    }
}
