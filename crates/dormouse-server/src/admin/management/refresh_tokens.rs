//! `oauth2/refreshtokens/{token}` (Edge): read, approve and revoke by the token's string.

use super::edge_token::{form, look_up};
use super::{Call, Refused, Reply};
use dormouse_token::Kind;

/// The token as it is now. Reading it neither consumes nor extends it.
pub(super) async fn show(call: Call) -> Result<Reply, Refused> {
    let token = look_up(&call, Kind::Refresh).await?;
    Ok(Reply::of(form(&call, &token)))
}

/// `?action=approve|revoke`, with `cascade` for the access token too.
pub(super) async fn act(call: Call) -> Result<Reply, Refused> {
    let change = call.status_change()?.ok_or(Refused::ActionMissing(["approve", "revoke"]))?;
    let (token, cascade) = (call.name("token"), call.is_true("cascade"));
    if call.engine().set_status(token, Kind::Refresh, cascade, change).await? {
        Ok(Reply::NoContent)
    } else {
        Err(Refused::NoToken(Kind::Refresh))
    }
}
