//! The JSON form of credentials.

use super::attributes::{read_attributes, read_scopes, write_attributes, write_scopes};
use super::node::{Fault, Node, Object};
use crate::{ConsumerKey, Credential, CredentialProduct, EntityId, KeyStatus, Name, Problem};
use dormouse_token::{Secret, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// Whether a JSON form shows consumer secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// They are left out.
    Hidden,
    /// They are shown, as Apigee's management API does to administrators.
    Shown,
}

impl Credential {
    /// The management API's form.
    pub fn to_json(&self, secrets: Secrets) -> Map<String, Value> {
        let product = |product: &CredentialProduct| json!({ "apiproduct": product.name.as_str(), "status": product.status.as_str() });
        let expires_at = self.expires_at.map_or_else(|| NEVER.to_string(), |at| at.as_ms().to_string());
        let mut form = Map::new();
        form.insert("consumerKey".to_owned(), json!(self.consumer_key.as_str()));
        if secrets == Secrets::Shown {
            form.insert("consumerSecret".to_owned(), json!(self.consumer_secret.expose()));
        }
        form.insert("status".to_owned(), json!(self.status.as_str()));
        form.insert("issuedAt".to_owned(), json!(self.issued_at.as_ms().to_string()));
        form.insert("expiresAt".to_owned(), json!(expires_at));
        form.insert("scopes".to_owned(), write_scopes(&self.scopes));
        form.insert("attributes".to_owned(), write_attributes(&self.attributes));
        form.insert("apiProducts".to_owned(), self.products.iter().map(product).collect());
        form
    }
}

/// Reads everything of a credential but what the caller brings.
pub(crate) fn read_credential(
    object: &Object<'_>,
    key_and_secret: (ConsumerKey, Secret),
    app_id: EntityId,
    now: Timestamp,
) -> Result<Credential, Fault> {
    Ok(Credential {
        consumer_key: key_and_secret.0,
        consumer_secret: key_and_secret.1,
        app_id,
        status: object.status("status")?,
        issued_at: object.timestamp("issuedAt", now)?,
        expires_at: read_expiry(object)?,
        scopes: read_scopes(object)?,
        attributes: read_attributes(object)?,
        products: read_products(object)?,
    })
}

/// `-1`, `0` and an empty text are never.
fn read_expiry(object: &Object<'_>) -> Result<Option<Timestamp>, Fault> {
    let Some(node) = object.get("expiresAt").filter(|node| !node.is_empty_text()) else {
        return Ok(None);
    };
    let at = node.number(NEVER, i64::MAX)?;
    Ok(u64::try_from(at).ok().filter(|at| *at > 0).map(Timestamp::from_ms))
}

/// Reads `apiProducts`: objects with a status, or just names.
pub(super) fn read_products(object: &Object<'_>) -> Result<Vec<CredentialProduct>, Fault> {
    let mut names = HashSet::new();
    let mut products = Vec::new();
    for node in object.list("apiProducts")? {
        let product = read_product(node)?;
        if !names.insert(product.name.clone()) {
            return Err(node.fault(Problem::DuplicateMember(product.name.to_string())));
        }
        products.push(product);
    }
    Ok(products)
}

fn read_product(node: Node<'_>) -> Result<CredentialProduct, Fault> {
    if !node.is_object() {
        return Ok(CredentialProduct {
            name: node.name("apiProducts", Name::parse)?,
            status: KeyStatus::Approved,
        });
    }
    let object = node.object()?;
    let name = object.required("apiproduct")?.name("apiproduct", Name::parse)?;
    Ok(CredentialProduct { name, status: object.status("status")? })
}

/// Apigee's expiry of what never expires.
const NEVER: i64 = -1;
