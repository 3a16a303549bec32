//! A sign-in at another provider: what is demanded of it, what is made of what comes back (OpenID Connect Core 1.0 sections
//! 2, 3.1.2.1 and 5.1; OWASP ASVS 5.0 6.8.4). What a provider does not say counts as the least it could have said.

use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::policy::{CLOCK_SKEW, SUDO};
use super::user::{check_roles, check_username};
use crate::base::clock::Time;
use crate::protocol::acr;
use crate::protocol::claims::{STANDARD, Shape, VERIFIABLE};
use crate::protocol::provider::{Kind, Prompt, Settings};

/// What somebody here wants of the sign-in there.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    pub prompt: Vec<Prompt>,
    /// Seconds.
    pub max_age: Option<u32>,
    /// Levels here.
    pub levels: Vec<String>,
}

/// What the provider is asked, and held to when it answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    prompt: Vec<Prompt>,
    /// No earlier sign-in there counts.
    since: Option<Time>,
    /// Seconds.
    max_age: Option<u32>,
    /// Levels there that are asked for.
    asked: Vec<String>,
    /// Levels there of which one must be reached.
    needed: Vec<String>,
}

/// What the provider says of the sign-in there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub auth_time: Option<Time>,
    pub acr: Option<String>,
    pub amr: Vec<String>,
    pub session: Option<String>,
    /// When the session must end (OpenID Connect Enterprise Extensions, `session_expiry`).
    pub session_expiry: Option<Time>,
}

/// Why a sign-in there is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    #[error("auth_time is in the future")]
    Future,
    #[error("the person was to sign in anew, and auth_time is missing or older")]
    Stale,
    #[error("none of the levels that must be reached is")]
    Level,
}

/// The methods of RFC 8176 section 2; others mean nothing to whoever reads ours.
const METHODS: [&str; 20] = [
    "face", "fpt", "geo", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pop", "pwd", "rba", "retina", "sc", "sms",
    "swk", "tel", "user", "vbm",
];

impl Demand {
    pub fn of(settings: &Settings, wish: Wish, now: Time) -> Self {
        let mut prompt = wish.prompt;
        prompt.extend(settings.prompt.filter(|own| !prompt.contains(own)));
        let since = prompt.contains(&Prompt::Login).then_some(now);
        let worth = settings.levels.iter().filter(|(_, ours)| acr::is_reached(ours, &wish.levels));
        let theirs = worth.filter(|_| !wish.levels.is_empty()).map(|(theirs, _)| theirs.clone());
        let asked = settings.acr_values.iter().cloned().chain(theirs).collect();
        let max_age = settings.max_age.into_iter().chain(wish.max_age).min();
        Self { prompt, since, max_age, asked, needed: settings.acr_values.clone() }
    }

    /// Whether the person must sign in there anew, where an age cannot be asked for.
    pub fn is_for_now(&self) -> bool {
        self.since.is_some() || self.max_age.is_some()
    }

    /// Levels there that are asked for.
    pub fn asked(&self) -> &[String] {
        &self.asked
    }

    /// Whether anything is demanded that only an ID token can show.
    pub fn needs_proof(&self) -> bool {
        self.since.is_some() || self.max_age.is_some() || !self.needed.is_empty()
    }

