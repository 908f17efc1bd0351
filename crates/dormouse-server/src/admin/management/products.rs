//! `apiproducts`: what keys may call.

use super::page::Listing;
use super::{Call, Refused, Reply, find};
use dormouse_entity::{ApiProduct, Change, EntityKey};
use serde_json::Value;
use std::sync::Arc;

/// All API products.
pub(super) fn list(call: &Call) -> Reply {
    let directory = call.engine().directory();
    let listing =
        Listing { member: "apiProduct", brief: "name", key: |it: &&Arc<ApiProduct>| it.name.as_str() };
    listing.reply(call, directory.products().collect(), |it| it.to_json())
}

/// A new API product.
pub(super) async fn create(call: Call) -> Result<Reply, Refused> {
    let engine = call.engine();
    let product = ApiProduct::from_json(call.text()?, engine.now())?;
    engine
        .write_entities(|directory| {
            if directory.product(product.name.as_str()).is_some() {
                return Err(Refused::ProductExists(product.name.to_string()));
            }
            Ok(vec![Change::Product(product.clone())])
        })
        .await?;
    Ok(Reply::Created(Value::Object(product.to_json())))
}

/// One API product.
pub(super) fn show(call: &Call) -> Result<Reply, Refused> {
    Ok(Reply::of(find::product(&call.engine().directory(), call)?.to_json()))
}

/// Replaces everything but the name.
pub(super) async fn update(call: Call) -> Result<Reply, Refused> {
    let engine = call.engine();
    find::product(&engine.directory(), &call)?;
    let incoming = ApiProduct::from_json(&call.text_with("name", call.name("product"))?, engine.now())?;
    engine
        .write_entities(|directory| {
            let current = find::product(directory, &call)?;
            let next = ApiProduct { created_at: current.created_at, ..incoming.clone() };
            Ok::<_, Refused>(vec![Change::Product(next)])
        })
        .await?;
    show(&call)
}

/// Deletes an API product. Keys go on naming it, to no effect.
pub(super) async fn delete(call: Call) -> Result<Reply, Refused> {
    let directory = call.engine().directory();
    let product = find::product(&directory, &call)?;
    if !call.engine().delete_entity(&EntityKey::Product(product.name.to_string())).await? {
        return Err(Refused::NoProduct(product.name.to_string()));
    }
    Ok(Reply::of(product.to_json()))
}
