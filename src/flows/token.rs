//! The token endpoint: who asks, whether they may use this grant, and which flow answers.

use super::client_auth::authenticate;
use super::{Activity, Authority, Outcome, client_credentials, code, refresh};
use crate::protocol::client_auth::Presented;
use crate::protocol::token::{TokenAnswer, TokenRequest};

/// A client that fails to prove itself changes nothing: neither its code nor its refresh token is spent.
pub async fn answer(
    authority: &Authority,
    presented: Presented,
    request: TokenRequest,
    activity: Activity,
) -> Outcome<TokenAnswer> {
    let now = authority.now();
    let client = authenticate(authority, presented, now).await?;
    client.must_be_allowed(request.grant_type())?;
    match request {
        TokenRequest::Code(asked) => code::redeem(authority, &client, &asked, now).await,
        TokenRequest::Refresh(asked) => refresh::rotate(authority, &client, &asked, activity, now).await,
        TokenRequest::ClientCredentials(asked) => client_credentials::issue(authority, &client, &asked, now).await,
    }
}