    /// The parameters that say so (OpenID Connect Core 1.0 section 3.1.2.1).
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let prompt: Vec<_> = self.prompt.iter().map(|prompt| prompt.as_str()).collect();
        let texts = [
            ("prompt", prompt.join(" ")),
            ("max_age", self.max_age.map(|seconds| seconds.to_string()).unwrap_or_default()),
            ("acr_values", self.asked.join(" ")),
        ];
        texts.into_iter().filter(|(_, text)| !text.is_empty()).collect()
    }

    /// When the person proved who they are, if that and the level are as demanded.
    pub fn judge(&self, said: &Said, now: Time) -> Result<Time, Unmet> {
        let skew = CLOCK_SKEW.delta();
        if said.auth_time.is_some_and(|at| at > now + skew) {
            return Err(Unmet::Future);
        }
        let oldest = self.max_age.map(|seconds| now - TimeDelta::seconds(seconds.into()));
        let oldest = oldest.into_iter().chain(self.since).max().map(|oldest| oldest - skew);
        if oldest.is_some_and(|oldest| said.auth_time.is_none_or(|at| at < oldest)) {
            return Err(Unmet::Stale);
        }
        let reached = said.acr.as_ref().is_some_and(|acr| self.needed.contains(acr));
        if !self.needed.is_empty() && !reached {
            return Err(Unmet::Level);
        }
        // Nobody knows when it was: too long ago for whatever wants a fresh proof.
        let unknown = now - SUDO.delta() - TimeDelta::seconds(1);
        let at = said.auth_time.map_or(unknown, |at| at.min(now));
        // What is told in whole seconds, by another clock, is no older than it had to be.
        Ok(self.since.map_or(at, |since| at.max(since).min(now)))
    }
}

impl Said {
    /// Reads the claims of an ID token that was verified. What is not of its type is not there.
    pub fn read(id_token: &Map<String, Value>) -> Self {
        let text = |name: &str| id_token.get(name).and_then(Value::as_str).filter(|text| text.len() <= 500);
        let time =
            |name: &str| id_token.get(name).and_then(Value::as_i64).and_then(|at| DateTime::from_timestamp(at, 0));
        let methods = id_token.get("amr").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let mut amr: Vec<String> = methods.filter(|method| METHODS.contains(method)).map(str::to_owned).collect();
        amr.sort_unstable();
        amr.dedup();
        Self {
            auth_time: time("auth_time"),
            acr: text("acr").map(str::to_owned),
            amr,
            session: text("sid").map(str::to_owned),
            session_expiry: time("session_expiry"),
        }
    }

    /// What the level there is worth here.
    pub fn level(&self, settings: &Settings) -> String {
        let mapped = self.acr.as_ref().and_then(|acr| settings.levels.get(acr));
        mapped.cloned().unwrap_or_else(|| acr::LEVELS[0].to_owned())
    }
}

/// A person as a provider describes them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// What they might be called here, best first.
    pub usernames: Vec<String>,
    /// What people recognise them by.
    pub label: Option<String>,
    pub claims: Map<String, Value>,
    /// Roles, where they are mapped.
    pub roles: Option<Vec<String>>,
}

/// The longest subject that is taken, in bytes (OpenID Connect Core 1.0 section 2 allows 255).
const LONGEST_SUBJECT: usize = 255;

/// Who somebody is there, where no ID token says it.
pub fn subject(settings: &Settings, userinfo: &Map<String, Value>) -> Option<String> {
    let subject = match at(userinfo, settings.claims.get("sub")?)? {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return None,
    };
    (1..=LONGEST_SUBJECT).contains(&subject.len()).then_some(subject)
}

/// Both documents as one, the signed one first. Whether an address was verified is believed only of the document that
/// holds the address.
pub fn together(id_token: &Map<String, Value>, userinfo: &Map<String, Value>) -> Map<String, Value> {
    let mut all = userinfo.clone();
    for (value, flag) in VERIFIABLE {
        if id_token.contains_key(value) {
            all.remove(flag);
        }
    }
    for (name, value) in id_token {
        let flag_of = name.strip_suffix("_verified");
        if flag_of.is_none_or(|value| id_token.contains_key(value)) {
            all.insert(name.clone(), value.clone());
        }
    }
    all
}

