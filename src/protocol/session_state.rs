//! What a client learns of a browser's state, and what the session frame compares (OpenID Connect Session Management 1.0
//! sections 2 and 3.2).

use crate::base::secret::{base64url, sha256};

/// The `session_state` of an authorization response: a hash that only this client, from this origin, finds again, and only
/// as long as the browser's state is the same. `browser` is empty where nobody is signed in.
pub fn session_state(client_id: &str, origin: &str, browser: &str, salt: [u8; 16]) -> String {
    let salt = base64url(&salt);
    let hash = sha256(format!("{client_id} {origin} {browser} {salt}").as_bytes());
    format!("{}.{salt}", base64url(&hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_client_origin_browser_or_salt_is_another_state() {
        let whole = ["app", "https://app.example", "state"];
        let made =
            |[client_id, origin, browser]: [&str; 3], salt| session_state(client_id, origin, browser, [salt; 16]);
        let one = made(whole, 1);
        assert_eq!(one, made(whole, 1));
        assert_eq!((one.len(), one.find('.')), (66, Some(43)));
        assert!(!one.contains(' '));
        for other in [
            made(["ap", "https://app.example", "state"], 1),
            made(["app", "https://app.example:444", "state"], 1),
            made(["app", "https://app.example", ""], 1),
            made(whole, 2),
        ] {
            assert_ne!(one, other);
        }
    }
}
