//! `grant_type=client_credentials` (RFC 6749 §4.4). Never with a refresh token: the client can ask again whenever it likes.

use crate::oauth::OAuth;
use crate::oauth::error::OAuthError;
use crate::oauth::grant::TokenRequest;
use dormouse_engine::{IssueRequest, Issued};
use dormouse_token::{Attributes, Grant};

pub(crate) async fn run(oauth: &OAuth, request: TokenRequest<'_>) -> Result<Issued, OAuthError> {
    request.check_allowed(Grant::ClientCredentials)?;
    let client = request.client;
    // It has no credentials that would be worth the name.
    if client.is_public() {
        return Err(OAuthError::UnauthorizedClient);
    }
    let scope = request.grantable_scope()?;
    let issue = IssueRequest {
        client,
        grant: Grant::ClientCredentials,
        user: None,
        scope: scope.as_ref(),
        attributes: Attributes::default(),
        access_ttl: oauth.settings.access_ttl(client),
        refresh_ttl: None,
        source: oauth.source,
        front_end: request.front_end(oauth),
    };
    Ok(oauth.engine().issue(issue).await?)
}
