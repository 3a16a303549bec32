//! The algorithms that are taken (RFC 9231): RSA and ECDSA with SHA-256 and longer. No SHA-1, no HMAC, no DSA, whatever a
//! document asks for.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use super::Distrust;

pub const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// The signature algorithm of this name. Which keys fit it, it says itself: of RSA those of 2048 to 8192 bits, of ECDSA those
/// of the curve that belongs to the hash.
fn scheme(uri: &str) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match uri {
        RSA_SHA256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => &signature::RSA_PKCS1_2048_8192_SHA384,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => &signature::RSA_PKCS1_2048_8192_SHA512,
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1" => &signature::RSA_PSS_2048_8192_SHA256,
        "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1" => &signature::RSA_PSS_2048_8192_SHA384,
        "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1" => &signature::RSA_PSS_2048_8192_SHA512,
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => &signature::ECDSA_P256_SHA256_FIXED,
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => &signature::ECDSA_P384_SHA384_FIXED,
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512" => &signature::ECDSA_P521_SHA512_FIXED,
        _ => return None,
    })
}

/// Checks a signature with a public key, a DER `SubjectPublicKeyInfo`.
pub fn verify(uri: &str, key: &[u8], input: &[u8], signature: &[u8]) -> Result<(), Distrust> {
    let scheme = scheme(uri).ok_or_else(|| Distrust::Algorithm(shown(uri)))?;
    let verified = UnparsedPublicKey::new(scheme, key).verify(input, signature);
    verified.map_err(|_| Distrust::Signature("does not fit"))
}

/// The digest of this name over these bytes.
pub fn digest(uri: &str, bytes: &[u8]) -> Result<Vec<u8>, Distrust> {
    let algorithm = match uri {
        SHA256 => &digest::SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => &digest::SHA384,
        "http://www.w3.org/2001/04/xmlenc#sha512" => &digest::SHA512,
        _ => return Err(Distrust::Algorithm(shown(uri))),
    };
    Ok(digest::digest(algorithm, bytes).as_ref().to_vec())
}

fn shown(uri: &str) -> String {
    uri.chars().filter(char::is_ascii_graphic).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_algorithms_are_unknown() {
        for uri in [
            "",
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
            "http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1",
        ] {
            assert!(matches!(verify(uri, &[], &[], &[]), Err(Distrust::Algorithm(_))), "{uri}");
        }
        for uri in ["", "http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2001/04/xmldsig-more#md5"] {
            assert!(matches!(digest(uri, &[]), Err(Distrust::Algorithm(_))), "{uri}");
        }
    }
}
