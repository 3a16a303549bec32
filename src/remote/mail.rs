//! The way of a mail to the mail server: SMTP (RFC 5321) with TLS (RFC 8314), which cannot be stripped.

use std::time::{Duration, SystemTime};

use lettre::address::AddressError;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::base::clock::Time;
use crate::base::secret::Typed;

/// How long one step with the mail server may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the way to the mail server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// TLS from the first byte.
    Tls,
    /// In plain until `STARTTLS`, without which nothing is said.
    StartTls,
    /// In plain, for a mail server on the same machine.
    None,
}

/// The mail server of an operator.
#[derive(Clone, Debug)]
pub struct Relay {
    pub host: String,
    pub port: u16,
    pub privacy: Privacy,
    pub credentials: Option<(String, Typed)>,
    /// Who all mail is from: an address, or a name with an address in angle brackets.
    pub from: String,
    /// What this server calls itself.
    pub own_name: String,
    /// Further certificates to trust, PEM.
    pub certificates: Vec<u8>,
}

/// Why there is no way to the mail server.
#[derive(Debug, thiserror::Error)]
pub enum NoMailer {
    #[error("mail.from: {0}")]
    From(#[from] AddressError),
    #[error("mail.url: {0}")]
    Tls(#[from] SmtpError),
}

/// A mail in words.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The `Message-ID`: the same for each attempt, so that whoever got it twice can tell.
    pub id: String,
    pub at: Time,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Why a mail was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// It cannot be written as a message.
    Unwritable(&'static str),
    /// The mail server said no for good.
    Refused(String),
    Failed(String),
}

/// Where mail goes.
pub enum Mailer {
    /// Nowhere: it is written down alone.
    Nowhere,
    Smtp {
        transport: Box<AsyncSmtpTransport<Tokio1Executor>>,
        from: Box<Mailbox>,
    },
}

impl Mailer {
    pub fn smtp(relay: &Relay) -> Result<Self, NoMailer> {
        let from = relay.from.parse()?;
        let tls = match relay.privacy {
            Privacy::None => Tls::None,
            Privacy::Tls => Tls::Wrapper(parameters(relay)?),
            Privacy::StartTls => Tls::Required(parameters(relay)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&relay.host)
            .port(relay.port)
            .tls(tls)
            .hello_name(ClientId::Domain(relay.own_name.clone()))
            .timeout(Some(PATIENCE));
        if let Some((username, password)) = &relay.credentials {
            builder = builder.credentials(Credentials::new(username.clone(), password.expose().to_owned()));
        }
        Ok(Self::Smtp { transport: Box::new(builder.build()), from: Box::new(from) })
    }

    /// Whether anything leaves this server.
    pub fn sends(&self) -> bool {
        matches!(self, Self::Smtp { .. })
    }

    pub async fn send(&self, outgoing: Outgoing) -> Result<(), Unsent> {
        let Self::Smtp { transport, from } = self else { return Ok(()) };
        let message = message(from, outgoing)?;
        transport.send(message).await.map(drop).map_err(|error| {
            if error.is_permanent() { Unsent::Refused(error.to_string()) } else { Unsent::Failed(error.to_string()) }
        })
    }
}

fn parameters(relay: &Relay) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(relay.host.clone());
    if !relay.certificates.is_empty() {
        builder = builder.add_root_certificate(Certificate::from_pem(&relay.certificates)?);
    }
    builder.build_rustls()
}

fn message(from: &Mailbox, outgoing: Outgoing) -> Result<Message, Unsent> {
    let to = outgoing.to.parse().map_err(|_| Unsent::Unwritable("the address is none"))?;
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(outgoing.subject)
        .date(SystemTime::from(outgoing.at))
        .message_id(Some(outgoing.id))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(outgoing.text, outgoing.html))
        .map_err(|_| Unsent::Unwritable("it is no message"))
}

/// Says that no person wrote it, so that no machine answers (RFC 3834 section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn outgoing(to: &str, subject: &str) -> Outgoing {
        Outgoing {
            id: "<1@id.example>".into(),
            at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            to: to.into(),
            subject: subject.into(),
            text: "text".into(),
            html: "<p>html".into(),
        }
    }

    fn written(to: &str, subject: &str) -> Result<String, Unsent> {
        let from = "Doorward <no-reply@id.example>".parse().unwrap();
        message(&from, outgoing(to, subject)).map(|message| String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn a_message_has_what_machines_look_for() {
        let message = written("a@b.co", "Grüße").unwrap();
        for line in [
            "From: Doorward <no-reply@id.example>",
            "To: a@b.co",
            "Message-ID: <1@id.example>",
            "Date: Fri, 15 Jan 2027 08:00:00 +0000",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
        ] {
            assert!(message.lines().any(|own| own == line), "{line}: {message}");
        }
        assert!(message.contains("multipart/alternative"));
    }

    #[test]
    fn nobody_writes_headers_of_their_own() {
        assert!(written("a@b.co\r\nBcc: x@y.zz", "x").is_err() && written("a@b.co, c@d.ef", "x").is_err());
        let message = written("a@b.co", "x\r\nBcc: x@y.zz").unwrap();
        assert!(!message.lines().any(|line| line.starts_with("Bcc")), "{message}");
    }
}
