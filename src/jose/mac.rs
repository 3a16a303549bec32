//! Tokens that a client signs with its secret: HS256 (RFC 7518 section 3.2), for `client_secret_jwt` alone.
//!
//! No other reader takes a MAC, and this one takes nothing else: a public key can never be passed off as a secret.

use aws_lc_rs::hmac;
use serde_json::{Map, Value};

use super::jws::{Parts, Rejected, claims};
use super::typ::Typing;

/// HS256 alone: a secret of 43 characters has the 256 bits it asks for, and not the 384 of the next one.
pub const ALGORITHM: &str = "HS256";

/// The claims of a token whose MAC was made with one of these secrets. Compared in constant time.
pub fn verify<'s>(
    compact: &str,
    typ: Typing,
    secrets: impl Iterator<Item = &'s [u8]>,
) -> Result<Map<String, Value>, Rejected> {
    let parts = Parts::of(compact)?;
    if parts.algorithm()? != Some(ALGORITHM) {
        return Err(Rejected::Algorithm);
    }
    parts.admit(typ)?;
    let fits = |secret: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        hmac::verify(&key, parts.input.as_bytes(), &parts.signature).is_ok()
    };
    // Every secret is tried, so that the time tells nothing.
    match secrets.filter(|secret| fits(secret)).count() {
        0 => Err(Rejected::Signature),
        _ => claims(parts.payload),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::secret::base64url;
    use crate::jose::typ::Typ;

    const TYP: Typing = Typing::Loosely(Typ::ClientAssertion);
    const SECRET: &[u8] = b"a secret of at least two hundred and fifty-six bits";

    fn token(header: &Value, secret: &[u8]) -> String {
        let input =
            [header.clone(), json!({"sub": "app"})].map(|part| base64url(part.to_string().as_bytes())).join(".");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
        format!("{input}.{}", base64url(tag.as_ref()))
    }

    fn read(token: &str, secrets: &[&[u8]]) -> Result<Map<String, Value>, Rejected> {
        verify(token, TYP, secrets.iter().copied())
    }

    #[test]
    fn any_secret_of_the_client_will_do() {
        let good = token(&json!({"alg": "HS256"}), SECRET);
        assert_eq!(read(&good, &[b"old", SECRET]).unwrap()["sub"], "app");
        assert_eq!(read(&good, &[SECRET, b"new"]).unwrap()["sub"], "app");
        assert_eq!(read(&good, &[b"other"]), Err(Rejected::Signature));
        assert_eq!(read(&good, &[]), Err(Rejected::Signature));
    }

    #[test]
    fn the_example_of_rfc_7515_appendix_a1() {
        let secret = crate::base::secret::from_base64url(
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        )
        .unwrap();
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(read(token, &[&secret]).unwrap()["iss"], "joe");
    }

    #[test]
    fn nothing_else_passes() {
        for (header, rejected) in [
            (json!({"alg": "none"}), Rejected::Algorithm),
            (json!({"alg": "HS384"}), Rejected::Algorithm),
            (json!({"alg": "ES256"}), Rejected::Algorithm),
            (json!({"alg": 5}), Rejected::Header),
            (json!({}), Rejected::Algorithm),
            (json!({"alg": "HS256", "crit": ["x"]}), Rejected::Extension),
            (json!({"alg": "HS256", "b64": false}), Rejected::Extension),
            (json!({"alg": "HS256", "typ": "at+jwt"}), Rejected::Typ),
        ] {
            assert_eq!(read(&token(&header, SECRET), &[SECRET]), Err(rejected), "{header}");
        }
        let good = token(&json!({"alg": "HS256"}), SECRET);
        let (input, _) = good.rsplit_once('.').unwrap();
        for signature in ["", "AA"] {
            assert_eq!(read(&format!("{input}.{signature}"), &[SECRET]), Err(Rejected::Signature));
        }
    }
}
