//! Finding what a path names.

use super::{Call, Refused};
use dormouse_entity::{ApiProduct, App, Credential, Developer, Directory};
use std::sync::Arc;

/// The developer in the path: an e-mail address, or an id.
pub(super) fn developer<'a>(directory: &'a Directory, call: &Call) -> Result<&'a Arc<Developer>, Refused> {
    let name = call.name("developer");
    let found = directory.developer_by_email(name).or_else(|| directory.developer(name));
    found.ok_or_else(|| Refused::NoDeveloper(name.to_owned()))
}

/// The app in the path, by its name among the developer's or by its id.
pub(super) fn app<'a>(directory: &'a Directory, call: &Call) -> Result<&'a Arc<App>, Refused> {
    let owner = developer(directory, call)?.developer_id.as_str();
    let name = call.name("app");
    let by_id = || directory.app(name).filter(|app| app.developer_id.as_str() == owner);
    directory.app_named(owner, name).or_else(by_id).ok_or_else(|| Refused::NoApp(name.to_owned()))
}

/// The key in the path, which must be the app's.
pub(super) fn key<'a>(directory: &'a Directory, call: &Call) -> Result<&'a Arc<Credential>, Refused> {
    let app = app(directory, call)?;
    let own = |key: &&Arc<Credential>| key.app_id == app.app_id;
    directory.credential(call.name("key")).filter(own).ok_or(Refused::NoKey)
}

/// The API product in the path.
pub(super) fn product<'a>(directory: &'a Directory, call: &Call) -> Result<&'a Arc<ApiProduct>, Refused> {
    let name = call.name("product");
    directory.product(name).ok_or_else(|| Refused::NoProduct(name.to_owned()))
}
