//! `/keys/{key}`: whose key it is. Apigee's paths need the developer and the app, which who sees a `client_id` does not know.

use super::{Call, Refused, Reply};
use serde_json::json;

/// The key with its app and developer.
pub(super) fn show(call: &Call) -> Result<Reply, Refused> {
    let directory = call.engine().directory();
    let credential = directory.credential(call.name("key")).ok_or(Refused::NoKey)?;
    let app = directory.app(credential.app_id.as_str()).ok_or(Refused::NoKey)?;
    let developer = directory.developer(app.developer_id.as_str()).ok_or(Refused::NoKey)?;
    Ok(Reply::Ok(json!({
        "developer": developer.email.as_str(),
        "developerStatus": developer.status.as_str(),
        "app": app.name.as_str(),
        "appId": app.app_id.as_str(),
        "appStatus": app.status.as_str(),
        "credential": credential.to_json(call.secrets()),
    })))
}
