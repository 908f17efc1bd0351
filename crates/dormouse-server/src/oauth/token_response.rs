//! The answer of the token endpoint (RFC 6749 §5.1). What there is none of is left out: several clients fail on null or "".

use crate::oauth::json;
use bytes::Bytes;
use dormouse_engine::{Issued, Token};
use serde::Serialize;

#[derive(Serialize)]
struct TokenResponse<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    /// Apigee's name, which others have taken up.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_expires_in: Option<u64>,
    /// Said always, so that a client never has to guess what it was granted.
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
}

/// The body for issued tokens.
pub(crate) fn token_response(issued: &Issued) -> Bytes {
    let access = &issued.access;
    json(&TokenResponse {
        access_token: &access.text,
        token_type: "Bearer",
        expires_in: seconds(access, access),
        refresh_token: issued.refresh.as_ref().map(|refresh| refresh.text.as_str()),
        refresh_token_expires_in: issued.refresh.as_ref().map(|refresh| seconds(refresh, access)),
        scope: access.claims.scope.to_string(),
    })
}

/// Whole seconds that a token has left: under `reuse`, the refresh token is older than the access token.
fn seconds(token: &Token, access: &Token) -> u64 {
    token.claims.expires_at.since(access.claims.issued_at).as_secs()
}
