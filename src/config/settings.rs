//! The one table of settings: it decides which keys exist, how the environment spells them, and what the reference says.

mod kind;
mod ldap;
mod lookup;

use crate::base::duration::Duration;
use crate::protocol::acr;
pub use kind::Kind;
use ldap::LDAP;
pub use lookup::{find, find_variable, is_section, nearest, nearest_variable};
use lookup::{split, variable, within};

/// What an environment variable that sets a key begins with.
pub const PREFIX: &str = "DOORWARD__";

/// What holds when nobody sets the key.
#[derive(Clone, Copy, Debug)]
pub enum Otherwise {
    /// This value, as it is written in the environment.
    Value(&'static str),
    /// Nothing; the text is an example of what could be written.
    Unset(&'static str),
}

/// One setting. Keys are `name` or `section.name`, where a section may have a dot, and end with one free part at most:
/// `<role>` stands for any text.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub key: &'static str,
    pub kind: Kind,
    pub otherwise: Otherwise,
    /// One sentence for the reference: what it does, with its units.
    pub meaning: &'static str,
}

impl Setting {
    /// The environment variable that sets it: `session.idle` is `DOORWARD__SESSION__IDLE`.
    pub fn variable(&self) -> String {
        variable(self.key)
    }

    /// What stands before and after the free part, where there is one.
    fn ends(&self) -> Option<(&'static str, &'static str)> {
        self.key.split_once(FREE)
    }

    /// Whether this is the setting of a key.
    fn has(&self, key: &str) -> bool {
        self.key == key || self.ends().is_some_and(|(before, after)| within(key, before, after).is_some())
    }

    /// The key that an environment variable sets, if it is one of this setting's. A free part is taken in lower case.
    fn key_of(&self, name: &str) -> Option<String> {
        let Some((before, after)) = self.ends() else { return (self.variable() == name).then(|| self.key.to_owned()) };
        let free = within(name, &variable(before), &variable(after)[PREFIX.len()..])?;
        let upper = free.to_ascii_uppercase() == free;
        upper.then(|| format!("{before}{}{after}", free.to_ascii_lowercase()))
    }

    /// Everything before the last dot; empty at the top level.
    pub fn section(&self) -> &'static str {
        split(self.key).0
    }

    /// Everything after the last dot.
    pub fn name(&self) -> &'static str {
        split(self.key).1
    }
}

/// The part of a key that an operator is free to name.
pub const FREE: &str = "<role>";

const SECOND: Duration = Duration::seconds(1);
const TEN_YEARS: Duration = Duration::days(3_650);

/// Every setting, in the order of the reference: sections stay together.
pub const SETTINGS: &[Setting] = &{
    let mut all = [MAIN[0]; MAIN.len() + LDAP.len()];
    let (first, last) = all.split_at_mut(MAIN.len());
    first.copy_from_slice(MAIN);
    last.copy_from_slice(&LDAP);
    all
};

