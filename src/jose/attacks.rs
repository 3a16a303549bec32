//! Tokens that somebody made to be taken for what they are not (RFC 8725 section 2), each with the door at which it stops.

use aws_lc_rs::hmac;
use chrono::{DateTime, TimeDelta};
use josekit::jws::JwsSigner;
use serde_json::{Value, json};

use super::algorithm::Algorithm;
use super::client::ClientKeys;
use super::jwk::Jwk;
use super::jws::{Accept, LONGEST_TOKEN, Rejected, Unverified, Verified, claimed_subject};
use super::keyring::Keyring;
use super::typ::{Typ, Typing};
use super::vectors::{foreign, keyring, records, token};
use crate::base::clock::Time;
use crate::base::secret::{base64url, from_base64url};

const EXPECTED: Accept<'static> = Accept { algorithms: &Algorithm::ISSUED, typ: Typing::Exactly(Typ::AccessToken) };

fn outcome(keyring: &Keyring, token: &str) -> Result<(), Rejected> {
    keyring.verify(Unverified::parse(token, &EXPECTED)?).map(|_| ())
}

fn good(keyring: &Keyring, algorithm: Algorithm) -> String {
    let now: Time = DateTime::from_timestamp(1000, 0).unwrap() + TimeDelta::hours(1);
    let claims = json!({ "sub": "ada", "exp": 5000 });
    keyring.signer(algorithm, now).unwrap().sign(Typ::AccessToken, &claims).unwrap()
}

/// The parts of a token, its header read.
fn parts(token: &str) -> (Value, String, Vec<u8>) {
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    let header = serde_json::from_slice(&from_base64url(header).unwrap()).unwrap();
    (header, payload.to_owned(), from_base64url(signature).unwrap())
}

fn with_header(token: &str, header: &str) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", base64url(header.as_bytes()))
}

fn with_signature(token: &str, signature: &[u8]) -> String {
    let (input, _) = token.rsplit_once('.').unwrap();
    format!("{input}.{}", base64url(signature))
}

#[test]
fn another_algorithm_in_the_header_opens_nothing() {
    let keyring = keyring();
    for algorithm in Algorithm::ISSUED {
        let token = good(&keyring, algorithm);
        assert_eq!(outcome(&keyring, &token), Ok(()), "{algorithm}");
        let (mut header, _, _) = parts(&token);
        for claimed in Algorithm::ISSUED.into_iter().filter(|claimed| *claimed != algorithm) {
            header["alg"] = claimed.name().into();
            let forged = with_header(&token, &header.to_string());
            assert_eq!(outcome(&keyring, &forged), Err(Rejected::UnknownKey), "{algorithm} as {claimed}");
        }
        for claimed in ["none", "None", "nOnE", "NONE", "", "HS256", "ES256K", "ES384", "RS256 "] {
            header["alg"] = claimed.into();
            for signature in [&[][..], &parts(&token).2] {
                let forged = with_signature(&with_header(&token, &header.to_string()), signature);
                assert_eq!(outcome(&keyring, &forged), Err(Rejected::Algorithm), "{algorithm} as {claimed:?}");
            }
        }
        for claimed in [json!(null), json!(["ES256"]), json!(1)] {
            header["alg"] = claimed;
            assert_eq!(outcome(&keyring, &with_header(&token, &header.to_string())), Err(Rejected::Header));
        }
        header.as_object_mut().unwrap().remove("alg");
        assert_eq!(outcome(&keyring, &with_header(&token, &header.to_string())), Err(Rejected::Algorithm));
    }
}

#[test]
fn a_caller_who_takes_one_algorithm_takes_no_other() {
    let keyring = keyring();
    let accept = Accept { algorithms: &[Algorithm::Es256], ..EXPECTED };
    for algorithm in Algorithm::ISSUED {
        let token = good(&keyring, algorithm);
        assert_eq!(Unverified::parse(&token, &accept).is_ok(), algorithm == Algorithm::Es256, "{algorithm}");
    }
}

