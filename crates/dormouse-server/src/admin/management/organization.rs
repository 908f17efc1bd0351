//! `/v1/organizations/{org}`: the one organization.

use super::{Call, Reply};
use serde_json::json;

/// Its name; tools ask for it to see whether they are welcome.
pub(super) fn show(call: &Call) -> Reply {
    let name = call.engine().organization();
    Reply::Ok(json!({ "name": name, "displayName": name }))
}
