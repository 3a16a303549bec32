//! How long sessions live, and who says so: policies for everybody, for a role, for a client, and for browsers that are
//! remembered. Of those that apply the strictest wins, for each of the two ends by itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::limit::{Action, SessionLimit};
use super::policy::{Limits, Policy};
use crate::base::duration::Duration;

/// What a session's end is owed to: `default`, `aal2`, `remember_me`, `role:admin`, `client:shop`, `offline`, `machine`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct PolicyName(Cow<'static, str>);

impl PolicyName {
    /// The operator's limits for everybody.
    pub const DEFAULT: Self = Self(Cow::Borrowed("default"));
    /// The limits of browsers that their people want to stay signed in.
    pub const REMEMBER_ME: Self = Self(Cow::Borrowed("remember_me"));
    /// The life of what people leave to clients.
    pub const OFFLINE: Self = Self(Cow::Borrowed("offline"));
    /// The life of a machine's row.
    pub const MACHINE: Self = Self(Cow::Borrowed("machine"));

    pub fn role(role: &str) -> Self {
        Self(Cow::Owned(format!("role:{role}")))
    }

    pub fn client(client_id: &str) -> Self {
        Self(Cow::Owned(format!("client:{client_id}")))
    }

    /// A name that was kept.
    pub fn kept(text: String) -> Self {
        Self(Cow::Owned(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is kept.
    pub fn text(&self) -> String {
        self.0.clone().into_owned()
    }
}

super::names! {
    /// The session time-outs of NIST SP 800-63B-4 by the name of their level (sections 2.1.3, 2.2.3 and 2.3.3).
    Preset { Aal1 = "aal1", Aal2 = "aal2", Aal3 = "aal3" }
}

impl Preset {
    /// The longest limits that the level allows. The first knows no idle end: its two limits are one.
    pub const fn limits(self) -> Limits {
        match self {
            Self::Aal1 => Limits { idle: Duration::days(30), absolute: Duration::days(30) },
            Self::Aal2 => Limits { idle: Duration::hours(1), absolute: Duration::hours(24) },
            Self::Aal3 => Limits { idle: Duration::minutes(15), absolute: Duration::hours(12) },
        }
    }
}

/// A policy that can only shorten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    pub by: PolicyName,
    pub idle: Option<Duration>,
    pub absolute: Option<Duration>,
}

/// What holds for people with a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleRule {
    pub idle: Option<Duration>,
    pub absolute: Option<Duration>,
    /// Live sessions at once; at least 1.
    pub most: Option<usize>,
    /// The level of authentication that their sign-ins must reach.
    pub acr: Option<&'static str>,
}

/// The policies beside the one for everybody.
#[derive(Clone, Debug, Default)]
pub struct Lifetimes {
    pub preset: Option<Preset>,
    /// Where the operator lets people stay signed in.
    pub remember: Option<Limits>,
    pub roles: BTreeMap<String, RoleRule>,
    /// What happens above the limit of a role where there is none for everybody.
    pub limit_action: Action,
}

/// Whether a browser is to be remembered after it was closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Stay {
    #[default]
    Visit,
    Remembered,
}

/// How long a new session may be idle and how long it may last, each with the policy that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub idle: (Duration, PolicyName),
    pub absolute: (Duration, PolicyName),
    pub stay: Stay,
}

impl From<Limits> for Terms {
    fn from(Limits { idle, absolute }: Limits) -> Self {
        Self { idle: (idle, PolicyName::DEFAULT), absolute: (absolute, PolicyName::DEFAULT), stay: Stay::Visit }
    }
}

impl Terms {
    /// The terms of a sign-in by somebody with these roles. Remembering replaces the limits for everybody, which makes it
    /// the one policy that may lengthen; those of roles cut it like any other.
    pub fn of(policy: &Policy, roles: &[String], stay: Stay) -> Self {
        let terms = match (stay, policy.lifetimes.remember) {
            (Stay::Remembered, Some(Limits { idle, absolute })) => {
                Self { idle: (idle, PolicyName::REMEMBER_ME), absolute: (absolute, PolicyName::REMEMBER_ME), stay }
            }
            _ => Self::usual(policy),
        };
        policy.lifetimes.narrowings(roles).fold(terms, |terms, narrowing| terms.narrowed(&narrowing))
    }

    fn usual(policy: &Policy) -> Self {
        let mut terms = Self::from(policy.session);
        if let Some(preset) = policy.lifetimes.preset {
            let (limits, name) = (preset.limits(), PolicyName(Cow::Borrowed(preset.as_str())));
            if terms.idle.0 == limits.idle {
                terms.idle.1 = name.clone();
            }
            if terms.absolute.0 == limits.absolute {
                terms.absolute.1 = name;
            }
        }
        terms
    }

    fn narrowed(self, Narrowing { by, idle, absolute }: &Narrowing) -> Self {
        let cut = |own: (Duration, PolicyName), theirs: Option<Duration>| match theirs {
            Some(theirs) if theirs < own.0 => (theirs, by.clone()),
            _ => own,
        };
        Self { idle: cut(self.idle, *idle), absolute: cut(self.absolute, *absolute), ..self }
    }
}

