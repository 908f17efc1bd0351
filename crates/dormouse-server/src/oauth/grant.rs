//! The grant types of the token endpoint, one file each.

mod authorization_code;
mod client_credentials;
mod password;
mod refresh_token;

use crate::oauth::error::OAuthError;
use crate::oauth::{OAuth, Pending};
use dormouse_engine::{AuthenticatedClient, Issued};
use dormouse_token::{Form, FrontEnd, Grant, Scope};
use std::net::SocketAddr;

/// What a client asks the token endpoint for.
#[derive(Clone, Copy)]
pub(crate) struct TokenRequest<'a> {
    pub(crate) client: &'a AuthenticatedClient,
    pub(crate) form: &'a Form,
    pub(crate) peer: SocketAddr,
}

/// A grant type: the value of `grant_type`, and what carries it out.
pub(crate) struct GrantType {
    pub(crate) name: &'static str,
    pub(crate) run: for<'a> fn(&'a OAuth, TokenRequest<'a>) -> Pending<'a, Issued>,
}

/// The grant types, in the order of RFC 6749. A new one is one file and a line here.
pub(crate) const GRANT_TYPES: &[GrantType] = &[
    GrantType {
        name: Grant::AuthorizationCode.as_str(),
        run: |oauth, request| Box::pin(authorization_code::run(oauth, request)),
    },
    GrantType {
        name: Grant::Password.as_str(),
        run: |oauth, request| Box::pin(password::run(oauth, request)),
    },
    GrantType {
        name: Grant::ClientCredentials.as_str(),
        run: |oauth, request| Box::pin(client_credentials::run(oauth, request)),
    },
    GrantType { name: "refresh_token", run: |oauth, request| Box::pin(refresh_token::run(oauth, request)) },
];

impl TokenRequest<'_> {
    /// Only for clients that an administrator has switched on for the grant.
    fn check_allowed(&self, grant: Grant) -> Result<(), OAuthError> {
        if self.client.settings().grants.allows(grant) { Ok(()) } else { Err(OAuthError::UnauthorizedClient) }
    }

    /// The scope that was asked for, in the alphabet and with the separators of RFC 6749 §3.3.
    fn scope(&self) -> Result<Option<Scope>, OAuthError> {
        let Some(text) = self.form.value("scope") else { return Ok(None) };
        let scope = Scope::parse(text);
        let separated_by_blanks = !text.bytes().any(|byte| byte.is_ascii_control());
        if !separated_by_blanks || !scope.is_rfc6749() || scope.is_empty() {
            return Err(OAuthError::InvalidScope);
        }
        Ok(Some(scope))
    }

    /// The scope that was asked for, when the client may be granted all of it.
    fn grantable_scope(&self) -> Result<Option<Scope>, OAuthError> {
        let scope = self.scope()?;
        let exceeds = |scope: &Scope| !scope.is_subset(&self.client.grantable_scope());
        if scope.as_ref().is_some_and(exceeds) { Err(OAuthError::InvalidScope) } else { Ok(scope) }
    }

    /// The front end that a new family seals.
    fn front_end(&self, oauth: &OAuth) -> FrontEnd {
        FrontEnd::Native(oauth.settings.rotation(self.client))
    }
}
