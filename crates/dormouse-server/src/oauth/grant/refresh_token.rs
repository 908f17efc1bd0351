//! `grant_type=refresh_token` (RFC 6749 §6).

use crate::oauth::OAuth;
use crate::oauth::error::{OAuthError, required};
use crate::oauth::grant::TokenRequest;
use dormouse_engine::{Issued, RedeemRequest};
use dormouse_token::{Attributes, Redeemer};

pub(crate) async fn run(oauth: &OAuth, request: TokenRequest<'_>) -> Result<Issued, OAuthError> {
    let client = request.client;
    if !client.settings().grants.allows_refresh() {
        return Err(OAuthError::UnauthorizedClient);
    }
    let scope = request.scope()?;
    let engine = oauth.engine();
    let redeem = RedeemRequest {
        client,
        token: required(request.form, "refresh_token", "refresh_token is missing")?,
        scope: scope.as_ref(),
        rotation: oauth.settings.rotation,
        redeemer: Redeemer::Native { family_ttl: engine.settings().family_ttl },
        attributes: Attributes::default(),
        access_ttl: oauth.settings.access_ttl(client),
        refresh_ttl: oauth.settings.refresh_ttl(client),
    };
    Ok(engine.redeem(redeem).await?.issued)
}
