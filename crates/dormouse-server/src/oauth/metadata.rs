//! `/.well-known/oauth-authorization-server` (RFC 8414): what works here, and nothing else. The issuer's path follows the
//! well-known one (§3.1).

use crate::oauth::error::OAuthError;
use crate::oauth::grant::GRANT_TYPES;
use crate::oauth::{OAuth, introspect, json, revoke, token};
use bytes::Bytes;
use dormouse_token::Grant;
use serde::Serialize;

#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_endpoint: Option<&'a str>,
    token_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    /// Always sent: what is assumed in its absence includes the implicit grant.
    grant_types_supported: Vec<&'static str>,
    response_types_supported: &'static [&'static str],
    token_endpoint_auth_methods_supported: &'static [&'static str],
    introspection_endpoint_auth_methods_supported: &'static [&'static str],
    revocation_endpoint_auth_methods_supported: &'static [&'static str],
    code_challenge_methods_supported: &'static [&'static str],
}

/// Answers a request.
pub(crate) async fn answer(oauth: &OAuth) -> Result<Bytes, OAuthError> {
    let has_users = oauth.has_users().await?;
    let authorization_endpoint = oauth.settings.authorization_endpoint.as_deref();
    let works = |name: &&'static str| match name.parse() {
        Ok(Grant::Password) => has_users,
        // Without a place to get codes at, to name the grant would be a promise that nobody can use (RFC 8414 §2).
        Ok(Grant::AuthorizationCode) => authorization_endpoint.is_some(),
        _ => true,
    };
    let issuer = oauth.issuer.as_str();
    Ok(json(&Metadata {
        issuer,
        authorization_endpoint,
        token_endpoint: format!("{issuer}{}", token::PATH),
        introspection_endpoint: format!("{issuer}{}", introspect::PATH),
        revocation_endpoint: format!("{issuer}{}", revoke::PATH),
        grant_types_supported: GRANT_TYPES.iter().map(|grant_type| grant_type.name).filter(works).collect(),
        response_types_supported: if authorization_endpoint.is_some() { &["code"] } else { &[] },
        token_endpoint_auth_methods_supported: &[BASIC, POST, "none"],
        introspection_endpoint_auth_methods_supported: &[BASIC, POST],
        revocation_endpoint_auth_methods_supported: &[BASIC, POST, "none"],
        code_challenge_methods_supported: &["S256"],
    }))
}

pub(crate) const PATH: &str = "/.well-known/oauth-authorization-server";
const BASIC: &str = "client_secret_basic";
const POST: &str = "client_secret_post";
