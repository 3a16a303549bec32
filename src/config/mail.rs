//! The mail server of an operator, as one address.

use std::fmt;

use url::Url;

use crate::base::secret::Typed;

/// How the way to the mail server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    Tls,
    StartTls,
    /// Readable by whoever is in between.
    None,
}

/// `smtps:`, `smtp:` or `smtp+plain:` with an optional user and password, percent-encoded. Shown without either.
#[derive(Clone)]
pub struct MailServer {
    pub host: String,
    pub port: u16,
    pub privacy: Privacy,
    pub credentials: Option<(String, Typed)>,
}

impl MailServer {
    pub fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "is not like smtp://user:password@mail.example.com:587, smtps:// or smtp+plain://";
        let url = Url::parse(text).map_err(|_| FORM)?;
        let (privacy, port) = match url.scheme() {
            "smtps" => (Privacy::Tls, 465),
            "smtp" => (Privacy::StartTls, 587),
            "smtp+plain" => (Privacy::None, 25),
            _ => return Err(FORM.into()),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(FORM)?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err("has a path, query or fragment".into());
        }
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            ("", Some(_)) | (_, None) => return Err("has a user without a password, or the reverse".into()),
            (user, Some(password)) => Some((plain(user)?, Typed::new(plain(password)?))),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        Ok(Self { host, port: url.port().unwrap_or(port), privacy, credentials })
    }

    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        plain_host(&self.host)
    }
}

/// Whether what is said in plain to this host stays on this machine.
pub(super) fn plain_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// Percent-encoding undone (RFC 3986 section 2.1).
fn plain(text: &str) -> Result<String, String> {
    let bad = || "has a user or password that is not percent-encoded UTF-8".to_owned();
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let code = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(code.ok_or_else(bad)?);
    }
    String::from_utf8(bytes).map_err(|_| bad())
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({:?})", self.privacy)
    }
}

/// An address, or a name with an address in angle brackets.
pub fn sender(text: &str) -> Result<String, String> {
    let address = match text.strip_suffix('>') {
        Some(rest) => rest.rsplit_once('<').map(|(_, address)| address),
        None => Some(text),
    };
    let fits = address.is_some_and(crate::domain::mail::is_address) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err("is not like Example <no-reply@example.com>".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_says_how_private_the_way_is() {
        for (text, port, privacy) in [
            ("smtps://mail.example", 465, Privacy::Tls),
            ("smtp://mail.example", 587, Privacy::StartTls),
            ("smtp://mail.example:2525/", 2_525, Privacy::StartTls),
            ("smtp+plain://localhost", 25, Privacy::None),
        ] {
            let server = MailServer::parse(text).unwrap();
            assert_eq!((server.port, server.privacy), (port, privacy), "{text}");
        }
        let server = MailServer::parse("smtps://me%40x:p%3Aw@Mail.example").unwrap();
        let (user, password) = server.credentials.clone().unwrap();
        assert_eq!((user.as_str(), password.expose(), server.host.as_str()), ("me@x", "p:w", "mail.example"));
        assert!(!format!("{server:?}{server}").contains("me"), "neither user nor password is shown");
        assert!(MailServer::parse("smtp+plain://[::1]:2525").unwrap().is_local());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "mail.example:25",
            "https://mail.example",
            "smtp://",
            "smtp://me@mail.example",
            "smtp://a/b",
            "smtp://u:%zz@a",
        ] {
            assert!(MailServer::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        assert!(sender("no-reply@example.com").is_ok() && sender("Example Inc <no-reply@example.com>").is_ok());
        for text in ["", "Example", "Example <x>", "x@y.zz>", "a@b.co\r\nBcc: c@d.ef"] {
            assert!(sender(text).is_err(), "{text:?}");
        }
    }
}
