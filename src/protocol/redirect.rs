//! Redirect URIs: what may be registered, what matches, and the proven address an answer may go to
//! (RFC 6749 section 3.1.2; RFC 9700 section 2.1; RFC 8252 section 7.3).

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Names that an authorization response uses; a registered URI may not bring its own.
const RESPONSE_NAMES: [&str; 10] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "response",
    "session_state",
    "id_token",
    "access_token",
];
/// Longest redirect URI that is registered or read.
const LONGEST: usize = 2_000;

/// Why a URI cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("must be an absolute URI of at most 2000 printable ASCII characters")]
    NotAUri,
    #[error("must not hold a fragment, user information, a wildcard or a backslash")]
    Forbidden,
    #[error("must be https, http on a loopback host, or a private-use scheme with a dot in it (RFC 8252 section 7.1)")]
    Scheme,
    #[error("must be in normal form: no dot segments, no default port, host in lower case")]
    NotNormal,
    #[error("must not hold a parameter that authorization responses use")]
    ResponseName,
}

/// Checks a URI before it is registered.
pub fn check(uri: &str) -> Result<(), Unfit> {
    if uri.len() > LONGEST || !uri.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Unfit::NotAUri);
    }
    let url = Url::parse(uri).map_err(|_| Unfit::NotAUri)?;
    if uri.contains(['#', '*', '\\', '@', '<', '>', '"', '`', '{', '}']) || uri.contains("..;") {
        return Err(Unfit::Forbidden);
    }
    match url.scheme() {
        "https" if url.has_host() => {}
        "http" if is_loopback(&url) => {}
        // A private-use scheme is a reversed domain name: https and http of other spellings end here too.
        private if private.contains('.') && uri.starts_with(private) => {}
        _ => return Err(Unfit::Scheme),
    }
    // What our parser would write must be what was written, so that no other parser reads another host.
    let normal = url.as_str();
    if normal != uri && normal.strip_suffix('/') != Some(uri) {
        return Err(Unfit::NotNormal);
    }
    if uri.to_ascii_lowercase().contains("%2e") {
        return Err(Unfit::NotNormal);
    }
    if url.query_pairs().any(|(name, _)| RESPONSE_NAMES.contains(&name.as_ref())) {
        return Err(Unfit::ResponseName);
    }
    Ok(())
}

/// Whether an asked URI is this registered one: equal to the byte; for an http loopback URI the port may differ.
pub fn matches(registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    let (Some(registered), Some(asked)) = (without_loopback_port(registered), without_loopback_port(asked)) else {
        return false;
    };
    registered == asked
}

/// An http loopback URI cut into host and what follows the port; `None` for every other URI.
fn without_loopback_port(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port_is_one = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|n| n > 0 && n.to_string() == port));
    let loopback = matches!(host, "127.0.0.1" | "[::1]");
    (loopback && port_is_one).then_some((host, tail))
}

/// Whether the host names this very machine: `localhost`, 127.0.0.0/8 or `::1`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The host of a URI in lower case; `None` for schemes that have none.
pub fn host(uri: &str) -> Option<String> {
    Url::parse(uri).ok()?.host_str().filter(|host| !host.is_empty()).map(str::to_ascii_lowercase)
}

/// The origin of a URI, as browsers write it in `Origin`; `None` for schemes that have none.
pub fn origin(uri: &str) -> Option<String> {
    let origin = Url::parse(uri).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// An address that belongs to the client that asked: only [`super::registration::ClientMetadata::return_address`] makes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnAddress {
    pub(super) uri: String,
    /// Whether the request named it; the token request must then name it too (RFC 6749 section 4.1.3).
    pub(super) named: bool,
}

impl ReturnAddress {
    pub fn uri(&self) -> &str {
        &self.uri
    }

    pub fn was_named(&self) -> bool {
        self.named
    }

