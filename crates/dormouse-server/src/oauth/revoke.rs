//! `/oauth/revoke` (RFC 7009). Answers 200 with `{}`: the one form that no client in use breaks on.

use crate::oauth::authenticate::authenticate;
use crate::oauth::error::{OAuthError, required};
use crate::oauth::{FormRequest, OAuth};
use bytes::Bytes;
use dormouse_engine::NativeRevocation;
use dormouse_token::Kind;

/// Answers a request.
pub(crate) async fn answer(oauth: &OAuth, request: &FormRequest) -> Result<Bytes, OAuthError> {
    let client = authenticate(oauth, request)?;
    let token = required(&request.form, "token", "token is missing")?;
    // What is no name of a token type is no reason to refuse (RFC 7009 §2.1).
    let hint = match request.form.value("token_type_hint") {
        Some("access_token") => Some(Kind::Access),
        Some("refresh_token") => Some(Kind::Refresh),
        _ => None,
    };
    match oauth.engine().revoke_native(&client, token, hint).await? {
        // A public client proves nothing, so that it is told nothing of others' tokens.
        NativeRevocation::Foreign if !client.is_public() => {
            Err(OAuthError::InvalidRequest("the token is not of this client"))
        }
        NativeRevocation::Dead | NativeRevocation::Foreign => Ok(Bytes::from_static(b"{}")),
    }
}

pub(crate) const PATH: &str = "/oauth/revoke";
