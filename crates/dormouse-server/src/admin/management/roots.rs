//! `/roots`: what tokens are sealed under, and burning it (TOKENS §1 "burn").

use super::{Call, Refused, Reply};
use dormouse_engine::{Error, Refusal};
use dormouse_token::RootId;
use serde_json::{Value, json};

/// Every root that is loaded. They are named by a hash, which tells nothing about them.
pub(super) fn list(call: &Call) -> Reply {
    let (roots, sealing) = call.engine().root_ids();
    let root = |root: RootId| json!({ "root": root.to_string(), "seals": root == sealing });
    Reply::Ok(
        json!({ "roots": roots.into_iter().map(root).collect::<Value>(), "hour": call.engine().now().hour() }),
    )
}

/// Burns a root, or one of its hours: `{"hour": HOURS_SINCE_1970}`. Its tokens die, and what may descend from a forgery.
pub(super) async fn burn(call: Call) -> Result<Reply, Refused> {
    let engine = call.engine();
    let named = call.name("root");
    let unknown = || Refused::NoRoot(named.to_owned());
    let root = engine.root_ids().0.into_iter().find(|root| root.to_string() == named).ok_or_else(unknown)?;
    let body: Value = serde_json::from_str(call.text()?).map_err(|error| Refused::Json(error.to_string()))?;
    let number = match body.get("hour") {
        None => engine.burn_root(root).await,
        Some(hour) => {
            let hour = hour.as_u64().and_then(|hour| u32::try_from(hour).ok());
            let hour =
                hour.ok_or_else(|| Refused::Json("hour must be a number of hours since 1970".to_owned()))?;
            engine.burn_hour(root, hour).await
        }
    };
    match number {
        Ok(number) => Ok(Reply::Ok(json!({ "number": number }))),
        Err(Error::Refused(Refusal::Unknown)) => Err(unknown()),
        Err(error) => Err(error.into()),
    }
}
