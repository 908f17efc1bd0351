//! `grant_type=authorization_code` (RFC 6749 §4.1.3) with PKCE (RFC 7636), for codes of bundles and of native front ends.

use crate::oauth::OAuth;
use crate::oauth::error::{OAuthError, required};
use crate::oauth::grant::TokenRequest;
use dormouse_engine::{CodeExchange, Issued};
use dormouse_token::{Attributes, Grant};

pub(crate) async fn run(oauth: &OAuth, request: TokenRequest<'_>) -> Result<Issued, OAuthError> {
    request.check_allowed(Grant::AuthorizationCode)?;
    let (client, form) = (request.client, request.form);
    let exchange = CodeExchange {
        client,
        code: required(form, "code", "code is missing")?,
        redirect_uri: form.value("redirect_uri"),
        code_verifier: form.value("code_verifier"),
        attributes: Attributes::default(),
        access_ttl: oauth.settings.access_ttl(client),
        refresh_ttl: oauth.settings.issued_refresh_ttl(client),
        user: None,
        source: oauth.source,
        front_end: request.front_end(oauth),
    };
    Ok(oauth.engine().exchange_code(exchange).await?)
}
