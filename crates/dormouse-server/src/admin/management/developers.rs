//! `developers`: the owners of apps.

use super::page::Listing;
use super::{Call, Refused, Reply, find};
use dormouse_entity::{Change, Developer, DeveloperStatus, EntityKey, identity};
use serde_json::Value;
use std::sync::Arc;

/// All developers.
pub(super) fn list(call: &Call) -> Reply {
    let directory = call.engine().directory();
    let listing =
        Listing { member: "developer", brief: "email", key: |it: &&Arc<Developer>| it.email.as_str() };
    let organization = call.engine().organization();
    listing.reply(call, directory.developers().collect(), |it| directory.developer_json(it, organization))
}

/// A new developer, active.
pub(super) async fn create(call: Call) -> Result<Reply, Refused> {
    let engine = call.engine();
    let id = identity::random_id(&**engine.entropy());
    let developer = Developer::from_json(call.text()?, id, engine.now())?;
    engine
        .write_entities(|directory| {
            if directory.developer_by_email(developer.email.as_str()).is_some() {
                return Err(Refused::DeveloperExists(developer.email.to_string()));
            }
            Ok(vec![Change::Developer(developer.clone())])
        })
        .await?;
    let form = engine.directory().developer_json(&developer, engine.organization());
    Ok(Reply::Created(Value::Object(form)))
}

/// One developer.
pub(super) fn show(call: &Call) -> Result<Reply, Refused> {
    let directory = call.engine().directory();
    let developer = find::developer(&directory, call)?;
    Ok(Reply::of(directory.developer_json(developer, call.engine().organization())))
}

/// Replaces names and attributes; the address stays.
pub(super) async fn update(call: Call) -> Result<Reply, Refused> {
    let engine = call.engine();
    let directory = engine.directory();
    let current = find::developer(&directory, &call)?;
    let text = match serde_json::from_str::<Value>(call.text()?) {
        Ok(Value::Object(form)) if form.get("email").is_none() => {
            call.text_with("email", current.email.as_str())?
        }
        _ => call.text()?.to_owned(),
    };
    let incoming = Developer::from_json(&text, current.developer_id.clone(), engine.now())?;
    if incoming.email != current.email {
        return Err(Refused::EmailChange);
    }
    engine
        .write_entities(|directory| {
            let current = find::developer(directory, &call)?;
            let next =
                Developer { status: current.status, created_at: current.created_at, ..incoming.clone() };
            Ok::<_, Refused>(vec![Change::Developer(next)])
        })
        .await?;
    show(&call)
}

/// `?action=active|inactive` switches the developer; without an action it is [`update`], as in Edge.
pub(super) async fn act(call: Call) -> Result<Reply, Refused> {
    let words = [("active", DeveloperStatus::Active), ("inactive", DeveloperStatus::Inactive)];
    let Some(status) = call.action(words)? else { return update(call).await };
    let engine = call.engine();
    engine
        .write_entities(|directory| {
            let current = find::developer(directory, &call)?;
            let next = Developer { status, last_modified_at: engine.now(), ..Developer::clone(current) };
            Ok::<_, Refused>(if next.status == current.status {
                Vec::new()
            } else {
                vec![Change::Developer(next)]
            })
        })
        .await?;
    Ok(Reply::NoContent)
}

/// Deletes a developer with all apps and keys. Tokens of the keys die.
pub(super) async fn delete(call: Call) -> Result<Reply, Refused> {
    let engine = call.engine();
    let directory = engine.directory();
    let developer = find::developer(&directory, &call)?;
    if !engine.delete_entity(&EntityKey::Developer(developer.email.to_string())).await? {
        return Err(Refused::NoDeveloper(developer.email.to_string()));
    }
    Ok(Reply::of(directory.developer_json(developer, engine.organization())))
}
