//! Recovery codes: made as a set, shown once, each good once.

use super::{Authority, Outcome};
use crate::base::id::{CredentialId, UserId};
use crate::base::secret::Typed;
use crate::domain::factor::{Authenticator, Kind, Use};
use crate::domain::recovery::{CODES, code, digest};
use crate::domain::session::Source;
use crate::store;

/// What this code uses up; `None` when it is none of the set, or was used before.
pub(super) async fn check(authority: &Authority, own: &Authenticator, code: &Typed) -> Outcome<Option<Use>> {
    let digest = digest(&authority.secrets.recovery, code);
    let known = store::factor::knows_code(&authority.db, own.id, &digest).await?;
    Ok(known.then_some(Use::Code { id: own.id, digest }))
}

/// A set that was just made, with its codes: nobody sees them again.
pub(super) struct Set {
    pub own: Authenticator,
    pub codes: Vec<String>,
    pub digests: Vec<[u8; 32]>,
}

pub(super) fn made(authority: &Authority, user: UserId, source: &Source) -> Set {
    let now = authority.now();
    let codes: Vec<String> = (0..CODES).map(|_| code(authority.dice())).collect();
    let digests = codes.iter().map(|code| digest(&authority.secrets.recovery, &Typed::new(code.clone()))).collect();
    let own = Authenticator {
        id: CredentialId::new(now, authority.dice()),
        user,
        kind: Kind::Recovery,
        name: "Recovery codes".into(),
        sealed: None,
        passkey_id: None,
        device_bound: false,
        counter: None,
        disabled: false,
        address: source.address.clone(),
        created_at: now,
        last_used_at: None,
    };
    Set { own, codes, digests }
}
