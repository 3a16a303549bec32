//! The examples of the standards, and josekit as a second opinion on everything that is signed or verified here.

use std::sync::OnceLock;

use chrono::DateTime;
use josekit::jwk::KeyPair;
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jws::{self, JwsSigner, JwsVerifier};
use serde_json::{Value, json};

use super::algorithm::Algorithm;
use super::client::ClientKeys;
use super::jwk::{Jwk, Material};
use super::jws::{Accept, Rejected, Unverified};
use super::keyring::{KeyRecord, Keyring};
use super::private;
use super::typ::{Typ, Typing};
use super::verifier::{BadSignature, Verifier};
use crate::base::entropy::SeededEntropy;
use crate::base::secret::{base64url, from_base64url};
use crate::base::vault::{RootKey, SealKey};

/// Takes every algorithm and any assertion-like `typ`.
pub(super) const ANY: Accept<'static> =
    Accept { algorithms: &Algorithm::ALL, typ: Typing::Loosely(Typ::ClientAssertion) };

pub(super) fn seal() -> SealKey {
    RootKey::new([7; 32]).seal_key("signing key")
}

/// One key per issued algorithm, active since second 1000; made once per test binary.
pub(super) fn records() -> &'static [KeyRecord] {
    static RECORDS: OnceLock<Vec<KeyRecord>> = OnceLock::new();
    RECORDS.get_or_init(|| {
        let (dice, born) = (SeededEntropy::new(1), DateTime::from_timestamp(1000, 0).unwrap());
        let make = |algorithm| KeyRecord::generate(algorithm, born, born, &seal(), &dice).unwrap();
        Algorithm::ISSUED.map(make).to_vec()
    })
}

pub(super) fn keyring() -> Keyring {
    Keyring::open(records().to_vec(), &seal()).unwrap()
}

/// A client's key pair of josekit's making: its signer and its public key.
pub(super) fn foreign(algorithm: Algorithm) -> (Box<dyn JwsSigner>, Jwk) {
    static RSA: OnceLock<RsaKeyPair> = OnceLock::new();
    let rsa = RSA.get_or_init(|| RsaKeyPair::generate(2048).unwrap());
    let der = rsa.to_der_private_key();
    let ec = |scheme: jws::alg::ecdsa::EcdsaJwsAlgorithm| -> (Box<dyn JwsSigner>, josekit::jwk::Jwk) {
        let pair = scheme.generate_key_pair().unwrap();
        (Box::new(scheme.signer_from_der(pair.to_der_private_key()).unwrap()), pair.to_jwk_public_key())
    };
    let (signer, public): (Box<dyn JwsSigner>, _) = match algorithm {
        Algorithm::Es256 => ec(jws::ES256),
        Algorithm::Es384 => ec(jws::ES384),
        Algorithm::Es512 => ec(jws::ES512),
        Algorithm::Rs256 => (Box::new(jws::RS256.signer_from_der(&der).unwrap()), rsa.to_jwk_public_key()),
        Algorithm::Rs384 => (Box::new(jws::RS384.signer_from_der(&der).unwrap()), rsa.to_jwk_public_key()),
        Algorithm::Rs512 => (Box::new(jws::RS512.signer_from_der(&der).unwrap()), rsa.to_jwk_public_key()),
        Algorithm::Ps256 => (Box::new(jws::PS256.signer_from_der(&der).unwrap()), rsa.to_jwk_public_key()),
        Algorithm::Ps384 => (Box::new(jws::PS384.signer_from_der(&der).unwrap()), rsa.to_jwk_public_key()),
        Algorithm::Ps512 => (Box::new(jws::PS512.signer_from_der(&der).unwrap()), rsa.to_jwk_public_key()),
        Algorithm::EdDsa => {
            let pair = jws::EdDSA.generate_key_pair(josekit::jwk::alg::ed::EdCurve::Ed25519).unwrap();
            (Box::new(jws::EdDSA.signer_from_der(pair.to_der_private_key()).unwrap()), pair.to_jwk_public_key())
        }
    };
    let public = Jwk::parse(&Value::Object(public.as_ref().clone())).unwrap();
    (signer, Jwk { kid: None, algorithm: None, ..public })
}

/// A token put together by hand.
pub(super) fn token(header: &Value, payload: &[u8], signer: &dyn JwsSigner) -> String {
    let input = format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(payload));
    let signature = signer.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url(&signature))
}

