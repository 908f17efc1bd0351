//! How Edge's management API shows a token.

use super::{Call, Refused};
use dormouse_engine::{Error, LookedUp, Refusal};
use dormouse_entity::{KeyStatus, Secrets, write_attributes};
use dormouse_token::Kind;
use serde_json::{Map, Value, json};

/// The token in the path as it is now: expired and revoked ones too.
///
/// # Errors
/// [`Refused::NoToken`] for one that is unknown, deleted or superseded.
pub(super) async fn look_up(call: &Call, kind: Kind) -> Result<LookedUp, Refused> {
    call.engine().look_up(call.name("token"), kind, None).await.map_err(|error| refused(error, kind))
}

/// What stands against an act on a token.
pub(super) fn refused(error: Error, kind: Kind) -> Refused {
    match error {
        Error::Refused(Refusal::Unknown | Refusal::Superseded(_)) => Refused::NoToken(kind),
        Error::Refused(Refusal::Expired) => Refused::TokenExpired,
        Error::Refused(Refusal::NotApproved(_)) => Refused::TokenRevoked,
        Error::Refused(Refusal::AttributesTooLarge) => Refused::AttributesTooLarge,
        other => other.into(),
    }
}

/// The JSON form of an access or refresh token.
pub(super) fn form(call: &Call, token: &LookedUp) -> Map<String, Value> {
    let claims = &token.claims;
    let directory = call.engine().directory();
    let credential = directory.credential(&claims.client);
    let app = credential.and_then(|credential| directory.app(credential.app_id.as_str()));
    let approved = credential.into_iter().flat_map(|credential| &credential.products);
    let approved = approved.filter(|product| product.status == KeyStatus::Approved);
    let (issued_at, expires_at) = (claims.issued_at.as_ms(), claims.expires_at.as_ms());
    let form = json!({
        "token": call.name("token"),
        "tokenType": "BearerToken",
        "status": status(token),
        "clientId": &*claims.client,
        "app": app.map(|app| app.name.as_str()),
        "appId": app.map(|app| app.app_id.as_str()),
        "appEnduser": claims.user.as_deref(),
        "apiProducts": approved.map(|product| product.name.as_str()).collect::<Vec<_>>(),
        "scope": claims.scope.to_string(),
        "grantType": claims.grant.as_str(),
        "attributes": write_attributes(&token.attributes),
        "issuedAt": issued_at,
        "expiresAt": expires_at,
        "createdAt": issued_at,
        "lastModifiedAt": issued_at,
        "refreshCount": token.refresh_count,
    });
    let Value::Object(mut form) = form else { return Map::new() };
    // The other token is as secret as a consumer secret.
    let twin = token.partner.as_ref().and_then(|partner| partner.twin.as_ref());
    if let (Kind::Access, Secrets::Shown, Some(twin)) = (claims.kind, call.secrets(), twin) {
        form.insert("refreshToken".to_owned(), json!(twin));
    }
    form.retain(|_, value| !value.is_null());
    form
}

fn status(token: &LookedUp) -> &'static str {
    match (token.status, token.expired) {
        (Err(_), _) => "revoked",
        (Ok(()), true) => "expired",
        (Ok(()), false) => "approved",
    }
}
