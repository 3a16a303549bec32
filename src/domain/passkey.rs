//! Passkeys (W3C Web Authentication Level 3): challenges for browsers, and what their answers are worth.
//!
//! Every passkey is one that its device finds by itself (a discoverable credential), and every answer shows that the device
//! knew its owner (user verification). Challenges are made by `webauthn-rs` from the operating system's own source.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::base::id::UserId;
use crate::base::secret::{base64url, sha256};
use crate::domain::user::User;

/// The party that passkeys are made for: this issuer, under its own host and origin alone.
pub struct Party(Webauthn);

/// What a browser is asked, and what its answer will be held against.
pub struct Asked<T> {
    /// The options of `navigator.credentials`.
    pub options: Value,
    pub state: T,
}

/// What a new passkey's answer is held against.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registration(PasskeyRegistration);

/// What a proof by passkey is held against.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Assertion(DiscoverableAuthentication);

/// A passkey as it is kept, sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Key(Passkey);

/// A passkey that was just made.
pub struct Made {
    pub key: Key,
    /// Its own name of itself.
    pub id: String,
    pub device_bound: bool,
    /// How often it was used, by its own count; 0 where it does not count.
    pub count: u32,
}

/// Whose passkey an answer says it is from; nothing is proved yet.
pub struct Claimed {
    pub user: UserId,
    /// The passkey's own name of itself.
    pub id: String,
    answer: PublicKeyCredential,
}

/// A proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proved {
    pub count: u32,
    pub device_bound: bool,
}

impl Party {
    /// `None` where the issuer has an address instead of a host: no browser makes passkeys for one.
    pub fn of(issuer: &str) -> Option<Self> {
        let issuer = Url::parse(issuer).ok()?;
        let host = issuer.domain()?;
        let builder = WebauthnBuilder::new(host, &issuer).ok()?.rp_name(host);
        builder.build().ok().map(Self)
    }

    /// Asks for a new passkey, on another device than those that hold one of these already.
    pub fn ask_for_new(&self, user: &User, held: &[Key]) -> Option<Asked<Registration>> {
        let known = held.iter().map(|key| key.0.cred_id().clone()).collect();
        let (asked, state) =
            self.0.start_passkey_registration(user.id.0, &user.username, user.display_name(), Some(known)).ok()?;
        let mut options = serde_json::to_value(asked.public_key).ok()?;
        let wish = options.get_mut("authenticatorSelection")?.as_object_mut()?;
        wish.insert("residentKey".into(), json!("required"));
        wish.insert("requireResidentKey".into(), json!(true));
        Some(Asked { options, state: Registration(state) })
    }

    /// The passkey that a browser made; the reason for the log where it made none that counts.
    pub fn made(&self, answer: &str, state: &Registration) -> Result<Made, String> {
        let answer: RegisterPublicKeyCredential = serde_json::from_str(answer).map_err(|error| error.to_string())?;
        let passkey = self.0.finish_passkey_registration(&answer, &state.0).map_err(|error| error.to_string())?;
        let id = base64url(passkey.cred_id());
        let key = Key(passkey);
        // A passkey that may be copied to another device says so when it is made, and can never unsay it.
        let device_bound = key.member("backup_eligible").is_some_and(|eligible| eligible == json!(false));
        let count = key.member("counter").and_then(|count| count.as_u64()?.try_into().ok()).unwrap_or_default();
        Ok(Made { key, id, device_bound, count })
    }

    /// Asks for a proof by whichever passkey the device holds.
    pub fn ask(&self) -> Option<Asked<Assertion>> {
        let (asked, state) = self.0.start_discoverable_authentication().ok()?;
        Some(Asked { options: serde_json::to_value(asked.public_key).ok()?, state: Assertion(state) })
    }

    /// What an answer says of itself.
    pub fn claimed(&self, answer: &str) -> Option<Claimed> {
        let answer: PublicKeyCredential = serde_json::from_str(answer).ok()?;
        let (user, id) = self.0.identify_discoverable_authentication(&answer).ok()?;
        let (user, id) = (UserId(user), base64url(id));
        Some(Claimed { user, id, answer })
    }

    /// Whether the answer is the proof that was asked for; the reason for the log where it is not. The passkey's count
    /// must be above the last one, unless it counts nothing.
    pub fn proved(&self, claimed: &Claimed, state: Assertion, key: &Key, count: u32) -> Result<Proved, String> {
        let key = key.counted(count).ok_or("the passkey cannot be read")?;
        let result = self
            .0
            .finish_discoverable_authentication_v2(&claimed.answer, state.0, &key.0)
            .map_err(|error| error.to_string())?;
        if !result.user_verified() {
            return Err("the device did not verify its owner".into());
        }
        Ok(Proved { count: result.counter(), device_bound: !result.backup_eligible() })
    }
}

impl Assertion {
    /// What the challenge is remembered by once it was answered.
    pub fn digest(&self) -> [u8; 32] {
        sha256(&serde_json::to_vec(&self.0).unwrap_or_default())
    }
}

impl Key {
    /// A passkey of this name that nobody holds, for the work of an answer that nothing here fits; it is never believed.
    pub fn decoy(id: &str) -> Option<Self> {
        // The point that the curve P-256 is made from (SEC 2 version 2 section 2.4.2).
        let (x, y) = ("axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY", "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU");
        let point = json!({"EC_EC2": {"curve": "SECP256R1", "x": x, "y": y}});
        let whole = json!({
            "cred_id": id, "cred": {"type_": "ES256", "key": point}, "counter": 0, "transports": null,
            "user_verified": true, "backup_eligible": false, "backup_state": false, "registration_policy": "required",
            "extensions": {}, "attestation": {"data": "None", "metadata": "None"}, "attestation_format": "none",
        });
        serde_json::from_value(json!({"cred": whole})).ok().map(Self)
    }

    /// A member of the passkey, by the name that its crate writes it under.
    fn member(&self, name: &str) -> Option<Value> {
        serde_json::to_value(&self.0).ok()?.get_mut("cred")?.get_mut(name).map(Value::take)
    }

    /// The passkey with the last count that is known.
    fn counted(&self, count: u32) -> Option<Self> {
        let mut whole = serde_json::to_value(&self.0).ok()?;
        *whole.get_mut("cred")?.get_mut("counter")? = count.into();
        serde_json::from_value(whole).ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoy_is_a_passkey_of_its_name() {
        let decoy = Key::decoy("QUJD").unwrap();
        assert_eq!(base64url(decoy.0.cred_id()), "QUJD");
        assert!(decoy.counted(7).is_some() && Key::decoy("?").is_none());
    }
}
