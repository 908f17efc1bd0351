//! `oauth2/authorizationcodes/{code}` (Edge): a code that was not used yet.

use super::edge_token::{look_up, refused};
use super::{Call, Refused, Reply};
use dormouse_entity::write_attributes;
use dormouse_token::Kind;
use serde_json::json;

/// The code as it is now.
pub(super) async fn show(call: Call) -> Result<Reply, Refused> {
    let code = look_up(&call, Kind::Code).await?;
    let status = if code.expired { "expired" } else { "active" };
    let status = code.status.map_or("revoked", |()| status);
    Ok(Reply::Ok(json!({
        "code": call.name("token"),
        "client_id": &*code.claims.client,
        "issuedAt": code.claims.issued_at.as_ms(),
        "expiresAt": code.claims.expires_at.as_ms(),
        "scope": code.claims.scope.to_string(),
        "status": status,
        "attributes": write_attributes(&code.attributes),
    })))
}

/// Deletes the code, so that nobody can use it.
pub(super) async fn delete(call: Call) -> Result<Reply, Refused> {
    let deleted = call.engine().delete(call.name("token"), Kind::Code).await;
    deleted.map_err(|error| refused(error, Kind::Code))?;
    Ok(Reply::NoContent)
}