/// What is taken over of what a provider says; what does not fit is left.
pub fn profile(settings: &Settings, all: &Map<String, Value>) -> Profile {
    let found = |ours: &str| match (settings.claims.get(ours), settings.kind) {
        (Some(theirs), _) => at(all, theirs),
        (None, Kind::Oidc | Kind::Saml) => all.get(ours),
        (None, Kind::OAuth2) => None,
    };
    let mut claims = Map::new();
    for (name, _, shape) in STANDARD.iter().filter(|(_, _, shape)| *shape != Shape::Time) {
        let fits = |value: &&Value| shape.takes(value) && (*shape != Shape::Flag || settings.trust_email);
        if let Some(value) = found(name).filter(fits) {
            claims.insert((*name).to_owned(), value.clone());
        }
    }
    for (value, flag) in VERIFIABLE {
        if !claims.contains_key(value) {
            claims.remove(flag);
        }
    }
    let text = |name: &str| found(name).and_then(Value::as_str).map(|text| text.trim().to_owned());
    let names = [text("username"), text("preferred_username"), text("email")];
    let usernames: Vec<String> = names.into_iter().flatten().filter(|name| check_username(name).is_ok()).collect();
    let label = [text("email"), text("preferred_username"), text("username"), text("name")].into_iter().flatten();
    let mut labels = label.map(|label| label.chars().filter(|c| !c.is_control()).take(100).collect::<String>());
    let label = labels.find(|label| !label.is_empty());
    let roles = settings.claims.contains_key("roles").then(|| roles(settings, found("roles")));
    Profile { usernames, label, claims, roles }
}

/// The member behind a name, or a path of names with points between.
fn at<'a>(all: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = all.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    at(all.get(first)?.as_object()?, rest)
}

