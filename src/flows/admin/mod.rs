//! What an admin does, by REST or by the command line: one flow for both, one file per noun.
//!
//! A change is read, judged and written under the version it was read in; whoever comes in between makes it start over.
//! What is wrong in itself is said before what is out of date (RFC 9110 section 13.2.1).

pub mod authenticator;
pub mod client;
pub mod delivery;
pub mod failure;
pub mod filter;
pub mod key;
pub mod mail;
pub mod provider;
pub mod registration;
pub mod revocation;
pub mod session;
pub mod statistics;
pub mod user;
pub mod webhook;

use serde_json::{Map, Value};

use super::inspect::{self, Access};
use super::{Activity, Authority, Failure, Outcome};
use crate::base::secret::{base64url, from_base64url};
use crate::jose::json;
use crate::protocol::admin::listing::Listing;
use crate::protocol::admin::members::refuse_nul;
use crate::protocol::admin::{FieldError, Page, Problem};
use crate::protocol::error::{Code, Refusal};
use crate::protocol::scope::{ADMIN, ADMIN_READ};
use crate::store;
use crate::store::db::Fault;

/// The role of people whose tokens open the admin API.
pub const ADMIN_ROLE: &str = "admin";

/// How often a change that lost a race is tried again.
const TRIES: usize = 5;

/// Why the admin side gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum AdminRefusal {
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The body is no JSON object.
    #[error("{0}")]
    Malformed(String),
    #[error("{}", sentence(.0))]
    Invalid(Vec<FieldError>),
    /// It contradicts something that exists.
    #[error("{} {}", .0.field, .0.detail)]
    Conflict(FieldError),
    /// The entity tag that was named is not the current one.
    #[error("the resource has changed since it was read")]
    Stale,
    /// Others changed the same thing again and again.
    #[error("the resource is being changed by others; try again")]
    Contended,
    #[error(transparent)]
    Failure(#[from] Failure),
}

pub type AdminOutcome<T> = Result<T, AdminRefusal>;

impl From<Fault> for AdminRefusal {
    fn from(fault: Fault) -> Self {
        Self::Failure(fault.into())
    }
}

impl From<Refusal> for AdminRefusal {
    fn from(refusal: Refusal) -> Self {
        Self::Failure(refusal.into())
    }
}

impl From<FieldError> for AdminRefusal {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}

impl From<Vec<FieldError>> for AdminRefusal {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Invalid(errors)
    }
}

impl AdminRefusal {
    /// The problem document; `None` for what is nobody's business outside.
    pub fn problem(&self) -> Option<Problem> {
        let (status, errors) = match self {
            Self::NotFound(_) => (404, &[][..]),
            Self::Malformed(_) => (400, &[][..]),
            Self::Invalid(errors) => (400, &errors[..]),
            Self::Conflict(error) => (409, std::slice::from_ref(error)),
            Self::Stale => (412, &[][..]),
            Self::Contended => (409, &[][..]),
            Self::Failure(_) => return None,
        };
        Some(Problem::new(status, self.to_string()).naming(errors))
    }
}

fn sentence(errors: &[FieldError]) -> String {
    let sentences: Vec<_> = errors.iter().map(|error| format!("{} {}", error.field, error.detail)).collect();
    sentences.join("; ")
}

/// What a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Look,
    Change,
}

/// Admits the bearer of a token for the admin API. A person's counts only while they have the role, and after a sign-in as
/// the operator demands it.
pub async fn admit(authority: &Authority, token: &str, need: Need, activity: Activity) -> Outcome<Access> {
    let access = inspect::bearer(authority, token, &authority.policy.admin_audience()).await?;
    match need {
        Need::Look => inspect::require_scope(&access, &[ADMIN, ADMIN_READ])?,
        Need::Change => inspect::require_scope(&access, &[ADMIN])?,
    }
    if let Some(user) = access.session.subject.person() {
        let user = store::user::by_id(&authority.db, user).await?;
        if user.is_none_or(|user| user.disabled || !user.roles.iter().any(|role| role == ADMIN_ROLE)) {
            let refusal = Refusal::new(Code::InsufficientScope, "the access token lacks the scope");
            return Err(refusal.because("the person is not an admin").into());
        }
        let now = authority.now();
        inspect::require(&access, &authority.policy.admin_demand, now)?;
        inspect::note(authority, &access.session, activity, now).await?;
    }
    Ok(access)
}

/// Reads a body: one JSON object in which no member stands twice.
pub fn body(text: &[u8]) -> AdminOutcome<Map<String, Value>> {
    let value =
        json::strict(text).map_err(|error| AdminRefusal::Malformed(format!("the body is not JSON: {error}")))?;
    refuse_nul(&value, "")?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(AdminRefusal::Malformed("the body must be a JSON object".into())),
    }
}

/// Where a list goes on.
fn position(authority: &Authority, list: &str, listing: &Listing) -> AdminOutcome<Option<String>> {
    let Some(cursor) = &listing.cursor else { return Ok(None) };
    let sealed = from_base64url(cursor);
    let plain = sealed.and_then(|sealed| authority.secrets.cursor.open(list, &sealed));
    let found = plain.and_then(|plain| String::from_utf8(plain).ok());
    found.map(Some).ok_or_else(|| FieldError::new("cursor", "is not the next of a page of this list").into())
}

/// Cuts one row more than the page holds down to the page; `key` is what the next one begins after.
fn page<T>(
    authority: &Authority,
    list: &str,
    mut rows: Vec<T>,
    (limit, key): (usize, impl Fn(&T) -> String),
) -> Page<T> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let end = rows.last().filter(|_| more);
    let next = end.map(|row| base64url(&authority.secrets.cursor.seal(list, key(row).as_bytes(), authority.dice())));
    Page { items: rows, next }
}

/// One row more than the page holds, to know whether another page follows.
fn one_more(listing: &Listing) -> i64 {
    i64::try_from(listing.limit).unwrap_or(i64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_one_object_without_doubles() {
        assert_eq!(body(br#"{"a": [1]}"#).unwrap().len(), 1);
        for text in
            [&b""[..], b"{", b"[]", b"\"x\"", b"null", b"{\"a\":1,\"a\":2}", b"{} {}", b"\xff", b"{\"a\":\"\\ud800\"}"]
        {
            assert!(matches!(body(text), Err(AdminRefusal::Malformed(_))), "{text:?}");
        }
        let refused = body(br#"{"a": {"b": "\u0000"}}"#).unwrap_err().problem().unwrap();
        assert_eq!((refused.status, refused.errors[0].field.as_str()), (400, "a.b"));
    }

    #[test]
    fn each_refusal_has_its_status_and_faults_have_none() {
        let field = || FieldError::new("x", "is wrong");
        for (refusal, status, named) in [
            (AdminRefusal::NotFound("user"), 404, 0),
            (AdminRefusal::Invalid(vec![field(), field()]), 400, 2),
            (AdminRefusal::Conflict(field()), 409, 1),
            (AdminRefusal::Stale, 412, 0),
            (AdminRefusal::Contended, 409, 0),
        ] {
            let problem = refusal.problem().unwrap();
            assert_eq!((problem.status, problem.errors.len()), (status, named), "{refusal:?}");
        }
        assert_eq!(AdminRefusal::from(Failure::Busy { retry_after: 1 }).problem(), None);
    }
}
