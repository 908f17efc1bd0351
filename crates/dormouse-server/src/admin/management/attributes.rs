//! `attributes` of developers, apps and API products: `{"attribute": [{"name": …, "value": …}]}` and one by one.

use super::{Call, Refused, Reply, find};
use dormouse_entity::{
    ApiProduct, App, Change, Developer, Directory, attributes_from_json, write_attributes,
};
use dormouse_token::{Attributes, Timestamp};
use serde_json::{Value, json};

/// An entity that has attributes.
pub(super) enum Owner {
    App(App),
    Developer(Developer),
    Product(ApiProduct),
}

/// How the entity in a path is found.
pub(super) type FindOwner = fn(&Directory, &Call) -> Result<Owner, Refused>;

pub(super) const APP: FindOwner = |directory, call| Ok(Owner::App(App::clone(find::app(directory, call)?)));
pub(super) const DEVELOPER: FindOwner =
    |directory, call| Ok(Owner::Developer(Developer::clone(find::developer(directory, call)?)));
pub(super) const PRODUCT: FindOwner =
    |directory, call| Ok(Owner::Product(ApiProduct::clone(find::product(directory, call)?)));

/// All attributes.
pub(super) fn list(call: &Call, owner: FindOwner) -> Result<Reply, Refused> {
    let owner = owner(&call.engine().directory(), call)?;
    Ok(Reply::Ok(json!({ "attribute": write_attributes(owner.attributes()) })))
}

/// Replaces all attributes.
pub(super) async fn replace(call: Call, owner: FindOwner) -> Result<Reply, Refused> {
    let attributes = attributes_from_json(call.text()?)?;
    change(&call, owner, |_| Ok(attributes.clone())).await?;
    list(&call, owner)
}

/// One attribute.
pub(super) fn show(call: &Call, owner: FindOwner) -> Result<Reply, Refused> {
    let owner = owner(&call.engine().directory(), call)?;
    let name = call.name("attribute");
    let value = owner.attributes().value(name).ok_or_else(|| Refused::NoAttribute(name.to_owned()))?;
    Ok(Reply::Ok(form(name, value)))
}

/// Sets one attribute, from `{"value": …}`. A name in the body must be that of the path.
pub(super) async fn set(call: Call, owner: FindOwner) -> Result<Reply, Refused> {
    let name = call.name("attribute");
    let body: Value = serde_json::from_str(call.text()?).map_err(|error| Refused::Json(error.to_string()))?;
    if body.get("name").is_some_and(|own| own != name) {
        return Err(Refused::NameDiffers);
    }
    // Read as a list of one, so that the same limits hold.
    let list = json!({ "attribute": [{ "name": name, "value": body.get("value") }] });
    let attributes = attributes_from_json(&list.to_string())?;
    let folded = |current: &Attributes| {
        let mut next = current.clone();
        next.fold(&attributes);
        Ok(next)
    };
    change(&call, owner, folded).await?;
    show(&call, owner)
}

/// Removes one attribute, and tells what it was.
pub(super) async fn remove(call: Call, owner: FindOwner) -> Result<Reply, Refused> {
    let before = owner(&call.engine().directory(), &call)?;
    let name = call.name("attribute");
    let unknown = || Refused::NoAttribute(name.to_owned());
    let value = before.attributes().value(name).ok_or_else(unknown)?;
    let removed = |current: &Attributes| {
        let mut next = current.clone();
        next.remove(name);
        if next.len() == current.len() { Err(unknown()) } else { Ok(next) }
    };
    change(&call, owner, removed).await?;
    Ok(Reply::Ok(form(name, value)))
}

async fn change(
    call: &Call,
    owner: FindOwner,
    change: impl Fn(&Attributes) -> Result<Attributes, Refused>,
) -> Result<(), Refused> {
    let engine = call.engine();
    let decide = |directory: &Directory| {
        let current = owner(directory, call)?;
        let next = change(current.attributes())?;
        Ok(vec![current.with_attributes(next, engine.now())?])
    };
    engine.write_entities(decide).await
}

fn form(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

impl Owner {
    fn attributes(&self) -> &Attributes {
        match self {
            Self::App(app) => app.attributes(),
            Self::Developer(developer) => &developer.attributes,
            Self::Product(product) => &product.attributes,
        }
    }

    fn with_attributes(self, attributes: Attributes, now: Timestamp) -> Result<Change, Refused> {
        match self {
            Self::App(mut app) => {
                app.set_attributes(attributes)?;
                app.last_modified_at = now;
                Ok(Change::App(app))
            }
            Self::Developer(developer) => {
                Ok(Change::Developer(Developer { attributes, last_modified_at: now, ..developer }))
            }
            Self::Product(product) => {
                Ok(Change::Product(ApiProduct { attributes, last_modified_at: now, ..product }))
            }
        }
    }
}
