//! What an operator sets about the native endpoints.

use crate::oauth::{CorsOrigin, Issuer};
use dormouse_engine::AuthenticatedClient;
use dormouse_token::Rotation;
use std::time::Duration;

/// Settings of the native endpoints. An app's `dormouse.` attributes win over them.
#[derive(Clone, Debug)]
pub struct OAuthSettings {
    /// The issuer; without it, the address that is listened on.
    pub issuer: Option<Issuer>,
    /// Where a bundle, or another server, shows its sign-in page and answers with codes of ours. Advertised as it is.
    pub authorization_endpoint: Option<String>,
    /// Origins whose pages may call the endpoints from a browser.
    pub cors_origins: Vec<CorsOrigin>,
    /// Lifetime of access tokens.
    pub access_ttl: Duration,
    /// Lifetime of refresh tokens.
    pub refresh_ttl: Duration,
    /// What redeeming a refresh token does to it.
    pub rotation: Rotation,
}

impl Default for OAuthSettings {
    fn default() -> Self {
        Self {
            issuer: None,
            authorization_endpoint: None,
            cors_origins: Vec::new(),
            access_ttl: Duration::from_mins(30),
            refresh_ttl: Duration::from_hours(24 * 30),
            rotation: Rotation::Rotate,
        }
    }
}

impl OAuthSettings {
    /// The lifetime of a client's access tokens.
    pub(crate) fn access_ttl(&self, client: &AuthenticatedClient) -> Duration {
        client.settings().access_ttl.unwrap_or(self.access_ttl)
    }

    /// The lifetime of a client's refresh tokens.
    pub(crate) fn refresh_ttl(&self, client: &AuthenticatedClient) -> Duration {
        client.settings().refresh_ttl.unwrap_or(self.refresh_ttl)
    }

    /// The rotation policy of a client's families.
    pub(crate) fn rotation(&self, client: &AuthenticatedClient) -> Rotation {
        client.settings().rotation.unwrap_or(self.rotation)
    }

    /// The lifetime of the refresh token to issue; none where the client gets none: it is not switched on, or it could not
    /// redeem it, since a public client may not reuse one.
    pub(crate) fn issued_refresh_ttl(&self, client: &AuthenticatedClient) -> Option<Duration> {
        let redeemable = !client.is_public() || self.rotation(client) != Rotation::Reuse;
        (client.settings().grants.allows_refresh() && redeemable).then(|| self.refresh_ttl(client))
    }
}
