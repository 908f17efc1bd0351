//! `/oauth/introspect` (RFC 7662): what is known of a token that may be used now, for clients that prove who they are. Access
//! tokens are shown to every one of them, refresh tokens to their own client alone.

use crate::oauth::authenticate::authenticate_confidential;
use crate::oauth::error::{OAuthError, required};
use crate::oauth::{FormRequest, OAuth, json};
use bytes::Bytes;
use dormouse_engine::{AuthenticatedClient, Error};
use dormouse_token::{Claims, Kind};
use serde::Serialize;

#[derive(Serialize)]
struct Shown<'a> {
    active: bool,
    /// So that nobody takes a refresh token for an access token.
    token_use: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    client_id: &'a str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    iss: &'a str,
    iat: u64,
    exp: u64,
}

/// Answers a request.
pub(crate) async fn answer(oauth: &OAuth, request: &FormRequest) -> Result<Bytes, OAuthError> {
    let caller = authenticate_confidential(oauth, request)?;
    let token = required(&request.form, "token", "token is missing")?;
    let Some(claims) = find(oauth, &caller, token).await? else { return Ok(Bytes::from_static(INACTIVE)) };
    Ok(json(&shown(&claims, oauth.issuer.as_str())))
}

/// The claims of a token that may be used now and shown to the caller. A foreign string may be either kind.
async fn find(
    oauth: &OAuth,
    caller: &AuthenticatedClient,
    token: &str,
) -> Result<Option<Claims>, OAuthError> {
    let kind = Kind::of(token);
    if matches!(kind, None | Some(Kind::Access)) {
        match oauth.engine().verify(token, None).await {
            Ok(verified) => return Ok(Some(verified.claims)),
            Err(Error::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if matches!(kind, None | Some(Kind::Refresh)) {
        return find_refresh(oauth, caller, token).await;
    }
    Ok(None)
}

async fn find_refresh(
    oauth: &OAuth,
    caller: &AuthenticatedClient,
    token: &str,
) -> Result<Option<Claims>, OAuthError> {
    match oauth.engine().look_up(token, Kind::Refresh, None).await {
        Ok(found) if found.status.is_ok() && !found.expired && *found.claims.client == *caller.id() => {
            Ok(Some(found.claims))
        }
        Ok(_) | Err(Error::Refused(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn shown<'a>(claims: &'a Claims, issuer: &'a str) -> Shown<'a> {
    let is_access = claims.kind == Kind::Access;
    Shown {
        active: true,
        token_use: if is_access { "access_token" } else { "refresh_token" },
        token_type: is_access.then_some("Bearer"),
        client_id: &claims.client,
        sub: claims.user.as_deref().unwrap_or(&claims.client),
        username: claims.user.as_deref(),
        scope: claims.scope.to_string(),
        iss: issuer,
        iat: claims.issued_at.as_ms() / 1000,
        exp: claims.expires_at.as_ms() / 1000,
    }
}

pub(crate) const PATH: &str = "/oauth/introspect";

/// Nothing else is said of a token that may not be used, or not be shown (RFC 7662 §2.2).
const INACTIVE: &[u8] = br#"{"active":false}"#;
