//! `/users`: people who sign in with a password. Neither passwords nor their hashes are ever told.

use super::{Call, Refused, Reply};
use dormouse_engine::Error;
use dormouse_entity::{EntityKey, IncomingPassword, IncomingUser, hash_password};
use dormouse_token::Collection;
use serde_json::{Value, json};
use std::sync::Arc;

/// The names of all.
pub(super) async fn list(call: Call) -> Result<Reply, Refused> {
    let documents = call.engine().store().documents(Collection::Users).await.map_err(Error::from)?;
    let user = |name: &str| json!({ "username": name });
    Ok(Reply::Ok(json!({ "user": documents.iter().map(|(key, _)| user(&key.name)).collect::<Value>() })))
}

/// Whether there is such a person.
pub(super) async fn show(call: Call) -> Result<Reply, Refused> {
    let name = call.name("user");
    let user = call.engine().user(name).await?.ok_or_else(|| Refused::NoUser(name.to_owned()))?;
    Ok(Reply::Ok(json!({ "username": user.username.as_str() })))
}

/// Adds a person or replaces the password: `{"password"}` or `{"passwordHash"}`.
pub(super) async fn put(call: Call) -> Result<Reply, Refused> {
    let mut user = IncomingUser::from_json(&call.text_with("username", call.name("user"))?)?;
    if let IncomingPassword::Clear(password) = user.password {
        let entropy = Arc::clone(call.engine().entropy());
        // Tens of milliseconds on a processor: away from the thread that answers everybody else.
        let hashing = tokio::task::spawn_blocking(move || hash_password(&password, &*entropy));
        let hash = hashing.await.map_err(|_| Refused::NotHashed)??;
        user.password = IncomingPassword::Hashed(hash);
    }
    call.engine().put_user(&user).await?;
    Ok(Reply::NoContent)
}

/// Deletes a person; entity files do not make it again. Tokens live on until they are revoked by end user.
pub(super) async fn delete(call: Call) -> Result<Reply, Refused> {
    let name = call.name("user");
    if call.engine().delete_entity(&EntityKey::User(name.to_owned())).await? {
        Ok(Reply::NoContent)
    } else {
        Err(Refused::NoUser(name.to_owned()))
    }
}
