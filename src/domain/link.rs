//! Links that are mailed, or given to somebody who must choose a password first: what they are for, how long they are
//! good, and when they are not (NIST SP 800-63B-4 section 4.2.1.2; OWASP ASVS 5.0 6.4.1, 6.5.1, 6.5.5).

use chrono::TimeDelta;

use super::user::User;
use crate::base::clock::Time;
use crate::base::id::{ChangeId, CredentialId, UserId};
use crate::base::secret::Digest;

super::names! {
    /// What whoever holds a link may do.
    Errand {
        /// Set a new password, having forgotten the old one.
        Reset = "reset",
        /// Choose another password, having proved the old one.
        Renew = "renew",
        /// Choose the first password.
        Accept = "accept",
        /// Confirm the address that the person has.
        Verify = "verify",
        /// Confirm from the old address that it is to be another one.
        Leave = "leave",
        /// Confirm from the new address.
        Take = "take",
    }
}

impl Errand {
    /// How long a link is good.
    pub const fn life(self) -> TimeDelta {
        match self {
            Self::Reset | Self::Renew => TimeDelta::minutes(15),
            Self::Accept => TimeDelta::days(7),
            Self::Verify | Self::Leave | Self::Take => TimeDelta::hours(24),
        }
    }

    /// Whether it ends with a password that is set.
    pub const fn sets_password(self) -> bool {
        matches!(self, Self::Reset | Self::Renew | Self::Accept)
    }

    /// Whether it was mailed to the address that the person had, and is worth nothing once they have another.
    pub const fn needs_address(self) -> bool {
        matches!(self, Self::Reset | Self::Accept | Self::Verify)
    }
}

/// A link as it is kept.
#[derive(Clone, Debug)]
pub struct Link {
    pub digest: Digest,
    /// `None` for one that was never sent to anybody.
    pub user: Option<UserId>,
    pub errand: Errand,
    /// The password that its person had then.
    pub password: Option<CredentialId>,
    /// The address that it is about.
    pub address: Option<String>,
    /// The change of address that it is a part of.
    pub change: Option<ChangeId>,
    pub created_at: Time,
    pub expires_at: Time,
    pub used_at: Option<Time>,
}

impl Link {
    /// Whether it may be used now by this person, as they stand.
    pub fn is_good(&self, user: &User, now: Time) -> bool {
        let same_password = self.password == user.password.as_ref().map(|password| password.id);
        let same_address = !self.errand.needs_address() || self.address.as_deref() == user.email();
        self.user == Some(user.id)
            && self.used_at.is_none()
            && now < self.expires_at
            && !user.disabled
            && (same_password || !self.errand.sets_password())
            && same_address
    }
}

/// Requests for mail to one address, and from one source, that are counted in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub most: i64,
    pub window: TimeDelta,
}

pub const PER_ADDRESS: Rate = Rate { most: 3, window: TimeDelta::minutes(15) };
pub const PER_SOURCE: Rate = Rate { most: 30, window: TimeDelta::hours(1) };

impl Rate {
    /// How many there are with one more, and since when they are counted; `None` when that would be too many.
    pub fn with_one_more(self, count: i64, since: Time, now: Time) -> Option<(i64, Time)> {
        if count == 0 || now - since >= self.window {
            return Some((1, now));
        }
        (count < self.most).then_some((count + 1, since))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::domain::session::tests::at;
    use crate::domain::user::Password;

    fn user() -> User {
        let dice = SeededEntropy::new(1);
        User {
            id: UserId::new(at(0), &dice),
            username: "alice".into(),
            password: Some(Password { id: CredentialId::new(at(0), &dice), hash: "x".into() }),
            password_disabled: false,
            must_change_password: false,
            disabled: false,
            roles: Vec::new(),
            required_acr: None,
            claims: Map::from_iter([("email".to_owned(), json!("a@b.co"))]),
            version: 1,
            created_at: at(0),
            updated_at: at(0),
        }
    }

    fn link(user: &User, errand: Errand) -> Link {
        Link {
            digest: Digest::of("x"),
            user: Some(user.id),
            errand,
            password: user.password.as_ref().map(|password| password.id),
            address: Some("a@b.co".into()),
            change: None,
            created_at: at(0),
            expires_at: at(0) + errand.life(),
            used_at: None,
        }
    }

    #[test]
    fn a_link_is_good_for_its_time_once() {
        let user = user();
        for errand in Errand::ALL {
            let link = link(&user, *errand);
            let last = at(errand.life().num_seconds() - 1);
            assert!(link.is_good(&user, last) && !link.is_good(&user, at(errand.life().num_seconds())), "{errand:?}");
            assert!(!Link { used_at: Some(at(1)), ..link.clone() }.is_good(&user, at(2)), "{errand:?}");
            assert!(!Link { user: None, ..link.clone() }.is_good(&user, at(2)), "{errand:?}");
            assert!(!link.is_good(&User { disabled: true, ..user.clone() }, at(2)), "{errand:?}");
        }
        assert_eq!(Errand::Reset.life().num_minutes(), 15);
    }

    #[test]
    fn a_newer_password_ends_links_for_passwords_and_a_newer_address_those_to_the_old() {
        let user = user();
        let newer = Password { id: CredentialId::new(at(5), &SeededEntropy::new(2)), hash: "y".into() };
        let changed = User { password: Some(newer), ..user.clone() };
        let moved = User { claims: Map::from_iter([("email".to_owned(), json!("c@d.ef"))]), ..user.clone() };
        for errand in Errand::ALL {
            assert_eq!(link(&user, *errand).is_good(&changed, at(6)), !errand.sets_password(), "{errand:?}");
            let outlives = matches!(errand, Errand::Renew | Errand::Leave | Errand::Take);
            assert_eq!(link(&user, *errand).is_good(&moved, at(6)), outlives, "{errand:?}");
        }
    }

    #[test]
    fn so_many_in_a_window_and_no_more() {
        let (mut count, mut since) = (0, at(0));
        for _ in 0..PER_ADDRESS.most {
            (count, since) = PER_ADDRESS.with_one_more(count, since, at(10)).unwrap();
        }
        assert_eq!(PER_ADDRESS.with_one_more(count, since, at(10 + 899)), None);
        assert_eq!(PER_ADDRESS.with_one_more(count, since, at(10 + 900)), Some((1, at(910))));
    }
}
