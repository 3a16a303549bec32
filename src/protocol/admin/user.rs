//! People as the admin API is told about them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::FieldError;
use super::members::Members;
use super::patch::{merge_known, schema_of};
use crate::base::secret::Typed;
use crate::protocol::acr;
use crate::protocol::claims::{ADDRESS_MEMBERS, STANDARD, Shape};

/// The standard claims about a person, at top level beside our own members (OpenID Connect Core 1.0 section 5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Claims(pub Map<String, Value>);

/// Written from the table of claims, so that the description cannot differ from the check.
impl JsonSchema for Claims {
    fn schema_name() -> Cow<'static, str> {
        "Claims".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let text = json!({ "type": "string", "minLength": 1, "maxLength": 1000 });
        let members = ADDRESS_MEMBERS.iter().map(|name| ((*name).to_owned(), text.clone()));
        let address =
            json!({ "type": "object", "properties": members.collect::<Map<_, _>>(), "additionalProperties": false });
        let settable = STANDARD.iter().filter_map(|(name, _, shape)| {
            let schema = match shape {
                Shape::Text => text.clone(),
                Shape::Flag => json!({ "type": "boolean" }),
                Shape::Address => address.clone(),
                Shape::Time => return None,
            };
            Some(((*name).to_owned(), schema))
        });
        json_schema!({ "type": "object", "properties": settable.collect::<Map<_, _>>(), "additionalProperties": false })
    }
}

/// A person without their password, as somebody wants them to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Person {
    /// 1 to 200 characters; names that differ only in case are one name.
    #[schemars(length(min = 1, max = 200))]
    pub username: String,
    #[schemars(default)]
    pub disabled: bool,
    /// The password opens nothing but the page on which the person chooses another one. Setting it ends what came from
    /// the password.
    #[schemars(default)]
    pub must_change_password: bool,
    /// At most 100 words. `admin` opens the admin API.
    #[schemars(default, length(max = 100), inner(length(min = 1, max = 100)))]
    pub roles: Vec<String>,
    /// The level of authentication that every sign-in of theirs must reach; none where their roles and clients alone say so.
    #[schemars(default, schema_with = "level")]
    pub required_acr: Option<String>,
    #[serde(flatten)]
    pub claims: Claims,
}

impl Person {
    /// Puts a merge patch over this person. The claims are not checked yet.
    pub fn patched(self, patch: Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        Self::read(merge_known(self.into_members(), patch, is_member))
    }

    /// Members that can be written, as an object.
    fn into_members(self) -> Map<String, Value> {
        let mut members = self.claims.0;
        members.insert("username".into(), self.username.into());
        members.insert("disabled".into(), self.disabled.into());
        members.insert("must_change_password".into(), self.must_change_password.into());
        members.insert("roles".into(), self.roles.into());
        members.extend(self.required_acr.map(|level| ("required_acr".to_owned(), level.into())));
        members
    }

    fn read(members: Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut members = Members::of(members);
        members.forbidden("password", "is set with PUT on the password of the user");
        let person = Self::take(&mut members);
        members.finish(person, NOUN)
    }

    fn take(members: &mut Members) -> Self {
        for kept in ["id", "created_at", "updated_at"] {
            members.forbidden(kept, "is set by the server");
        }
        Self {
            username: members.required("username"),
            disabled: members.optional("disabled").unwrap_or_default(),
            must_change_password: members.optional("must_change_password").unwrap_or_default(),
            roles: members.optional("roles").unwrap_or_default(),
            required_acr: members.optional("required_acr"),
            claims: Claims(members.take_rest()),
        }
    }
}

const NOUN: &str = "a user";

fn level(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "enum": acr::LEVELS.map(Some).into_iter().chain([None]).collect::<Vec<_>>() })
}

fn is_member(name: &str) -> bool {
    let is_claim = STANDARD.iter().any(|(claim, _, shape)| *claim == name && *shape != Shape::Time);
    is_claim || ["username", "disabled", "must_change_password", "roles", "required_acr"].contains(&name)
}

/// A person who is to be made.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct NewUser {
    /// Without one nobody can sign in by password.
    #[schemars(with = "Option<String>", length(min = 15, max = 128))]
    pub password: Option<Typed>,
    #[serde(flatten)]
    pub person: Person,
}

impl NewUser {
    /// The claims are not checked yet, and neither is the password.
    pub fn read(members: Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut members = Members::of(members);
        let password = members.optional("password").map(Typed::new);
        let person = Person::take(&mut members);
        members.finish(Self { password, person }, NOUN)
    }
}

/// A merge patch for a person: null removes a claim.
pub struct UserPatch;

impl JsonSchema for UserPatch {
    fn schema_name() -> Cow<'static, str> {
        "UserPatch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schema_of::<Person>(generator)
    }
}

/// A password that is to be set.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct NewPassword {
    #[schemars(with = "String", length(min = 15, max = 128))]
    pub password: Typed,
}

impl NewPassword {
    /// The password is not checked yet.
    pub fn read(members: Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut members = Members::of(members);
        let password = Typed::new(members.required("password"));
        members.finish(Self { password }, "a password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields<T>(read: Result<T, Vec<FieldError>>) -> Vec<String> {
        read.err().unwrap_or_default().into_iter().map(|error| error.field).collect()
    }

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(members) = value else { panic!() };
        members
    }

    #[test]
    fn reads_a_person_with_claims_at_top_level() {
        let new = object(json!({"username": "alice", "password": "x", "roles": ["a"], "email": "a@b.c"}));
        let user = NewUser::read(new).unwrap();
        assert_eq!(user.password.unwrap().expose(), "x");
        assert_eq!((user.person.username.as_str(), user.person.disabled), ("alice", false));
        assert_eq!(user.person.claims.0, object(json!({"email": "a@b.c"})));
    }

    #[test]
    fn names_every_member_that_does_not_fit() {
        for (value, wrong) in [
            (json!({}), vec!["username"]),
            (json!({"username": null}), vec!["username"]),
            (json!({"username": 5, "roles": "admin", "disabled": "no"}), vec!["username", "disabled", "roles"]),
            (json!({"username": "a", "password": 5}), vec!["password"]),
            (json!({"username": "a", "id": "x", "updated_at": 5}), vec!["id", "updated_at"]),
        ] {
            assert_eq!(fields(NewUser::read(object(value.clone()))), wrong, "{value}");
        }
        assert_eq!(fields(Person::read(object(json!({"username": "a", "password": "x"})))), ["password"]);
        assert_eq!(fields(NewPassword::read(object(json!({"password": "x", "old": "y"})))), ["old"]);
        assert_eq!(fields(NewPassword::read(Map::new())), ["password"]);
    }

    #[test]
    fn a_person_is_what_their_members_say() {
        let members = object(
            json!({"username": "a", "disabled": true, "must_change_password": false, "roles": ["x"], "name": "A"}),
        );
        let person = Person::read(members.clone()).unwrap();
        assert_eq!(person.clone().into_members(), members);
        let patch = object(json!({"name": null, "disabled": null, "nickname": "B"}));
        let patched = person.clone().patched(patch).unwrap();
        assert_eq!(
            patched.into_members(),
            object(json!({
                "username": "a", "disabled": false, "must_change_password": false, "roles": ["x"], "nickname": "B"
            }))
        );
        assert_eq!(fields(person.clone().patched(object(json!({"id": null, "username": null})))), ["id", "username"]);
        let strange = person.patched(object(json!({"planet": null}))).unwrap();
        assert!(strange.claims.0.contains_key("planet"), "for the check of the claims to refuse");
    }
}