    /// The URI with the fields in its query.
    pub fn with_query(&self, fields: &[(&str, &str)]) -> String {
        let separator = if self.uri.contains('?') { '&' } else { '?' };
        format!("{}{separator}{}", self.uri, encoded(fields))
    }

    /// The URI with the fields in its fragment, which browsers send to no server.
    pub fn with_fragment(&self, fields: &[(&str, &str)]) -> String {
        format!("{}#{}", self.uri, encoded(fields))
    }
}

fn encoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn takes_https_loopback_and_private_schemes() {
        for uri in [
            "https://app.example/cb",
            "https://app.example",
            "https://app.example:8443/cb?a=b",
            "http://127.0.0.1/cb",
            "http://localhost:3000/cb",
            "http://[::1]:3000/",
            "com.example.app:/cb",
        ] {
            assert_eq!(check(uri), Ok(()), "{uri}");
        }
    }

    #[test]
    fn refuses_everything_that_two_parsers_could_read_differently() {
        for uri in [
            "",
            "/cb",
            "cb",
            "//evil/cb",
            "http://app.example/cb",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "DATA:text/html,x",
            "myapp:/cb",
            "https://a@evil/cb",
            "https://a:b@app.example/cb",
            "https://app.example/*",
            "https://*.example/cb",
            "https://app.example/cb#x",
            "https://app.example\\@evil/cb",
            "https://app.example/a/../cb",
            "https://app.example/./cb",
            "https://app.example/..;/cb",
            "https://app.example/%2e%2e/cb",
            "https://app.example/%2E/cb",
            "https://APP.example/cb",
            "HTTPS://app.example/cb",
            "https://app.example:443/cb",
            "https:/app.example/cb",
            "https:app.example",
            "https://app.example/cb?code=x",
            "https://app.example/cb?iss=x",
            "https://app.example/c b",
            "https://app.example/\tcb",
            " https://app.example/cb",
            "https://app.example/ü",
            "http://localhost.evil/cb",
            "http://localhost:80@evil/cb",
            "http://127.0.0.1.evil/cb",
            "http://0177.0.0.1/cb",
            "http://2130706433/cb",
            "ftp://app.example/cb",
            "file:///etc/passwd",
            "COM.example.app:/cb",
        ] {
            assert!(check(uri).is_err(), "{uri}");
        }
        assert!(check(&format!("https://app.example/{}", "a".repeat(2_000))).is_err());
    }

    #[test]
    fn only_the_port_of_a_loopback_address_may_differ() {
        for (registered, asked, same) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", true),
            ("http://[::1]/cb", "http://[::1]:5000/cb", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb2", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb?x=1", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:080/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil:80/cb", false),
            ("http://127.0.0.1/cb", "https://127.0.0.1:5000/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.2:5000/cb", false),
            ("http://localhost:3000/cb", "http://localhost:3001/cb", false),
            ("https://app.example/cb", "https://app.example:444/cb", false),
        ] {
            assert_eq!(matches(registered, asked), same, "{registered} {asked}");
        }
    }

    proptest! {
        #[test]
        fn a_uri_that_differs_in_any_byte_is_another(at in 0_usize..25, byte in 0x21_u8..0x7f) {
            let registered = "https://app.example/cb?a=b";
            let mut asked = registered.as_bytes().to_vec();
            prop_assume!(asked[at] != byte);
            asked[at] = byte;
            prop_assert!(!matches(registered, std::str::from_utf8(&asked).unwrap()));
        }
    }

    #[test]
    fn answers_are_added_to_the_query_or_the_fragment() {
        let address = ReturnAddress { uri: "https://app.example/cb?a=b".into(), named: true };
        assert_eq!(address.with_fragment(&[("id_token", "x")]), "https://app.example/cb?a=b#id_token=x");
        assert_eq!(
            address.with_query(&[("code", "x y"), ("state", "&")]),
            "https://app.example/cb?a=b&code=x+y&state=%26"
        );
    }
}
