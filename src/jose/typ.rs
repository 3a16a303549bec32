//! What kind of token a JWT says it is: the `typ` of its header (RFC 7515 section 4.1.9, RFC 8725 section 3.11).

/// The kinds we write or read. A reader asks for exactly one, so that no kind passes for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typ {
    /// RFC 9068.
    AccessToken,
    /// OIDC Core 1.0 section 2; also the answer of JARM.
    IdToken,
    /// OIDC Back-Channel Logout 1.0.
    LogoutToken,
    /// RFC 9701.
    IntrospectionAnswer,
    /// RFC 8417.
    SecurityEvent,
    /// RFC 10070.
    ClientAssertion,
    /// RFC 9101.
    RequestObject,
    /// RFC 9449.
    DpopProof,
}

impl Typ {
    pub const ALL: [Self; 8] = [
        Self::AccessToken,
        Self::IdToken,
        Self::LogoutToken,
        Self::IntrospectionAnswer,
        Self::SecurityEvent,
        Self::ClientAssertion,
        Self::RequestObject,
        Self::DpopProof,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "at+jwt",
            Self::IdToken => "JWT",
            Self::LogoutToken => "logout+jwt",
            Self::IntrospectionAnswer => "token-introspection+jwt",
            Self::SecurityEvent => "secevent+jwt",
            Self::ClientAssertion => "client-authentication+jwt",
            Self::RequestObject => "oauth-authz-req+jwt",
            Self::DpopProof => "dpop+jwt",
        }
    }

    /// A media type: the case does not count, and without a slash `application/` is meant.
    fn is(self, written: &str) -> bool {
        let subtype = match written.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
            _ => written,
        };
        subtype.eq_ignore_ascii_case(self.name())
    }
}

/// Which `typ` a reader takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    Exactly(Typ),
    /// For kinds that are older than their `typ`: none at all is taken as well, and a plain `JWT`, which says no more.
    Loosely(Typ),
}

impl Typing {
    pub(super) fn admits(self, written: Option<&str>) -> bool {
        match (self, written) {
            (Self::Exactly(typ), Some(written)) => typ.is(written),
            (Self::Exactly(_), None) => false,
            (Self::Loosely(typ), Some(written)) => typ.is(written) || Typ::IdToken.is(written),
            (Self::Loosely(_), None) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_taken_for_itself_alone() {
        for asked in Typ::ALL {
            for shown in Typ::ALL {
                assert_eq!(Typing::Exactly(asked).admits(Some(shown.name())), asked == shown, "{asked:?} {shown:?}");
                let loosely = asked == shown || shown == Typ::IdToken;
                assert_eq!(Typing::Loosely(asked).admits(Some(shown.name())), loosely, "{asked:?} {shown:?}");
            }
        }
    }

    #[test]
    fn a_typ_is_a_media_type() {
        let exactly = Typing::Exactly(Typ::AccessToken);
        for written in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
            assert!(exactly.admits(Some(written)), "{written}");
        }
        for written in ["", "at", "at+jwt ", "text/at+jwt", "application/", "application/application/at+jwt", "ät+jwt"]
        {
            assert!(!exactly.admits(Some(written)), "{written}");
        }
        assert!(!exactly.admits(None));
        assert!(Typing::Loosely(Typ::ClientAssertion).admits(None));
    }
}
