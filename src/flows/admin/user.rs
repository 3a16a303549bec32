//! People: made, looked at, changed, disabled and removed. Whatever takes a person's trust away ends their sessions in the same write.

use chrono::Utc;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{AdminOutcome, AdminRefusal, TRIES, one_more, page, position};
use crate::base::clock::Time;
use crate::base::id::{CredentialId, UserId};
use crate::base::secret::Typed;
use crate::domain::login::Counted;
use crate::domain::mail::Notice;
use crate::domain::password::Context;
use crate::domain::revocation::{End, EndReason, Initiator, Target};
use crate::domain::user::{
    InvalidUser, Password, User, check_claims, check_level, check_roles, check_username, username_key,
};
use crate::flows::ending::{self, Begun};
use crate::flows::mail::Clerk;
use crate::flows::{Authority, Outcome, directory, email, narrowing, reset};
use crate::protocol::admin::listing::Listing;
use crate::protocol::admin::precondition::Precondition;
use crate::protocol::admin::user::{Claims, NewPassword, NewUser, Person};
use crate::protocol::admin::{FieldError, Page};
use crate::store;
use crate::store::db::{Fault, Tx};
use crate::store::user::{PasswordSet, Update};

/// A person as an admin sees them; never their password.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub struct UserView {
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub id: UserId,
    pub username: String,
    pub disabled: bool,
    pub must_change_password: bool,
    pub roles: Vec<String>,
    /// The level of authentication that every sign-in of theirs must reach.
    pub required_acr: Option<String>,
    #[serde(flatten)]
    pub claims: Claims,
    pub created_at: chrono::DateTime<Utc>,
    pub updated_at: chrono::DateTime<Utc>,
    /// For the entity tag.
    #[serde(skip)]
    pub version: i64,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        let User { id, username, disabled, must_change_password, roles, required_acr, claims, version, .. } = user;
        let (claims, created_at, updated_at) = (Claims(claims), user.created_at, user.updated_at);
        Self {
            id,
            username,
            disabled,
            must_change_password,
            roles,
            required_acr,
            claims,
            created_at,
            updated_at,
            version,
        }
    }
}

const LIST: &str = "users";
const NOT_FOUND: AdminRefusal = AdminRefusal::NotFound("user");

fn taken() -> AdminRefusal {
    AdminRefusal::Conflict(FieldError::new("username", "belongs to another user"))
}

fn kept_elsewhere() -> AdminRefusal {
    AdminRefusal::Conflict(FieldError::new("password", "is kept in the directory that this person comes from"))
}

/// Reads the id of a person out of a path.
pub fn id(text: &str) -> AdminOutcome<UserId> {
    text.parse().map_err(|_| NOT_FOUND)
}