impl Lifetimes {
    /// The rules of those of these roles that have one.
    fn rules<'a>(&'a self, roles: &'a [String]) -> impl Iterator<Item = (&'a String, &'a RoleRule)> {
        self.roles.iter().filter(|(role, _)| roles.contains(role))
    }

    /// What these roles shorten.
    pub fn narrowings<'a>(&'a self, roles: &'a [String]) -> impl Iterator<Item = Narrowing> + 'a {
        self.rules(roles).map(|(role, rule)| Narrowing {
            by: PolicyName::role(role),
            idle: rule.idle,
            absolute: rule.absolute,
        })
    }

    /// The levels of authentication that these roles need.
    pub fn levels<'a>(&'a self, roles: &'a [String]) -> impl Iterator<Item = &'static str> + 'a {
        self.rules(roles).filter_map(|(_, rule)| rule.acr)
    }

    /// How many sessions somebody with these roles may hold: the least of what is said for everybody and for the roles.
    pub fn limit(&self, everybody: Option<SessionLimit>, roles: &[String]) -> Option<SessionLimit> {
        let own = self.rules(roles).filter_map(|(_, rule)| rule.most).min();
        let most = everybody.map(|limit| limit.most).into_iter().chain(own).min()?;
        Some(SessionLimit { most, action: everybody.map_or(self.limit_action, |limit| limit.action) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(lifetimes: Lifetimes) -> Policy {
        let limits = Limits { idle: Duration::hours(1), absolute: Duration::hours(24) };
        Policy { lifetimes, session: limits, ..Policy::usual("https://id.example") }
    }

    fn rule(idle: u32, absolute: u32, most: usize) -> RoleRule {
        RoleRule {
            idle: Some(Duration::minutes(idle)),
            absolute: Some(Duration::hours(absolute)),
            most: Some(most),
            ..RoleRule::default()
        }
    }

    fn lifetimes() -> Lifetimes {
        let roles = [("admin", rule(10, 48, 3)), ("auditor", rule(30, 8, 2)), ("guest", RoleRule::default())];
        Lifetimes {
            remember: Some(Limits { idle: Duration::days(14), absolute: Duration::days(30) }),
            roles: roles.map(|(role, rule)| (role.to_owned(), rule)).into(),
            ..Lifetimes::default()
        }
    }

    fn terms(policy: &Policy, roles: &[&str], stay: Stay) -> String {
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        let Terms { idle, absolute, .. } = Terms::of(policy, &roles, stay);
        format!("{} by {}, {} by {}", idle.0, idle.1.as_str(), absolute.0, absolute.1.as_str())
    }

    #[test]
    fn the_strictest_policy_wins_for_each_end() {
        let policy = policy(lifetimes());
        for (roles, stay, expected) in [
            (&[][..], Stay::Visit, "1h by default, 1d by default"),
            (&["guest", "nobody"], Stay::Visit, "1h by default, 1d by default"),
            (&["admin"], Stay::Visit, "10m by role:admin, 1d by default"),
            (&["auditor", "admin"], Stay::Visit, "10m by role:admin, 8h by role:auditor"),
            (&[], Stay::Remembered, "14d by remember_me, 30d by remember_me"),
            (&["admin"], Stay::Remembered, "10m by role:admin, 2d by role:admin"),
        ] {
            assert_eq!(terms(&policy, roles, stay), expected, "{roles:?} {stay:?}");
        }
    }

    #[test]
    fn nobody_is_remembered_where_nobody_may_be() {
        let mut policy = policy(lifetimes());
        policy.lifetimes.remember = None;
        assert_eq!(terms(&policy, &[], Stay::Remembered), "1h by default, 1d by default");
        assert_eq!(Terms::of(&policy, &[], Stay::Remembered).stay, Stay::Visit);
    }

    #[test]
    fn a_preset_gives_its_name_to_what_it_set() {
        let mut policy = policy(Lifetimes { preset: Some(Preset::Aal2), ..Lifetimes::default() });
        assert_eq!(terms(&policy, &[], Stay::Visit), "1h by aal2, 1d by aal2");
        policy.session.idle = Duration::minutes(20);
        assert_eq!(terms(&policy, &[], Stay::Visit), "20m by default, 1d by aal2");
    }

    #[test]
    fn the_least_limit_of_sessions_holds() {
        let lifetimes = lifetimes();
        let everybody = |most| Some(SessionLimit { most, action: Action::Deny });
        let limit = |everybody, roles: &[&str]| {
            let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
            lifetimes.limit(everybody, &roles).map(|limit| (limit.most, limit.action))
        };
        assert_eq!(limit(None, &["guest"]), None);
        assert_eq!(limit(everybody(5), &["guest"]), Some((5, Action::Deny)));
        assert_eq!(limit(everybody(5), &["admin", "auditor"]), Some((2, Action::Deny)));
        assert_eq!(limit(everybody(1), &["admin"]), Some((1, Action::Deny)));
        assert_eq!(limit(None, &["admin"]), Some((3, Action::EndOldest)));
    }
}
