//! `developers/{developer}/apps`, and `apps` for the whole organization.

use super::keys::new_key;
use super::page::Listing;
use super::{Call, Refused, Reply, find};
use dormouse_engine::StatusChange;
use dormouse_entity::{
    App, AppStatus, Change, Credential, Directory, EntityKey, KeyRequest, Secrets, identity,
};
use dormouse_token::Attributes;
use serde_json::Value;
use std::sync::Arc;

/// The apps of a developer.
pub(super) fn list(call: &Call) -> Result<Reply, Refused> {
    let directory = call.engine().directory();
    let owner = find::developer(&directory, call)?;
    let listing = Listing { member: "app", brief: "appId", key: |it: &&Arc<App>| it.name.as_str() };
    let apps = directory.apps_of(owner.developer_id.as_str()).collect();
    Ok(listing.reply(call, apps, |it| directory.app_json(it, call.secrets())))
}

/// The apps of all developers, by id; `apiProduct`, `status`, `keyStatus` and `ids` select.
pub(super) fn list_all(call: &Call) -> Reply {
    let directory = call.engine().directory();
    let listing = Listing { member: "app", brief: "appId", key: |it: &&Arc<App>| it.app_id.as_str() };
    let apps = directory.apps().filter(|app| is_selected(app, &directory, call)).collect();
    listing.reply(call, apps, |it| directory.app_json(it, call.secrets()))
}

fn is_selected(app: &App, directory: &Directory, call: &Call) -> bool {
    let ids = call.query("ids").is_none_or(|ids| ids.split(',').any(|id| id.trim() == app.app_id.as_str()));
    let status = call.query("status").is_none_or(|status| status == app.status.as_str());
    let credentials = directory.credentials_of(app.app_id.as_str());
    let has_key = |wanted: &dyn Fn(&Credential) -> bool| credentials.iter().any(|key| wanted(key));
    let key_status =
        call.query("keyStatus").is_none_or(|status| has_key(&|key| key.status.as_str() == status));
    let product = call
        .query("apiProduct")
        .is_none_or(|product| has_key(&|key| key.products.iter().any(|own| own.name.as_str() == product)));
    ids && status && key_status && product
}

/// A new app with a generated key for the API products that the body names.
pub(super) async fn create(call: Call) -> Result<Reply, Refused> {
    let engine = call.engine();
    let owner = find::developer(&engine.directory(), &call)?.developer_id.clone();
    let ids = (identity::random_id(&**engine.entropy()), owner);
    let app = App::from_json(call.text()?, ids, engine.now())?;
    let request = KeyRequest::from_json(call.text()?)?;
    let key = new_key(engine, generated(request), &app);
    engine
        .write_entities(|directory| {
            let owner = find::developer(directory, &call)?.developer_id.as_str();
            if directory.app_named(owner, app.name.as_str()).is_some() {
                return Err(Refused::AppExists(app.name.to_string()));
            }
            Ok(vec![Change::App(app.clone()), Change::Credential(key.in_directory(directory)?)])
        })
        .await?;
    // Nobody could ever use a generated secret that even its maker is not told.
    Ok(Reply::Created(Value::Object(engine.directory().app_json(&app, Secrets::Shown))))
}

/// One app with its keys.
pub(super) fn show(call: &Call) -> Result<Reply, Refused> {
    let directory = call.engine().directory();
    Ok(Reply::of(directory.app_json(find::app(&directory, call)?, call.secrets())))
}

/// One app, by id.
pub(super) fn show_by_id(call: &Call) -> Result<Reply, Refused> {
    let (directory, id) = (call.engine().directory(), call.name("app_id"));
    let app = directory.app(id).ok_or_else(|| Refused::NoApp(id.to_owned()))?;
    Ok(Reply::of(directory.app_json(app, call.secrets())))
}

/// Replaces callback, display name and attributes; API products in the body get a new key. Name, state and scopes stay.
pub(super) async fn update(call: Call) -> Result<Reply, Refused> {
    let engine = call.engine();
    let current = Arc::clone(find::app(&engine.directory(), &call)?);
    let ids = (current.app_id.clone(), current.developer_id.clone());
    let incoming = App::from_json(&call.text_with("name", current.name.as_str())?, ids, engine.now())?;
    let request = KeyRequest::from_json(call.text()?)?;
    let has_key = !request.products.is_empty();
    let key = new_key(engine, generated(request), &current);
    engine
        .write_entities(|directory| {
            let current = find::app(directory, &call)?;
            let mut next = incoming.clone();
            next.status = current.status;
            next.created_at = current.created_at;
            next.scopes = current.scopes.clone();
            let mut changes = vec![Change::App(next)];
            if has_key {
                changes.push(Change::Credential(key.in_directory(directory)?));
            }
            Ok::<_, Refused>(changes)
        })
        .await?;
    let directory = engine.directory();
    let mut form = directory.app_json(find::app(&directory, &call)?, call.secrets());
    key.show_secret_in(&mut form);
    Ok(Reply::of(form))
}

/// `?action=approve|revoke` switches the app; without an action it gets a further key for the API products in the body,
/// which is how Apigee rotates keys: the old one goes on until it is revoked or expires.
pub(super) async fn act(call: Call) -> Result<Reply, Refused> {
    let engine = call.engine();
    let Some(change) = call.status_change()? else { return add_key(&call).await };
    let status = match change {
        StatusChange::Approve => AppStatus::Approved,
        StatusChange::Revoke => AppStatus::Revoked,
    };
    engine
        .write_entities(|directory| {
            let current = find::app(directory, &call)?;
            let mut next = App::clone(current);
            (next.status, next.last_modified_at) = (status, engine.now());
            Ok::<_, Refused>(if next.status == current.status { Vec::new() } else { vec![Change::App(next)] })
        })
        .await?;
    Ok(Reply::NoContent)
}

async fn add_key(call: &Call) -> Result<Reply, Refused> {
    let engine = call.engine();
    let app = Arc::clone(find::app(&engine.directory(), call)?);
    let request = KeyRequest::from_json(call.text()?)?;
    let key = new_key(engine, generated(request), &app);
    engine
        .write_entities(|directory| {
            find::app(directory, call)?;
            Ok::<_, Refused>(vec![Change::Credential(key.in_directory(directory)?)])
        })
        .await?;
    let directory = engine.directory();
    let mut form = directory.app_json(find::app(&directory, call)?, call.secrets());
    key.show_secret_in(&mut form);
    Ok(Reply::of(form))
}

/// Deletes an app with its keys. Their tokens die.
pub(super) async fn delete(call: Call) -> Result<Reply, Refused> {
    let engine = call.engine();
    let directory = engine.directory();
    let (owner, app) = (find::developer(&directory, &call)?, find::app(&directory, &call)?);
    let entity = EntityKey::App { developer: owner.email.to_string(), app: app.name.to_string() };
    if !engine.delete_entity(&entity).await? {
        return Err(Refused::NoApp(app.name.to_string()));
    }
    Ok(Reply::of(directory.app_json(app, call.secrets())))
}

/// Key and secret of the caller's choice come in at `keys`; the attributes in an app's body are the app's.
fn generated(request: KeyRequest) -> KeyRequest {
    KeyRequest { consumer_key: None, consumer_secret: None, attributes: Attributes::default(), ..request }
}
