//! `/oauth/token` (RFC 6749 §3.2): authenticates the client and hands over to the grant.

use crate::oauth::authenticate::authenticate;
use crate::oauth::error::{OAuthError, required};
use crate::oauth::grant::{GRANT_TYPES, TokenRequest};
use crate::oauth::token_response::token_response;
use crate::oauth::{FormRequest, OAuth};
use bytes::Bytes;
use dormouse_token::Form;

/// Answers a request.
pub(crate) async fn answer(oauth: &OAuth, request: &FormRequest) -> Result<Bytes, OAuthError> {
    let name = required(&request.form, "grant_type", "grant_type is missing")?;
    let client = authenticate(oauth, request)?;
    let grant_type = GRANT_TYPES.iter().find(|grant_type| grant_type.name == name);
    let grant_type = grant_type.ok_or(OAuthError::UnsupportedGrantType)?;
    let request = TokenRequest { client: &client, form: &request.form, peer: request.peer };
    let issued = (grant_type.run)(oauth, request).await?;
    Ok(token_response(&issued))
}

/// The grant type of a form as a label of metrics, which must be one of a few.
pub(crate) fn grant_label(form: &Form) -> &'static str {
    let Some(name) = form.value("grant_type") else { return "" };
    GRANT_TYPES
        .iter()
        .find(|grant_type| grant_type.name == name)
        .map_or("other", |grant_type| grant_type.name)
}

pub(crate) const PATH: &str = "/oauth/token";
