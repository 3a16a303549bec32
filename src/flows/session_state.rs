//! What old clients may watch of a browser's session (OpenID Connect Session Management 1.0), where the operator lets them.

use super::Authority;
use crate::base::entropy::draw;
use crate::base::secret::base64url;
use crate::domain::session::Session;
use crate::protocol::redirect;
use crate::protocol::session_state::session_state;

/// The text that scripts in the session frame may read: it says nothing, is another after every sign-in, and is empty where
/// nobody is signed in.
pub fn browser_state(authority: &Authority, session: Option<&Session>) -> String {
    let Some(session) = session else { return String::new() };
    let proved = session.authentication.as_ref().map_or(session.created_at, |proof| proof.at);
    base64url(&authority.secrets.browser_state.tag(format!("{}\n{}", session.id, proved.timestamp_micros()).as_bytes()))
}

/// The `session_state` for a client that is answered at this address; `None` where there is no frame to compare it, or the
/// address has no origin.
pub(super) fn for_client(
    authority: &Authority,
    client_id: &str,
    address: &str,
    session: Option<&Session>,
) -> Option<String> {
    if !authority.policy.session_frame {
        return None;
    }
    let origin = redirect::origin(address)?;
    Some(session_state(client_id, &origin, &browser_state(authority, session), draw(authority.dice())))
}
