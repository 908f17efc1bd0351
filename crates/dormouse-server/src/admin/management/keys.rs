//! `apps/{app}/keys`: consumer keys with their secrets. An app may have several that are in force at once.

use super::{Call, Refused, Reply, find};
use dormouse_engine::{Engine, StatusChange};
use dormouse_entity::{
    App, ApprovalType, Change, ConsumerKey, Credential, CredentialProduct, Directory, EntityKey, KeyRequest,
    KeyStatus, Name, Secrets, generate_secret,
};
use serde_json::{Map, Value, json};

/// A key that is still to be stored.
pub(super) struct NewKey {
    credential: Credential,
    products: Vec<Name>,
}

/// The key that a request asks for; what it leaves out is generated.
pub(super) fn new_key(engine: &Engine, request: KeyRequest, app: &App) -> NewKey {
    let (entropy, now) = (&**engine.entropy(), engine.now());
    let credential = Credential {
        consumer_key: request.consumer_key.unwrap_or_else(|| ConsumerKey::generate(entropy)),
        consumer_secret: request.consumer_secret.unwrap_or_else(|| generate_secret(entropy)),
        app_id: app.app_id.clone(),
        status: KeyStatus::Approved,
        issued_at: now,
        expires_at: request.lifetime.map(|lifetime| now.saturating_add(lifetime)),
        scopes: request.scopes,
        attributes: request.attributes,
        products: Vec::new(),
    };
    NewKey { credential, products: request.products }
}

impl NewKey {
    /// The key with the states that its API products begin with.
    ///
    /// # Errors
    /// A consumer key that somebody has, and API products that do not exist.
    pub(super) fn in_directory(&self, directory: &Directory) -> Result<Credential, Refused> {
        if directory.credential(self.credential.consumer_key.as_str()).is_some() {
            return Err(Refused::KeyExists);
        }
        let mut credential = self.credential.clone();
        attach(&mut credential, &self.products, directory)?;
        Ok(credential)
    }

    /// Shows the secret of this key, if it is there, to who made it: nobody could ever use a generated one otherwise.
    pub(super) fn show_secret_in(&self, app: &mut Map<String, Value>) {
        let credentials = app.get_mut("credentials").and_then(Value::as_array_mut);
        for form in credentials.into_iter().flatten() {
            if form["consumerKey"] == self.credential.consumer_key.as_str() {
                form["consumerSecret"] = json!(self.credential.consumer_secret.expose());
            }
        }
    }
}

/// A key of the caller's choice, or a generated one.
pub(super) async fn create(call: Call) -> Result<Reply, Refused> {
    let engine = call.engine();
    let request = KeyRequest::from_json(call.text()?)?;
    let key = new_key(engine, request, find::app(&engine.directory(), &call)?);
    engine
        .write_entities(|directory| {
            find::app(directory, &call)?;
            Ok::<_, Refused>(vec![Change::Credential(key.in_directory(directory)?)])
        })
        .await?;
    let directory = engine.directory();
    let stored = directory.credential(key.credential.consumer_key.as_str()).ok_or(Refused::NoKey)?;
    Ok(Reply::Created(Value::Object(stored.to_json(Secrets::Shown))))
}

/// One key.
pub(super) fn show(call: &Call) -> Result<Reply, Refused> {
    Ok(Reply::of(find::key(&call.engine().directory(), call)?.to_json(call.secrets())))
}

/// Replaces scopes and attributes; API products in the body are added.
pub(super) async fn replace(call: Call) -> Result<Reply, Refused> {
    let request = KeyRequest::from_json(call.text()?)?;
    change(&call, |credential, directory| {
        credential.scopes = request.scopes.clone();
        credential.attributes = request.attributes.clone();
        attach(credential, &request.products, directory)
    })
    .await?;
    show(&call)
}

/// `?action=approve|revoke` switches the key; without an action, API products and attributes in the body are added.
pub(super) async fn act(call: Call) -> Result<Reply, Refused> {
    if let Some(action) = call.status_change()? {
        let status = key_status(action);
        change(&call, |credential, _| {
            credential.status = status;
            Ok(())
        })
        .await?;
        return Ok(Reply::NoContent);
    }
    let request = KeyRequest::from_json(call.text()?)?;
    change(&call, |credential, directory| {
        credential.attributes.fold(&request.attributes);
        attach(credential, &request.products, directory)
    })
    .await?;
    show(&call)
}

/// Deletes a key. Its tokens die, and stay dead when a key of this name is made again.
pub(super) async fn delete(call: Call) -> Result<Reply, Refused> {
    let directory = call.engine().directory();
    let credential = find::key(&directory, &call)?;
    if !call.engine().delete_entity(&EntityKey::Credential(credential.consumer_key.to_string())).await? {
        return Err(Refused::NoKey);
    }
    Ok(Reply::of(credential.to_json(call.secrets())))
}

/// What an action makes of a key, or of an API product in it.
pub(super) fn key_status(change: StatusChange) -> KeyStatus {
    match change {
        StatusChange::Approve => KeyStatus::Approved,
        StatusChange::Revoke => KeyStatus::Revoked,
    }
}

/// Changes the key in the path, if that changes anything.
pub(super) async fn change(
    call: &Call,
    change: impl Fn(&mut Credential, &Directory) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let decide = |directory: &Directory| {
        let current = find::key(directory, call)?;
        let mut next = Credential::clone(current);
        change(&mut next, directory)?;
        Ok(if next == **current { Vec::new() } else { vec![Change::Credential(next)] })
    };
    call.engine().write_entities(decide).await
}

/// Adds API products that a key does not have: pending where somebody must approve them.
fn attach(credential: &mut Credential, products: &[Name], directory: &Directory) -> Result<(), Refused> {
    for name in products {
        let product =
            directory.product(name.as_str()).ok_or_else(|| Refused::UnknownProduct(name.to_string()))?;
        let status = match product.approval_type {
            ApprovalType::Auto => KeyStatus::Approved,
            ApprovalType::Manual => KeyStatus::Pending,
        };
        if !credential.products.iter().any(|own| own.name == *name) {
            credential.products.push(CredentialProduct { name: name.clone(), status });
        }
    }
    Ok(())
}
