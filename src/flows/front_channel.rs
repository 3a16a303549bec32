//! Telling clients of a logout through the browser (OpenID Connect Front-Channel Logout 1.0): as well as the browser lets
//! us. What must be known for certain goes by the back channel.

use super::{Authority, Outcome};
use crate::base::id::SessionId;
use crate::protocol::logout::Frame;
use crate::store;

/// How many frames one page shows at most: each is a page of somebody else's that the browser loads.
const MOST: usize = 20;

/// Which clients of a session are told.
pub enum Told<'a> {
    All,
    One(&'a str),
}

/// The frames of the clients that this session let in and that have not been signed out yet, first come first. Read before
/// the end is written.
pub async fn frames(authority: &Authority, session: SessionId, told: Told<'_>) -> Outcome<Vec<Frame>> {
    let sid = session.to_string();
    let mut frames = Vec::new();
    for client_id in store::grant::apps(&authority.db, session).await? {
        if frames.len() == MOST {
            break;
        }
        if matches!(told, Told::One(only) if only != client_id) {
            continue;
        }
        let client = store::client::find(&authority.db, &client_id).await?;
        let uri = client.and_then(|client| client.metadata.frontchannel_logout_uri);
        frames.extend(uri.and_then(|uri| Frame::of(&uri, &authority.policy.issuer, &sid)));
    }
    Ok(frames)
}
