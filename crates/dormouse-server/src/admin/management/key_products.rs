//! `keys/{key}/apiproducts/{product}`: an API product in a key.

use super::keys::{change, key_status};
use super::{Call, Refused, Reply, find, keys};
use dormouse_entity::EntityKey;

/// `?action=approve|revoke` switches the product in this key alone.
pub(super) async fn act(call: Call) -> Result<Reply, Refused> {
    let action = call.status_change()?.ok_or(Refused::ActionMissing(["approve", "revoke"]))?;
    let name = call.name("product");
    change(&call, |credential, _| {
        let product = credential.products.iter_mut().find(|product| product.name.as_str() == name);
        product.ok_or_else(|| Refused::NoKeyProduct(name.to_owned()))?.status = key_status(action);
        Ok(())
    })
    .await?;
    Ok(Reply::NoContent)
}

/// Takes the product away from the key.
pub(super) async fn delete(call: Call) -> Result<Reply, Refused> {
    let consumer_key = find::key(&call.engine().directory(), &call)?.consumer_key.to_string();
    let product = call.name("product").to_owned();
    if !call
        .engine()
        .delete_entity(&EntityKey::CredentialProduct { consumer_key, product: product.clone() })
        .await?
    {
        return Err(Refused::NoKeyProduct(product));
    }
    keys::show(&call)
}