fn josekit_verifier(key: &Jwk) -> Box<dyn JwsVerifier> {
    let jwk = josekit::jwk::Jwk::from_map(key.to_value().as_object().unwrap().clone()).unwrap();
    match key.algorithm.unwrap() {
        Algorithm::Es256 => Box::new(jws::ES256.verifier_from_jwk(&jwk).unwrap()),
        Algorithm::Rs256 => Box::new(jws::RS256.verifier_from_jwk(&jwk).unwrap()),
        Algorithm::Ps256 => Box::new(jws::PS256.verifier_from_jwk(&jwk).unwrap()),
        Algorithm::EdDsa => Box::new(jws::EdDSA.verifier_from_jwk(&jwk).unwrap()),
        other => panic!("{other} is not issued"),
    }
}

#[test]
fn thumbprints_of_rfc_7638_and_rfc_8037() {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj\
             hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5h\
             ajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let ed = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    for (key, thumbprint) in [
        (
            json!({ "kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" }),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        ),
        (json!({ "kty": "OKP", "crv": "Ed25519", "x": ed }), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
    ] {
        assert_eq!(Jwk::parse(&key).unwrap().thumbprint(), thumbprint);
    }
}

#[test]
fn the_es256_token_of_rfc_7515_appendix_a_3() {
    let key = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0\
                 cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let keys = ClientKeys::parse(&json!({ "keys": [key] })).unwrap();
    let verified = keys.verify(Unverified::parse(token, &ANY).unwrap()).unwrap();
    assert_eq!(verified.claims()["iss"], "joe");
    assert_eq!(verified.claims()["http://example.com/is_root"], true);
}

#[test]
fn the_ed25519_signature_of_rfc_8037_appendix_a_4() {
    let seed = from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let opened = private::open(Algorithm::EdDsa, &[&prefix[..], &seed].concat()).unwrap();
    let input = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let expected = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(base64url(&opened.signer.sign(input).unwrap()), expected);
    let verifier = opened.public.verifier(Algorithm::EdDsa).unwrap();
    assert_eq!(verifier.verify(input, &from_base64url(expected).unwrap()), Ok(()));
    assert_eq!(verifier.verify(&input[1..], &from_base64url(expected).unwrap()), Err(BadSignature));
    // Its payload is a sentence: a good signature over it makes it no set of claims.
    let token = format!("{}.{expected}", str::from_utf8(input).unwrap());
    assert_eq!(Unverified::parse(&token, &ANY).unwrap().verify(&verifier).unwrap_err(), Rejected::Claims);
}

#[test]
fn what_we_sign_we_verify_and_josekit_agrees() {
    let keyring = keyring();
    for record in records() {
        let signer = keyring.signer(record.algorithm, record.active_from).unwrap();
        let token = signer.sign(Typ::AccessToken, &json!({ "sub": "ada", "n": 1 })).unwrap();
        let accept = Accept { algorithms: &[record.algorithm], typ: Typing::Exactly(Typ::AccessToken) };
        let verified = keyring.verify(Unverified::parse(&token, &accept).unwrap()).unwrap();
        assert_eq!(verified.into_claims(), *json!({ "sub": "ada", "n": 1 }).as_object().unwrap());

        let (input, signature) = token.rsplit_once('.').unwrap();
        let second = josekit_verifier(&record.public);
        let signature = from_base64url(signature).unwrap();
        assert!(second.verify(input.as_bytes(), &signature).is_ok(), "{}", record.algorithm);
        assert!(second.verify(&input.as_bytes()[1..], &signature).is_err(), "{}", record.algorithm);

        let header = input.split_once('.').unwrap().0;
        let header: Value = serde_json::from_slice(&from_base64url(header).unwrap()).unwrap();
        assert_eq!(header, json!({ "alg": record.algorithm, "kid": record.kid, "typ": "at+jwt" }));
    }
}

#[test]
fn what_josekit_signs_only_the_same_algorithm_verifies() {
    for algorithm in Algorithm::ALL {
        let (signer, key) = foreign(algorithm);
        let token = token(&json!({ "alg": algorithm }), b"{}", &*signer);
        for other in key.algorithms() {
            let outcome = Unverified::parse(&token, &ANY).unwrap().verify(&key.verifier(*other).unwrap());
            match outcome {
                Ok(_) => assert_eq!(algorithm, *other),
                Err(rejected) => {
                    assert_ne!(algorithm, *other);
                    assert_eq!(rejected, Rejected::UnknownKey);
                }
            }
        }
    }
}

#[test]
fn our_rsa_keys_have_3072_bits() {
    for record in records() {
        if let Material::Rsa { n, .. } = &record.public.material {
            assert_eq!((n.len(), n[0] >> 7), (384, 1), "{}", record.algorithm);
        }
    }
}
