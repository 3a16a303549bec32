//! The kinds of values that settings hold.

use std::fmt;

use crate::base::duration::Duration;

/// What a setting holds, and the bounds it keeps.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// The base URL of everything: https, or http on a loopback host.
    Issuer,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A file or a folder, relative to the folder the process runs in.
    Path,
    /// A listening address: IP and port.
    Address,
    /// A list of IP addresses and CIDR ranges.
    Networks,
    /// A list of `host:port`.
    Endpoints,
    /// A whole number from 0 to this.
    Count(u32),
    /// A length of time between two bounds, both included.
    Span(Duration, Duration),
    /// A database address; may hold a password, so its text is never shown.
    Database,
    /// A log filter.
    Filter,
    /// `true` or `false`.
    Switch,
    /// A list of paths of which `*` stands for one segment.
    Routes,
    /// A list of levels of authentication.
    Levels,
    /// The address of a mail server; may hold a password, so its text is never shown.
    MailServer,
    /// Who mail is from.
    Sender,
    /// The address of a directory.
    Directory,
    /// A text of its own syntax.
    Text,
    /// A list of such texts.
    Texts,
    /// Small letters, digits and hyphens.
    Word,
    /// A password, never shown.
    Password,
    /// An https URL.
    Link,
}

impl Kind {
    /// Whether its text may hold a secret.
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Database | Self::MailServer | Self::Password)
    }

    pub const fn is_list(self) -> bool {
        matches!(self, Self::Networks | Self::Endpoints | Self::Routes | Self::Levels | Self::Texts)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issuer => f.write_str("URL"),
            Self::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Self::Path => f.write_str("path"),
            Self::Address => f.write_str("address:port"),
            Self::Networks => f.write_str("list of addresses and CIDR ranges"),
            Self::Endpoints => f.write_str("list of host:port"),
            Self::Count(most) => write!(f, "whole number, 0 to {most}"),
            Self::Span(least, most) => write!(f, "duration, {least} to {most}"),
            Self::Database => f.write_str("database address"),
            Self::Filter => f.write_str("log filter"),
            Self::Switch => f.write_str("true or false"),
            Self::Routes => f.write_str("list of paths"),
            Self::Levels => f.write_str("list of levels of authentication"),
            Self::MailServer => f.write_str("address of a mail server"),
            Self::Sender => f.write_str("mail address"),
            Self::Directory => f.write_str("address of a directory"),
            Self::Text => f.write_str("text"),
            Self::Texts => f.write_str("list of pairs"),
            Self::Word => f.write_str("word"),
            Self::Password => f.write_str("password"),
            Self::Link => f.write_str("https URL"),
        }
    }
}