pub async fn create(authority: &Authority, members: Map<String, Value>) -> AdminOutcome<UserView> {
    let NewUser { password, person } = NewUser::read(members)?;
    let mut errors = faults(&person);
    if let Some(password) = &password {
        let context = Context::of(&person.username, &person.claims.0, &authority.policy.issuer);
        errors.extend(weakness(authority, password, context).await?);
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    if store::user::by_username(&authority.db, &person.username).await?.is_some() {
        return Err(taken());
    }
    let password = match password {
        Some(password) => Some(hash(authority, password).await?),
        None => None,
    };
    let now = authority.now();
    let user = User {
        id: UserId::new(now, authority.dice()),
        username: person.username,
        password,
        password_disabled: false,
        must_change_password: person.must_change_password,
        disabled: person.disabled,
        roles: person.roles,
        required_acr: person.required_acr,
        claims: person.claims.0,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    // Failures on a name that had nobody behind it are not this person's.
    let (written, failures) = (user.clone(), Counted::account(&username_key(&user.username)));
    let inserted = authority.db.write(async move |tx| {
        store::throttle::forget(tx, failures).await?;
        store::user::insert(tx, &written).await
    });
    if !inserted.await? {
        return Err(taken());
    }
    Ok(user.into())
}

/// Oldest first.
pub async fn list(authority: &Authority, listing: &Listing, username: Option<&str>) -> AdminOutcome<Page<UserView>> {
    if let Some(username) = username {
        check_username(username).map_err(named)?;
    }
    let after = position(authority, LIST, listing)?;
    let after = after.map(|last| last.parse().map_err(|_| FieldError::new("cursor", "is broken"))).transpose()?;
    let rows = store::user::page(&authority.db, username, after, one_more(listing)).await?;
    let rows = rows.into_iter().map(UserView::from).collect();
    Ok(page(authority, LIST, rows, (listing.limit, |user: &UserView| user.id.to_string())))
}

pub async fn show(authority: &Authority, id: UserId) -> AdminOutcome<UserView> {
    Ok(find(authority, id).await?.into())
}

/// A person by id or by name, for those who type.
pub async fn named_or_numbered(authority: &Authority, text: &str) -> AdminOutcome<UserView> {
    if let Ok(id) = text.parse() {
        return show(authority, id).await;
    }
    Ok(store::user::by_username(&authority.db, text).await?.ok_or(NOT_FOUND)?.into())
}

/// Puts a merge patch over a person. Who becomes disabled loses every session.
pub async fn change(
    authority: &Authority,
    id: UserId,
    patch: Map<String, Value>,
    precondition: &Precondition,
) -> AdminOutcome<UserView> {
    for _ in 0..TRIES {
        let found = find(authority, id).await?;
        let now = authority.now();
        let user = changed(&found, patch.clone(), now)?;
        if !precondition.admits(found.version) {
            return Err(AdminRefusal::Stale);
        }
        let Some(user) = user else { return Ok(found.into()) };
        match write(authority, &found, &user, now).await? {
            Update::Done => return Ok(user.into()),
            Update::Taken => return Err(taken()),
            Update::Stale => {}
        }
    }
    Err(AdminRefusal::Contended)
}

/// Sets a password. What came from the old one ends, and earlier failures are forgiven.
pub async fn set_password(
    authority: &Authority,
    id: UserId,
    members: Map<String, Value>,
    precondition: &Precondition,
) -> AdminOutcome<()> {
    let NewPassword { password } = NewPassword::read(members)?;
    let found = find(authority, id).await?;
    let context = Context::of(&found.username, &found.claims, &authority.policy.issuer);
    if let Some(weak) = weakness(authority, &password, context).await? {
        return Err(weak.into());
    }
    if directory::keeps(authority, &found).await? {
        return Err(kept_elsewhere());
    }
    if !precondition.admits(found.version) {
        return Err(AdminRefusal::Stale);
    }
    let password = hash(authority, password).await?;
    let now = authority.now();
    let version = (*precondition != Precondition::None).then_some(found.version);
    let failures = Counted::account(&username_key(&found.username));
    let (end, scribe) = (ended(EndReason::PasswordChanged, now), authority.scribe(now));
    let clerk = authority.clerk(now, None);
    let written = authority.db.write(async move |tx| {
        let PasswordSet::Done(replaced) = store::user::set_password(tx, id, &password, version, now).await? else {
            return Ok(None);
        };
        store::throttle::forget(tx, failures).await?;
        clerk.tell(tx, id, Notice::PasswordSet).await?;
        match replaced {
            Some(old) => ending::begin(tx, Target::Credential(id, old), end, &scribe).await.map(Some),
            None => Ok(Some(Begun::default())),
        }
    });
    match (written.await?, version) {
        (Some(begun), _) => drop(ending::finish(authority, begun).await?),
        (None, Some(_)) => return Err(AdminRefusal::Stale),
        (None, None) => return Err(NOT_FOUND),
    }
    Ok(())
}

/// Mails a person who has no password a link to choose one.
pub async fn invite(authority: &Authority, id: UserId) -> AdminOutcome<()> {
    let user = find(authority, id).await?;
    let conflict = |field: &str, what: &str| Err(AdminRefusal::Conflict(FieldError::new(field, what)));
    if user.password.is_some() {
        return conflict("password", "is set; whoever forgot it asks for a link by themselves");
    }
    if directory::keeps(authority, &user).await? {
        return Err(kept_elsewhere());
    }
    if user.disabled {
        return conflict("disabled", "is true");
    }
    if !authority.sends_mail() {
        return conflict("mail.url", "is not set, so no mail leaves this server");
    }
    if !reset::invite(authority, user).await? {
        return conflict("email", "is missing or is no mail address");
    }
    Ok(())
}

/// Removes a person with their consents, and ends their sessions; what is gone already stays gone.
pub async fn delete(authority: &Authority, id: UserId, precondition: &Precondition) -> AdminOutcome<()> {
    let Some(found) = store::user::by_id(&authority.db, id).await? else { return Ok(()) };
    if !precondition.admits(found.version) {
        return Err(AdminRefusal::Stale);
    }
    let now = authority.now();
    let version = matches!(precondition, Precondition::OneOf(_)).then_some(found.version);
    let (end, scribe) = (ended(EndReason::UserDeleted, now), authority.scribe(now));
    let written = authority.db.write(async move |tx| {
        if !store::user::delete(tx, id, version).await? {
            return Ok(None);
        }
        ending::begin(tx, Target::User(id, None), end, &scribe).await.map(Some)
    });
    match written.await? {
        Some(begun) => drop(ending::finish(authority, begun).await?),
        None if version.is_some() && store::user::by_id(&authority.db, id).await?.is_some() => {
            return Err(AdminRefusal::Stale);
        }
        None => {}
    }
    Ok(())
}

pub(super) async fn find(authority: &Authority, id: UserId) -> AdminOutcome<User> {
    store::user::by_id(&authority.db, id).await?.ok_or(NOT_FOUND)
}

/// The person after a merge patch; `None` when it changes nothing.
fn changed(found: &User, patch: Map<String, Value>, now: Time) -> AdminOutcome<Option<User>> {
    let User { username, disabled, must_change_password, roles, required_acr, claims, .. } = found.clone();
    let before = Person { username, disabled, must_change_password, roles, required_acr, claims: Claims(claims) };
    let person = before.clone().patched(patch)?;
    let errors = faults(&person);
    if !errors.is_empty() {
        return Err(errors.into());
    }
    if person == before {
        return Ok(None);
    }
    let Person { username, disabled, must_change_password, roles, required_acr, claims } = person;
    let version = found.version + 1;
    Ok(Some(User {
        username,
        disabled,
        must_change_password,
        roles,
        required_acr,
        claims: claims.0,
        version,
        updated_at: now,
        ..found.clone()
    }))
}

async fn write(authority: &Authority, before: &User, user: &User, now: Time) -> AdminOutcome<Update> {
    let (before, user) = (before.clone(), user.clone());
    let (scribe, clerk) = (authority.scribe(now), authority.clerk(now, None));
    let narrowings: Vec<_> = authority.policy.lifetimes.narrowings(&user.roles).collect();
    let written = authority.db.write(async move |tx| {
        let update = store::user::update(tx, &user).await?;
        if update != Update::Done {
            return Ok((update, Begun::default()));
        }
        tell(tx, &clerk, &before, &user).await?;
        if let Some((target, reason)) = consequence(&before, &user) {
            return Ok((update, ending::begin(tx, target, ended(reason, now), &scribe).await?));
        }
        narrowing::narrow(tx, user.id, &narrowings, now, &scribe).await?;
        Ok((update, Begun::default()))
    });
    let (update, begun) = written.await?;
    ending::finish(authority, begun).await?;
    Ok(update)
}

/// What ends with a change.
fn consequence(before: &User, user: &User) -> Option<(Target, EndReason)> {
    if user.disabled && !before.disabled {
        return Some((Target::User(user.id, None), EndReason::UserDisabled));
    }
    let password = user.password.as_ref().filter(|_| user.must_change_password && !before.must_change_password)?;
    Some((Target::Credential(user.id, password.id), EndReason::PasswordChanged))
}

/// Tells the person what an admin changed, at the address that they had.
async fn tell(tx: &mut Tx, clerk: &Clerk, before: &User, user: &User) -> Result<(), Fault> {
    if user.must_change_password && !before.must_change_password {
        clerk.tell(tx, user.id, Notice::PasswordForced).await?;
    }
    email::leave(tx, clerk, before, user.email()).await
}

fn ended(reason: EndReason, at: Time) -> End {
    End { at, reason, initiator: Initiator::Admin }
}

fn named(InvalidUser { member, problem }: InvalidUser) -> FieldError {
    FieldError::new(member, problem)
}

fn faults(person: &Person) -> Vec<FieldError> {
    let checks = [
        check_username(&person.username),
        check_roles(&person.roles),
        check_level(person.required_acr.as_deref()),
        check_claims(&person.claims.0),
    ];
    checks.into_iter().filter_map(Result::err).map(named).collect()
}

async fn weakness(authority: &Authority, password: &Typed, context: Context) -> Outcome<Option<FieldError>> {
    let weak = authority.passwords.judge(password.clone(), context).await?;
    Ok(weak.map(|weak| FieldError::new("password", weak.to_string())))
}

/// A password under an id of its own.
pub(in crate::flows) async fn hash(authority: &Authority, password: Typed) -> Outcome<Password> {
    let place = authority.passwords.place()?;
    let hash = authority.passwords.hash(place, password, authority.entropy.clone()).await?;
    Ok(Password { id: CredentialId::new(authority.now(), authority.dice()), hash })
}