#[test]
fn a_public_key_is_no_secret_for_a_mac() {
    let keyring = keyring();
    for record in records() {
        let text = record.public.to_value().to_string();
        let numbers =
            ["n", "x"].into_iter().find_map(|name| record.public.to_value()[name].as_str().map(str::to_owned));
        for secret in [text.into_bytes(), from_base64url(&numbers.unwrap()).unwrap()] {
            let header = json!({ "alg": "HS256", "kid": record.kid, "typ": "at+jwt" }).to_string();
            let input = format!("{}.{}", base64url(header.as_bytes()), base64url(br#"{"sub":"eve"}"#));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), input.as_bytes());
            let forged = format!("{input}.{}", base64url(tag.as_ref()));
            assert_eq!(outcome(&keyring, &forged), Err(Rejected::Algorithm), "{}", record.algorithm);
        }
    }
}

#[test]
fn keys_in_the_header_are_not_looked_at() {
    let keyring = keyring();
    let (signer, key) = foreign(Algorithm::Es256);
    let own = json!({ "alg": "ES256", "typ": "at+jwt", "kid": records()[0].kid });
    for (name, value) in [
        ("jwk", key.to_value()),
        ("jku", "https://attacker.example/jwks".into()),
        ("x5u", "https://attacker.example/x5u".into()),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = own.clone();
        header[name] = value;
        let forged = token(&header, br#"{"sub":"eve"}"#, &*signer);
        assert_eq!(outcome(&keyring, &forged), Err(Rejected::Signature), "{name}");
        header["kid"] = key.thumbprint().into();
        assert_eq!(outcome(&keyring, &token(&header, b"{}", &*signer)), Err(Rejected::UnknownKey), "{name}");
        header.as_object_mut().unwrap().remove("kid");
        assert_eq!(outcome(&keyring, &token(&header, b"{}", &*signer)), Err(Rejected::UnknownKey), "{name}");
    }
}

#[test]
fn headers_that_ask_for_more_are_refused() {
    let keyring = keyring();
    let good = good(&keyring, Algorithm::Es256);
    let kid = &records()[0].kid;
    let plain = format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"at+jwt"}}"#);
    assert_eq!(outcome(&keyring, &with_header(&good, &plain)), Ok(()));
    let more = |member: &str| plain.replacen('{', &format!("{{{member},"), 1);
    let long = format!(r#"{{"alg":"ES256","kid":"{}","typ":"at+jwt"}}"#, "k".repeat(257));
    for (header, rejected) in [
        (more(r#""crit":["exp"]"#), Rejected::Extension),
        (more(r#""crit":[]"#), Rejected::Extension),
        (more(r#""crit":null"#), Rejected::Extension),
        (more(r#""b64":false"#), Rejected::Extension),
        (more(r#""b64":true"#), Rejected::Extension),
        (more(r#""zip":"DEF""#), Rejected::Extension),
        (more(r#""alg":"ES256""#), Rejected::Header),
        (more(r#""alg":"none""#), Rejected::Header),
        (more(r#""a\u006cg":"none""#), Rejected::Header),
        (plain.replace("at+jwt", "JWT"), Rejected::Typ),
        (plain.replace(r#","typ":"at+jwt""#, ""), Rejected::Typ),
        (plain.replace(r#""at+jwt""#, "1"), Rejected::Header),
        (plain.replace(&format!("\"{kid}\""), "7"), Rejected::Header),
        (plain.replace(kid.as_str(), "' OR 1=1 --"), Rejected::UnknownKey),
        (plain.replace(kid.as_str(), "../../../dev/null"), Rejected::UnknownKey),
        (long, Rejected::Header),
        (format!("\u{feff}{plain}"), Rejected::Header),
        (format!("{plain}{plain}"), Rejected::Header),
        (format!("[{plain}]"), Rejected::Header),
        (String::new(), Rejected::Header),
        (plain.replace("at+jwt", "AT+JWT"), Rejected::Signature),
        (format!("{plain} "), Rejected::Signature),
    ] {
        assert_eq!(outcome(&keyring, &with_header(&good, &header)), Err(rejected), "{header}");
    }
}

#[test]
fn signatures_of_nothing_are_refused() {
    let keyring = keyring();
    let order = from_base64url("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE").unwrap();
    let (zero, one) = ([0; 32], [[0; 31].as_slice(), &[1]].concat());
    let es256 = good(&keyring, Algorithm::Es256);
    let real = parts(&es256).2;
    for signature in [
        vec![0; 64],
        [&zero[..], &real[32..]].concat(),
        [&real[..32], &zero].concat(),
        [&real[..32], &order].concat(),
        [order.as_slice(), &order].concat(),
        [one.as_slice(), &one].concat(),
        vec![0xff; 64],
        [real.as_slice(), &[0]].concat(),
        real[..63].to_vec(),
        vec![],
        vec![0x30, 6, 2, 1, 1, 2, 1, 1],
    ] {
        let forged = with_signature(&es256, &signature);
        assert_eq!(outcome(&keyring, &forged), Err(Rejected::Signature), "{signature:?}");
    }
    for (algorithm, length) in [(Algorithm::EdDsa, 64), (Algorithm::Rs256, 384), (Algorithm::Ps256, 384)] {
        for signature in [vec![0; length], vec![0xff; length], vec![], [vec![0; length - 1], vec![1]].concat()] {
            let forged = with_signature(&good(&keyring, algorithm), &signature);
            assert_eq!(outcome(&keyring, &forged), Err(Rejected::Signature), "{algorithm}");
        }
    }
}

#[test]
fn no_bit_can_be_turned_and_nothing_cut_off() {
    let keyring = keyring();
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let token = good(&keyring, algorithm);
        for index in 0..token.len() {
            for bit in 0..7 {
                let mut bytes = token.clone().into_bytes();
                bytes[index] ^= 1 << bit;
                let touched = String::from_utf8(bytes).unwrap();
                assert!(outcome(&keyring, &touched).is_err(), "{algorithm} byte {index} bit {bit}");
            }
            assert!(outcome(&keyring, &token[..index]).is_err(), "{algorithm} cut at {index}");
        }
    }
    let rsa = good(&keyring, Algorithm::Rs256);
    for index in (0..rsa.len()).step_by(17) {
        let mut bytes = rsa.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        assert!(outcome(&keyring, &String::from_utf8(bytes).unwrap()).is_err(), "byte {index}");
    }
}

#[test]
fn only_the_compact_form_is_read() {
    let keyring = keyring();
    let good = good(&keyring, Algorithm::Es256);
    let (header, payload, signature) = parts(&good);
    let protected = base64url(header.to_string().as_bytes());
    let json = json!({ "payload": payload, "protected": protected, "signature": base64url(&signature) });
    let general = json!({ "payload": payload, "signatures": [{ "protected": protected }] });
    for text in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        format!("{good}.{good}"),
        format!("{good}.a.b"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}="),
        format!("{good}\n"),
        format!(" {good}"),
        good.replacen('.', " .", 1),
        format!("{good}\0"),
        json.to_string(),
        general.to_string(),
        format!("{}.é.{}", protected, base64url(&signature)),
    ] {
        let refused = outcome(&keyring, &text);
        assert!(
            matches!(refused, Err(Rejected::NotCompact | Rejected::Header | Rejected::Signature)),
            "{text}: {refused:?}"
        );
    }
    assert_eq!(outcome(&keyring, &".".repeat(1 << 20)), Err(Rejected::TooLong));
    assert_eq!(outcome(&keyring, &".".repeat(LONGEST_TOKEN)), Err(Rejected::NotCompact));
    assert_eq!(outcome(&keyring, &"A".repeat(LONGEST_TOKEN + 1)), Err(Rejected::TooLong));
}

#[test]
fn a_good_signature_over_odd_claims_is_refused() {
    let (signer, key) = foreign(Algorithm::EdDsa);
    let verifier = key.verifier(Algorithm::EdDsa).unwrap();
    let header = json!({ "alg": "Ed25519", "typ": "at+jwt" });
    let read = |payload: &[u8]| {
        let token = token(&header, payload, &*signer);
        Unverified::parse(&token, &EXPECTED).unwrap().verify(&verifier).map(Verified::into_claims)
    };
    assert_eq!(read(br#"{"sub":"ada"}"#).unwrap()["sub"], "ada");
    for payload in [
        &br#"{"sub":"ada","sub":"eve"}"#[..],
        br#"{"act":{"sub":"a","sub":"b"}}"#,
        b"[]",
        b"null",
        b"",
        b"{\"sub\":\"\xff\"}",
        b"\xef\xbb\xbf{}",
        b"{}{}",
        b"{\x00\"\x00a\x00\"\x00",
    ] {
        assert_eq!(read(payload), Err(Rejected::Claims), "{}", String::from_utf8_lossy(payload));
    }
}

fn set(keys: &[Jwk]) -> ClientKeys {
    ClientKeys::parse(&json!({ "keys": keys })).unwrap()
}

fn assertion(signer: &dyn JwsSigner, header: &Value) -> String {
    token(header, br#"{"iss":"c","sub":"c"}"#, signer)
}

#[test]
fn a_client_is_held_to_the_key_it_names() {
    let accept = super::vectors::ANY;
    let ((one_signer, one), (two_signer, two)) = (foreign(Algorithm::Es256), foreign(Algorithm::Es256));
    let named = |key: &Jwk, kid: &str| Jwk { kid: Some(kid.to_owned()), ..key.clone() };
    let keys = set(&[named(&one, "one"), named(&two, "two")]);
    let read = |keys: &ClientKeys, token: &str| keys.verify(Unverified::parse(token, &accept).unwrap()).map(|_| ());

    let header = |kid: &str| json!({ "alg": "ES256", "kid": kid });
    assert_eq!(read(&keys, &assertion(&*two_signer, &header("two"))), Ok(()));
    assert_eq!(read(&keys, &assertion(&*two_signer, &header("one"))), Err(Rejected::Signature));
    assert_eq!(read(&keys, &assertion(&*two_signer, &header("three"))), Err(Rejected::UnknownKey));
    assert_eq!(read(&keys, &assertion(&*two_signer, &json!({ "alg": "ES256" }))), Ok(()));
    let (stranger, _) = foreign(Algorithm::Es256);
    assert_eq!(read(&keys, &assertion(&*stranger, &json!({ "alg": "ES256" }))), Err(Rejected::Signature));
    let (ed, _) = foreign(Algorithm::EdDsa);
    assert_eq!(read(&keys, &assertion(&*ed, &json!({ "alg": "EdDSA" }))), Err(Rejected::UnknownKey));

    // Only the first few keys are tried for a token that names none.
    let strangers = [(); 4].map(|()| foreign(Algorithm::Es256).1);
    let crowd = set(&[&strangers[..], &[one]].concat());
    assert_eq!(read(&crowd, &assertion(&*one_signer, &json!({ "alg": "ES256" }))), Err(Rejected::Signature));
}

#[test]
fn an_rsa_key_bound_to_one_algorithm_serves_no_other() {
    let accept = super::vectors::ANY;
    let (signer, key) = foreign(Algorithm::Ps256);
    let token = assertion(&*signer, &json!({ "alg": "PS256" }));
    for (algorithm, expected) in [
        (None, Ok(())),
        (Some(Algorithm::Ps256), Ok(())),
        (Some(Algorithm::Rs256), Err(Rejected::UnknownKey)),
        (Some(Algorithm::Ps384), Err(Rejected::UnknownKey)),
    ] {
        let keys = set(&[Jwk { algorithm, ..key.clone() }]);
        assert_eq!(keys.verify(Unverified::parse(&token, &accept).unwrap()).map(|_| ()), expected, "{algorithm:?}");
    }
}

#[test]
fn the_subject_is_told_before_the_signature_and_nothing_else() {
    let (signer, _) = foreign(Algorithm::EdDsa);
    for (payload, subject) in [
        (&br#"{"sub":"c"}"#[..], Some("c")),
        (br#"{"sub":7}"#, None),
        (br#"{"sub":"a","sub":"b"}"#, None),
        (b"{}", None),
        (b"x", None),
    ] {
        let token = token(&json!({ "alg": "EdDSA" }), payload, &*signer);
        assert_eq!(claimed_subject(&token).as_deref(), subject);
    }
}
