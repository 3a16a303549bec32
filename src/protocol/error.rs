//! Registered error codes, and the refusal that carries one outwards and a precise reason inwards.

use std::borrow::Cow;
use std::fmt;

/// An error code of the OAuth and OpenID Connect registries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// RFC 6749 section 4.1.2.1
    AccessDenied,
    /// OpenID Connect Core 1.0 section 3.1.2.6
    ConsentRequired,
    /// RFC 6750 section 3.1
    InsufficientScope,
    /// RFC 9470 section 3
    InsufficientUserAuthentication,
    /// OpenID Connect Core 1.0 section 3.1.2.6
    InteractionRequired,
    /// RFC 6749 section 5.2
    InvalidClient,
    /// RFC 7591 section 3.2.2
    InvalidClientMetadata,
    /// RFC 6749 section 5.2
    InvalidGrant,
    /// RFC 7591 section 3.2.2
    InvalidRedirectUri,
    /// RFC 6749 section 5.2
    InvalidRequest,
    /// OpenID Connect Core 1.0 section 3.1.2.6
    InvalidRequestObject,
    /// OpenID Connect Core 1.0 section 3.1.2.6
    InvalidRequestUri,
    /// RFC 6749 section 5.2
    InvalidScope,
    /// RFC 7591 section 3.2.2
    InvalidSoftwareStatement,
    /// RFC 8707 section 2
    InvalidTarget,
    /// RFC 6750 section 3.1
    InvalidToken,
    /// OpenID Connect Core 1.0 section 3.1.2.6
    LoginRequired,
    /// OpenID Connect Core 1.0 section 3.1.2.6
    RegistrationNotSupported,
    /// OpenID Connect Core 1.0 section 3.1.2.6
    RequestNotSupported,
    /// OpenID Connect Core 1.0 section 3.1.2.6
    RequestUriNotSupported,
    /// RFC 6749 section 4.1.2.1
    ServerError,
    /// RFC 6749 section 4.1.2.1
    TemporarilyUnavailable,
    /// RFC 7591 section 3.2.2
    UnapprovedSoftwareStatement,
    /// RFC 6749 section 5.2
    UnauthorizedClient,
    /// OpenID Connect Core Unmet Authentication Requirements 1.0
    UnmetAuthenticationRequirements,
    /// RFC 6749 section 5.2
    UnsupportedGrantType,
    /// RFC 6749 section 4.1.2.1
    UnsupportedResponseType,
}

impl Code {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::ConsentRequired => "consent_required",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
            Self::InteractionRequired => "interaction_required",
            Self::InvalidClient => "invalid_client",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidRequestObject => "invalid_request_object",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidSoftwareStatement => "invalid_software_statement",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidToken => "invalid_token",
            Self::LoginRequired => "login_required",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnapprovedSoftwareStatement => "unapproved_software_statement",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A "no" with two halves: a registered code and a sentence for the other side, a precise reason for our log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {reason}")]
pub struct Refusal {
    pub code: Code,
    /// Public. Printable ASCII without `"` and `\` (RFC 6749 section 5.2); never holds what the other side sent.
    pub description: Cow<'static, str>,
    /// Private.
    pub reason: Cow<'static, str>,
    /// The message that says it to a person, where people meet it: a name of `templates/words`.
    pub told: Option<&'static str>,
}

impl Refusal {
    /// A refusal whose public sentence says all there is to say.
    pub const fn new(code: Code, description: &'static str) -> Self {
        Self { code, description: Cow::Borrowed(description), reason: Cow::Borrowed(description), told: None }
    }

    /// Lets a page say it in the language of its reader, by this message.
    #[must_use]
    pub const fn told(mut self, key: &'static str) -> Self {
        self.told = Some(key);
        self
    }

    /// Adds what only the log may know.
    #[must_use]
    pub fn because(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.reason = reason.into();
        self
    }
}

/// `invalid_request` with this sentence.
pub const fn invalid_request(description: &'static str) -> Refusal {
    Refusal::new(Code::InvalidRequest, description)
}
