//! `oauth2/accesstokens/{token}` (Edge): read, approve, revoke, edit and delete by the token's string.

use super::edge_token::{form, look_up, refused};
use super::{Call, Refused, Reply};
use dormouse_entity::attributes_from_json;
use dormouse_token::Kind;
use serde_json::Value;

/// The token as it is now.
pub(super) async fn show(call: Call) -> Result<Reply, Refused> {
    let token = look_up(&call, Kind::Access).await?;
    Ok(Reply::of(form(&call, &token)))
}

/// `?action=approve|revoke` with `cascade`, else new attributes from the body.
pub(super) async fn act(call: Call) -> Result<Reply, Refused> {
    let Some(change) = call.status_change()? else { return edit(call).await };
    let (token, cascade) = (call.name("token"), call.is_true("cascade"));
    if call.engine().set_status(token, Kind::Access, cascade, change).await? {
        Ok(Reply::NoContent)
    } else {
        Err(Refused::NoToken(Kind::Access))
    }
}

async fn edit(call: Call) -> Result<Reply, Refused> {
    let body: Value = serde_json::from_str(call.text()?).map_err(|error| Refused::Json(error.to_string()))?;
    let before = look_up(&call, Kind::Access).await?;
    let scope = body.get("scope").and_then(Value::as_str);
    if scope.is_some_and(|scope| scope != before.claims.scope.to_string()) {
        return Err(Refused::ScopeChange);
    }
    let attributes = attributes_from_json(call.text()?)?;
    let edited = call.engine().edit(call.name("token"), &attributes).await;
    edited.map_err(|error| refused(error, Kind::Access))?;
    show(call).await
}

/// Deletes the token with its refresh token, and tells what it was.
pub(super) async fn delete(call: Call) -> Result<Reply, Refused> {
    let token = look_up(&call, Kind::Access).await?;
    let deleted = call.engine().delete(call.name("token"), Kind::Access).await;
    deleted.map_err(|error| refused(error, Kind::Access))?;
    let mut form = form(&call, &token);
    form.remove("refreshToken");
    Ok(Reply::of(form))
}
