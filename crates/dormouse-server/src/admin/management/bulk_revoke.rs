//! `oauth2/revoke` and `oauth2/search` (Edge): all tokens of an app, of an end user, or of an end user in an app.

use super::{Call, Refused, Reply};
use dormouse_engine::{CutOffOrder, Error, Refusal};
use dormouse_token::{Reach, Reason, Target};

/// Cuts off every token that was issued so far. `cascade=false` spares refresh tokens and codes.
pub(super) async fn revoke(call: Call) -> Result<Reply, Refused> {
    let engine = call.engine();
    if call.query("app").is_some_and(|app| engine.directory().app(app).is_none()) {
        return Err(Error::from(Refusal::UnknownApp).into());
    }
    let (target, reason) = match (call.query("app"), call.query("enduser")) {
        (Some(app), Some(user)) => {
            (Target::AppUser { app: app.into(), user: user.into() }, Reason::AppEndUser)
        }
        (Some(app), None) => (Target::App(app.into()), Reason::App),
        (None, Some(user)) => (Target::User(user.into()), Reason::EndUser),
        (None, None) => return Err(Refused::NoTokenOwner),
    };
    let spares_refresh = call.query("cascade").is_some_and(|value| value.eq_ignore_ascii_case("false"));
    let reach = if spares_refresh { Reach::Access } else { Reach::Both };
    engine.cut_off(CutOffOrder { target, reach, reason, before: None }).await?;
    Ok(Reply::NoContent)
}

/// Tokens are not stored, so that they cannot be found.
pub(super) fn search(_: &Call) -> Result<Reply, Refused> {
    Err(Refused::NotListed)
}