fn roles(settings: &Settings, value: Option<&Value>) -> Vec<String> {
    let words: Vec<&str> = match value {
        Some(Value::String(word)) => vec![word.as_str()],
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let given = |word: &str| {
        if settings.role_map.is_empty() {
            return vec![word.to_owned()];
        }
        settings.role_map.get(word).cloned().unwrap_or_default()
    };
    let mut roles: Vec<String> = words.into_iter().flat_map(given).collect();
    roles.retain(|role| check_roles(std::slice::from_ref(role)).is_ok());
    roles.sort_unstable();
    roles.dedup();
    roles.truncate(100);
    roles
}

/// Somebody's roles after a sign-in: where there is a map, the provider decides about the roles in it and no others.
pub fn roles_after(settings: &Settings, before: &[String], given: &[String]) -> Vec<String> {
    let managed =
        |role: &&String| settings.role_map.is_empty() || settings.role_map.values().any(|roles| roles.contains(role));
    let mut after: Vec<String> = before.iter().filter(|role| !managed(role) || given.contains(role)).cloned().collect();
    for role in given {
        if !after.contains(role) {
            after.push(role.clone());
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::session::tests::at as second;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(members) = value else { panic!() };
        members
    }

    fn settings(value: Value) -> Settings {
        serde_json::from_value(value).unwrap()
    }

    fn said(auth_time: Option<i64>, acr: Option<&str>) -> Said {
        Said { auth_time: auth_time.map(second), acr: acr.map(str::to_owned), ..Said::default() }
    }

    #[test]
    fn what_is_demanded_is_asked_for_and_held_to() {
        let level = acr::LEVELS[0];
        let provider = settings(json!({"max_age": 600, "acr_values": ["gold"], "levels": {"silver": level}}));
        let wish = Wish { prompt: vec![Prompt::Login], max_age: Some(900), levels: vec![level.into()] };
        let demand = Demand::of(&provider, wish, second(0));
        let asked = [("prompt", "login"), ("max_age", "600"), ("acr_values", "gold silver")];
        assert_eq!(demand.parameters(), asked.map(|(name, text)| (name, text.to_owned())));
        for (told, verdict) in [
            (said(Some(1), Some("gold")), Ok(second(1))),
            (said(Some(-10), Some("gold")), Ok(second(0))),
            (said(Some(-11), Some("gold")), Err(Unmet::Stale)),
            (said(None, Some("gold")), Err(Unmet::Stale)),
            (said(Some(31), Some("gold")), Err(Unmet::Future)),
            (said(Some(1), Some("silver")), Err(Unmet::Level)),
            (said(Some(1), None), Err(Unmet::Level)),
        ] {
            assert_eq!(demand.judge(&told, second(20)), verdict, "{told:?}");
        }
    }

    #[test]
    fn an_age_that_nobody_told_is_too_old_for_whatever_wants_a_fresh_proof() {
        let demand = Demand::of(&settings(json!({})), Wish::default(), second(0));
        assert!(!demand.needs_proof() && demand.parameters().is_empty());
        assert_eq!(demand.judge(&said(None, None), second(1_000)), Ok(second(699)));
        assert_eq!(demand.judge(&said(Some(5), None), second(1_000)), Ok(second(5)));
        assert_eq!(demand.judge(&said(Some(1_005), None), second(1_000)), Ok(second(1_000)), "never ahead of us");
    }

    #[test]
    fn a_level_is_worth_what_the_map_says_or_the_least() {
        let provider = settings(json!({"levels": {"gold": acr::LEVELS[acr::LEVELS.len() - 1]}}));
        assert_eq!(said(None, Some("gold")).level(&provider), acr::LEVELS[acr::LEVELS.len() - 1]);
        for acr in [None, Some("silver"), Some(acr::LEVELS[acr::LEVELS.len() - 1])] {
            assert_eq!(said(None, acr).level(&provider), acr::LEVELS[0], "{acr:?}");
        }
    }

    #[test]
    fn methods_that_nobody_registered_say_nothing() {
        let told = Said::read(&object(json!({"amr": ["pwd", "magic", 5, "otp", "pwd"], "auth_time": "x", "sid": 5})));
        assert_eq!((told.amr, told.auth_time, told.session), (vec!["otp".to_owned(), "pwd".into()], None, None));
    }

    #[test]
    fn a_flag_is_believed_only_of_the_document_that_holds_the_address() {
        let merged = |id: Value, info: Value| Value::Object(together(&object(id), &object(info)));
        let info = json!({"email": "a@x", "email_verified": true});
        assert_eq!(merged(json!({}), info.clone()), info);
        assert_eq!(merged(json!({"email": "b@x"}), info.clone()), json!({"email": "b@x"}));
        assert_eq!(merged(json!({"email_verified": true}), json!({"email": "a@x"})), json!({"email": "a@x"}));
        assert_eq!(merged(info.clone(), json!({"email": "b@x"})), info);
    }

    #[test]
    fn claims_are_mapped_and_flags_need_trust() {
        let all = object(json!({
            "login": "octo", "id": 5, "mail": {"primary": "o@x"}, "email_verified": true, "name": 7, "groups": ["staff", "x"],
        }));
        let mapped = json!({
            "kind": "oauth2", "role_map": {"staff": ["employee", "bad role"]},
            "claims": {"sub": "id", "preferred_username": "login", "email": "mail.primary", "email_verified": "email_verified",
                       "name": "name", "roles": "groups"},
        });
        let mut provider = settings(mapped);
        assert_eq!(subject(&provider, &all).as_deref(), Some("5"));
        let found = profile(&provider, &all);
        assert_eq!(Value::Object(found.claims), json!({"preferred_username": "octo", "email": "o@x"}));
        assert_eq!((found.usernames, found.label.as_deref()), (vec!["octo".to_owned(), "o@x".into()], Some("o@x")));
        assert_eq!(found.roles, Some(vec!["employee".to_owned()]));
        provider.trust_email = true;
        assert_eq!(profile(&provider, &all).claims["email_verified"], true);
        provider.claims.clear();
        assert_eq!(profile(&provider, &all), Profile::default());
        for wrong in [json!(null), json!(""), json!(1.5), json!({}), json!("x".repeat(256))] {
            let provider = settings(json!({"kind": "oauth2", "claims": {"sub": "id"}}));
            assert_eq!(subject(&provider, &object(json!({"id": wrong}))), None);
        }
    }

    #[test]
    fn a_provider_decides_about_its_own_roles_alone() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let mapped = settings(json!({"role_map": {"a": ["one"], "b": ["two"]}}));
        assert_eq!(roles_after(&mapped, &words(&["admin", "one"]), &words(&["two"])), words(&["admin", "two"]));
        assert_eq!(roles_after(&settings(json!({})), &words(&["admin"]), &words(&["two"])), words(&["two"]));
    }
}
