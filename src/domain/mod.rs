//! Rank 2: the rules, as plain values and pure functions. What was found, what is asked and what time it is go in; a verdict comes out.

pub mod background;
pub mod client;
pub mod code;
pub mod consent;
pub mod cookie;
pub mod delivery;
pub mod device;
pub mod directory;
pub mod event;
pub mod factor;
pub mod filter;
pub mod grant;
pub mod identity;
pub mod interaction;
pub mod language;
pub mod level;
pub mod lifetime;
pub mod limit;
pub mod link;
pub mod login;
pub mod mail;
pub mod origin;
pub mod passkey;
pub mod password;
pub mod policy;
pub mod provider;
pub mod pushed;
pub mod recovery;
pub mod refresh;
pub mod registration;
pub mod revocation;
pub mod session;
pub mod statistics;
pub mod subject;
pub mod token;
pub mod totp;
pub mod upstream;
pub mod user;
pub mod watch;
pub mod webhook;

/// Writes an enum whose values have fixed names, in the database and on the wire.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The value of this name, if there is one.
            pub fn named(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }
    };
}
use names;