const MAIN: &[Setting] = &[
    Setting {
        key: "issuer",
        kind: Kind::Issuer,
        otherwise: Otherwise::Value("http://localhost:8080"),
        meaning: "The URL that applications know this server by and that every token names; https unless its host is loopback \
                  (`localhost`, `127.0.0.0/8`, `[::1]`), which also switches on the development profile.",
    },
    Setting {
        key: "profile",
        kind: Kind::Choice(&["standard", "strict", "certification"]),
        otherwise: Otherwise::Value("standard"),
        meaning: "The set of protocol rules: see Profiles below.",
    },
    Setting {
        key: "server.bind",
        kind: Kind::Address,
        otherwise: Otherwise::Value("127.0.0.1:8080"),
        meaning: "The IP address and TCP port to listen on; port 0 takes any free one.",
    },
    Setting {
        key: "server.trusted_proxies",
        kind: Kind::Networks,
        otherwise: Otherwise::Unset("10.0.0.0/8, 127.0.0.1"),
        meaning: "The reverse proxies whose forwarding headers are believed; an issuer that is not loopback needs at least one, unless `server.tls` is set.",
    },
    Setting {
        key: "server.workers",
        kind: Kind::Count(1_024),
        otherwise: Otherwise::Value("0"),
        meaning: "How many threads answer requests; 0 is one per core.",
    },
    Setting {
        key: "server.tls.certificate",
        kind: Kind::Path,
        otherwise: Otherwise::Unset("tls/certificate.pem"),
        meaning: "The PEM file with the certificate chain, leaf first; needs `server.tls.key`.",
    },
    Setting {
        key: "server.tls.key",
        kind: Kind::Path,
        otherwise: Otherwise::Unset("tls/key.pem"),
        meaning: "The PEM file with the private key of the certificate; needs `server.tls.certificate`.",
    },
    Setting {
        key: "database.url",
        kind: Kind::Database,
        otherwise: Otherwise::Value("sqlite:data/doorward.db"),
        meaning: "Where everything is stored: `sqlite:` and a file, or `postgres://user:password@host/name`.",
    },
    Setting {
        key: "keys.directory",
        kind: Kind::Path,
        otherwise: Otherwise::Value("keys"),
        meaning: "The folder of the root key, under which every private key in the database is encrypted.",
    },
    Setting {
        key: "keys.rotation",
        kind: Kind::Span(Duration::hours(1), TEN_YEARS),
        otherwise: Otherwise::Value("90d"),
        meaning: "How long a signing key signs before the next one takes over.",
    },
    Setting {
        key: "log.format",
        kind: Kind::Choice(&["text", "json"]),
        otherwise: Otherwise::Value("text"),
        meaning: "How log lines are written: for people, or one JSON object a line.",
    },
    Setting {
        key: "log.level",
        kind: Kind::Filter,
        otherwise: Otherwise::Value("info"),
        meaning: "What is logged: `error`, `warn`, `info`, `debug`, `trace` or `off`, and `target=level` pairs after a comma.",
    },
    Setting {
        key: "metrics.bind",
        kind: Kind::Address,
        otherwise: Otherwise::Unset("127.0.0.1:9090"),
        meaning: "The IP address and port that serve `/metrics` alone; unset, the public listener serves it in the development profile, and nobody does elsewhere.",
    },
    Setting {
        key: "session.idle",
        kind: Kind::Span(SECOND, TEN_YEARS),
        otherwise: Otherwise::Value("1h"),
        meaning: "How long a session lives without activity; at most `session.absolute`, and cut down to it when left unset.",
    },
    Setting {
        key: "session.absolute",
        kind: Kind::Span(SECOND, TEN_YEARS),
        otherwise: Otherwise::Value("24h"),
        meaning: "How long a session lives at most, whatever its activity.",
    },
    Setting {
        key: "session.offline",
        kind: Kind::Span(SECOND, TEN_YEARS),
        otherwise: Otherwise::Value("30d"),
        meaning: "How long the session behind an `offline_access` grant lives.",
    },
    Setting {
        key: "session.limit",
        kind: Kind::Count(1_000_000),
        otherwise: Otherwise::Value("0"),
        meaning: "How many live sessions a person may hold; 0 is no limit.",
    },
    Setting {
        key: "session.limit_action",
        kind: Kind::Choice(&["deny", "end_oldest", "ask"]),
        otherwise: Otherwise::Value("end_oldest"),
        meaning: "What a sign-in above the limit does: it is denied, it ends the longest idle session, or it asks the person which ones to end.",
    },
    Setting {
        key: "session.frame",
        kind: Kind::Switch,
        otherwise: Otherwise::Value("false"),
        meaning: "Whether old clients may watch the browser's session by a frame (OpenID Connect Session Management, `docs/logout.md`); `true` in the certification profile when left unset.",
    },
    Setting {
        key: "session.preset",
        kind: Kind::Choice(&["aal1", "aal2", "aal3"]),
        otherwise: Otherwise::Unset("aal1"),
        meaning: "The time-outs of a level of NIST SP 800-63B-4: `aal1` absolute 30d without an idle end, `aal2` idle 1h and absolute 24h, `aal3` idle 15m and absolute 12h; `session.idle`, `session.absolute` and the `session.remember_…` keys beside it can only be stricter.",
    },
    Setting {
        key: "session.remember_idle",
        kind: Kind::Span(SECOND, TEN_YEARS),
        otherwise: Otherwise::Unset("14d"),
        meaning: "How long a session lives without activity where the person chose to stay signed in; as long as `session.remember_absolute` when left unset.",
    },
    Setting {
        key: "session.remember_absolute",
        kind: Kind::Span(SECOND, TEN_YEARS),
        otherwise: Otherwise::Unset("30d"),
        meaning: "How long a session lives at most where the person chose to stay signed in; when set, the login page offers that choice.",
    },
    Setting {
        key: "session.background_routes",
        kind: Kind::Routes,
        otherwise: Otherwise::Unset("/notifications, /app/*/heartbeat"),
        meaning: "The paths, with all below them, whose requests keep no session alive: of Doorward's own, and of the address that a gateway passes on in `X-Original-URI` or `X-Forwarded-Uri`; `*` is any one segment.",
    },
    Setting {
        key: "session.on_mark",
        kind: Kind::Choice(&["note", "step_up", "end"]),
        otherwise: Otherwise::Value("note"),
        meaning: "What follows when a session is used from another country or jumps impossibly: it is noted, the person must prove again who they are, or the session ends.",
    },
    Setting {
        key: "session.required_acr",
        kind: Kind::Choice(&acr::LEVELS),
        otherwise: Otherwise::Unset("urn:doorward:acr:mfa"),
        meaning: "The level of authentication that every sign-in must reach; who holds nothing that reaches it is asked to add it (`docs/factors.md`).",
    },
    Setting {
        key: "session.roles.<role>.required_acr",
        kind: Kind::Choice(&acr::LEVELS),
        otherwise: Otherwise::Unset("urn:doorward:acr:mfa"),
        meaning: "The level of authentication that sign-ins of people with this role must reach.",
    },
    Setting {
        key: "session.roles.<role>.idle",
        kind: Kind::Span(SECOND, TEN_YEARS),
        otherwise: Otherwise::Unset("15m"),
        meaning: "How long sessions of people with this role live without activity, where that is shorter.",
    },
    Setting {
        key: "session.roles.<role>.absolute",
        kind: Kind::Span(SECOND, TEN_YEARS),
        otherwise: Otherwise::Unset("8h"),
        meaning: "How long sessions of people with this role live at most, where that is shorter.",
    },
    Setting {
        key: "session.roles.<role>.limit",
        kind: Kind::Count(1_000_000),
        otherwise: Otherwise::Unset("2"),
        meaning: "How many live sessions people with this role may hold, where that is fewer; 0 is no limit.",
    },
    Setting {
        key: "admin.max_age",
        kind: Kind::Span(SECOND, TEN_YEARS),
        otherwise: Otherwise::Unset("15m"),
        meaning: "How old the sign-in behind a person's token may be at the admin API; an older one is answered with a step-up challenge (RFC 9470).",
    },
    Setting {
        key: "admin.acr_values",
        kind: Kind::Levels,
        otherwise: Otherwise::Unset("urn:doorward:acr:password"),
        meaning: "The levels of authentication of which a person's token at the admin API needs one, or a higher one.",
    },
    Setting {
        key: "userinfo.max_age",
        kind: Kind::Span(SECOND, TEN_YEARS),
        otherwise: Otherwise::Unset("12h"),
        meaning: "How old the sign-in behind a token may be at the userinfo endpoint; an older one is answered with a step-up challenge (RFC 9470).",
    },
    Setting {
        key: "userinfo.acr_values",
        kind: Kind::Levels,
        otherwise: Otherwise::Unset("urn:doorward:acr:password"),
        meaning: "The levels of authentication of which a token at the userinfo endpoint needs one, or a higher one.",
    },
    Setting {
        key: "authorize.require_pushed",
        kind: Kind::Switch,
        otherwise: Otherwise::Value("false"),
        meaning: "Whether every authorization request must have been pushed before (RFC 9126; `docs/requests.md`).",
    },
    Setting {
        key: "token.access_lifetime",
        kind: Kind::Span(SECOND, Duration::hours(1)),
        otherwise: Otherwise::Value("5m"),
        meaning: "How long an access token is valid; a resource server that only verifies signatures accepts an ended session's token this long.",
    },
    Setting {
        key: "token.id_lifetime",
        kind: Kind::Span(SECOND, Duration::hours(24)),
        otherwise: Otherwise::Value("1h"),
        meaning: "How long an ID token is valid.",
    },
    Setting {
        key: "token.code_lifetime",
        kind: Kind::Span(SECOND, Duration::minutes(10)),
        otherwise: Otherwise::Value("60s"),
        meaning: "How long an authorization code can be redeemed, once.",
    },
    Setting {
        key: "token.retry_window",
        kind: Kind::Span(Duration::ZERO, Duration::seconds(60)),
        otherwise: Otherwise::Value("10s"),
        meaning: "How long the refresh token just replaced gets the same answer again, for clients that lost it; always 0s in the strict profile.",
    },
    Setting {
        key: "password.workers",
        kind: Kind::Count(1_024),
        otherwise: Otherwise::Value("0"),
        meaning: "How many passwords are hashed at once, each costing 19 MiB and a core; 0 is half the cores, so that tokens have the others.",
    },
    Setting {
        key: "password.blocklist",
        kind: Kind::Path,
        otherwise: Otherwise::Unset("breached"),
        meaning: "Stolen passwords, which nobody may choose: a folder of k-anonymity ranges, a file of SHA-1 hashes in order, or a file of passwords (`docs/passwords.md`).",
    },
    Setting {
        key: "registration.policy",
        kind: Kind::Choice(&["closed", "token", "open"]),
        otherwise: Otherwise::Value("closed"),
        meaning: "Who may register a client at `/oauth2/register`: nobody, whoever holds an initial access token, or anybody; `open` in the certification profile when left unset.",
    },
    Setting {
        key: "registration.limit",
        kind: Kind::Count(1_000_000),
        otherwise: Otherwise::Value("20"),
        meaning: "How many clients one source may register in an hour; 0 is no limit, and in the certification profile the default.",
    },
    Setting {
        key: "registration.unused",
        kind: Kind::Span(Duration::hours(1), TEN_YEARS),
        otherwise: Otherwise::Value("30d"),
        meaning: "How long a client that registered itself stays although no session has a grant of it; ended sessions count for their 30 days of retention.",
    },
    Setting {
        key: "pages.theme",
        kind: Kind::Path,
        otherwise: Otherwise::Unset("theme"),
        meaning: "A folder whose templates and assets replace the built-in ones of the same name, and whose `words` add languages.",
    },
    Setting {
        key: "egress.allow",
        kind: Kind::Endpoints,
        otherwise: Otherwise::Unset("idp.internal:8443, 10.1.2.3:443"),
        meaning: "The hosts with port that outbound calls may reach although their address is private.",
    },
    Setting {
        key: "egress.ca_file",
        kind: Kind::Path,
        otherwise: Otherwise::Unset("tls/private-ca.pem"),
        meaning: "A PEM file of certificate authorities that outbound calls trust beside the public ones.",
    },
    Setting {
        key: "geo.country_file",
        kind: Kind::Path,
        otherwise: Otherwise::Unset("geo/GeoLite2-City.mmdb"),
        meaning: "A MaxMind DB file of the Country or the City kind, by which the country of an address is known, and with City its place; read again when it changes.",
    },
    Setting {
        key: "geo.asn_file",
        kind: Kind::Path,
        otherwise: Otherwise::Unset("geo/GeoLite2-ASN.mmdb"),
        meaning: "A MaxMind DB file of the ASN kind, by which it is known who runs the network of an address; read again when it changes.",
    },
    Setting {
        key: "mail.url",
        kind: Kind::MailServer,
        otherwise: Otherwise::Unset("smtp://user:password@mail.example.com:587"),
        meaning: "The mail server: `smtps:` speaks TLS from the first byte (port 465), `smtp:` begins it with STARTTLS or says nothing (port 587), `smtp+plain:` is for a server on this machine (port 25); unset, no mail leaves, and the development profile shows it at `/dev/mail`.",
    },
    Setting {
        key: "mail.from",
        kind: Kind::Sender,
        otherwise: Otherwise::Unset("Example <no-reply@example.com>"),
        meaning: "Who all mail is from, an address or a name with an address in angle brackets; `no-reply@` the issuer's host when left unset.",
    },
    Setting {
        key: "mail.sign_in",
        kind: Kind::Switch,
        otherwise: Otherwise::Value("false"),
        meaning: "Whether people who hold no second factor may sign in by a code that is mailed, at a level below that of a password (`docs/mail.md`); not in the strict profile.",
    },
];

#[cfg(test)]
mod tests;
