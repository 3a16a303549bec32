//! Rank 2: signed tokens and the keys behind them. Values and arithmetic only: nothing here stores, fetches or waits.
//!
//! Writing: `keyring` (our keys at rest and ready) holds a `signer` per key; `lifecycle` says when keys are made, take over
//! and go; `private` makes and opens the private halves.
//! Reading: `jws` takes a compact token apart and shows its claims only once a `verifier` agreed; `client` keeps a client's
//! published keys ready, `jwk` reads each of them; `claims` looks into verified claims, `json` refuses objects that name a
//! member twice.
//! Words: `algorithm`, `typ`.
//!
//! Secrecy: `jwe` encrypts to a client's published keys, and nothing decrypts: josekit's `DEF`, `PBES2` and `RSA1_5` cannot be
//! reached.
//!
//! josekit makes RSA keys, encrypts, and is named nowhere else in the project; aws-lc does the rest. There is no
//! `none`, and HMAC for client assertions alone, in `mac`.

pub mod algorithm;
pub mod claims;
pub mod client;
pub mod json;
pub mod jwe;
pub mod jwk;
pub mod jws;
pub mod keyring;
pub mod lifecycle;
pub mod mac;
mod private;
pub mod signer;
pub mod typ;
pub mod verifier;

pub use private::PrivateKeyError;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod vectors;
