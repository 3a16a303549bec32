//! A passkey in software (W3C Web Authentication Level 3 sections 6 and 7), which can also lie.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use doorward::base::secret::{base64url, from_base64url, sha256};
use serde_json::{Value, json};

/// What the device says of itself in its answers.
const PRESENT: u8 = 1;
const VERIFIED: u8 = 4;
const COPYABLE: u8 = 8;
const COPIED: u8 = 16;
const MADE: u8 = 64;

pub struct SoftKey {
    pair: EcdsaKeyPair,
    id: Vec<u8>,
    user: Vec<u8>,
    flags: u8,
    pub count: u32,
}

/// How an answer is made; every field is one that a liar may change.
#[derive(Clone)]
pub struct Manner {
    pub origin: String,
    pub party: String,
    pub kind: &'static str,
    pub present: bool,
    pub verified: bool,
    /// Turns a bit of the signature.
    pub forged: bool,
    pub challenge: Option<String>,
}

impl Manner {
    /// The truth.
    pub fn honest(origin: &str, kind: &'static str) -> Self {
        let party = "localhost".to_owned();
        Self { origin: origin.into(), party, kind, present: true, verified: true, forged: false, challenge: None }
    }

    fn flags(&self) -> u8 {
        (u8::from(self.present) * PRESENT) | (u8::from(self.verified) * VERIFIED)
    }

    fn client_data(&self, options: &Value) -> Vec<u8> {
        let challenge = self.challenge.clone().unwrap_or_else(|| options["challenge"].as_str().unwrap().to_owned());
        let told = json!({"type": self.kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false});
        told.to_string().into_bytes()
    }
}

impl SoftKey {
    /// Makes a passkey that stays on its device, with the answer for the page.
    pub fn create(options: &Value, manner: &Manner) -> (Self, String) {
        Self::make(options, manner, 0)
    }

    /// Makes one that is copied to other devices.
    pub fn create_synced(options: &Value, manner: &Manner) -> (Self, String) {
        Self::make(options, manner, COPYABLE | COPIED)
    }

    fn make(options: &Value, manner: &Manner, flags: u8) -> (Self, String) {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let id = sha256(pair.public_key().as_ref()).to_vec();
        let user = from_base64url(options["user"]["id"].as_str().unwrap()).unwrap();
        let own = Self { pair, id, user, flags, count: 0 };
        let mut data = own.data(manner, MADE);
        data.extend([0; 16]);
        data.extend(u16::try_from(own.id.len()).unwrap().to_be_bytes());
        data.extend(&own.id);
        data.extend(own.cose());
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        attestation.push(u8::try_from(data.len()).unwrap());
        attestation.extend(data);
        let response = json!({
            "clientDataJSON": base64url(&manner.client_data(options)), "attestationObject": base64url(&attestation),
        });
        let answer = own.answer(&response);
        (own, answer)
    }

    /// Proves itself.
    pub fn get(&mut self, options: &Value, manner: &Manner) -> String {
        self.count += 1;
        let (data, client_data) = (self.data(manner, 0), manner.client_data(options));
        let signed = [&data[..], &sha256(&client_data)[..]].concat();
        let mut signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap().as_ref().to_vec();
        if manner.forged {
            *signature.last_mut().unwrap() ^= 1;
        }
        let response = json!({
            "clientDataJSON": base64url(&client_data), "authenticatorData": base64url(&data),
            "signature": base64url(&signature), "userHandle": base64url(&self.user),
        });
        self.answer(&response)
    }

    /// Says that it is somebody else's.
    pub fn claim(&mut self, user: uuid::Uuid) {
        self.user = user.as_bytes().to_vec();
    }

    fn answer(&self, response: &Value) -> String {
        let id = base64url(&self.id);
        json!({"id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {}}).to_string()
    }

    fn data(&self, manner: &Manner, more: u8) -> Vec<u8> {
        let mut data = sha256(manner.party.as_bytes()).to_vec();
        data.push(manner.flags() | self.flags | more);
        data.extend(self.count.to_be_bytes());
        data
    }

    /// The public key as COSE writes it (RFC 9053 section 7.1).
    fn cose(&self) -> Vec<u8> {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        [&b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"[..], x, b"\x22\x58\x20", y].concat()
    }
}
