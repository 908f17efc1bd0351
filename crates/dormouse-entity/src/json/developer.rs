//! The JSON form of developers.

use super::attributes::{read_attributes, write_attributes};
use super::node::{Fault, Node};
use crate::{Developer, Email, EntityId, identity};
use dormouse_token::Timestamp;
use serde_json::{Map, Value, json};

impl Developer {
    /// The management API's form, without `apps` and `organizationName`.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut form = Map::new();
        form.insert("email".to_owned(), json!(self.email.as_str()));
        form.insert("developerId".to_owned(), json!(self.developer_id.as_str()));
        form.insert("userName".to_owned(), json!(self.user_name));
        form.insert("firstName".to_owned(), json!(self.first_name));
        form.insert("lastName".to_owned(), json!(self.last_name));
        form.insert("status".to_owned(), json!(self.status.as_str()));
        form.insert("attributes".to_owned(), write_attributes(&self.attributes));
        form.insert("createdAt".to_owned(), json!(self.created_at.as_ms().to_string()));
        form.insert("lastModifiedAt".to_owned(), json!(self.last_modified_at.as_ms().to_string()));
        form
    }
}

/// Reads a developer; a missing id is derived from organization and e-mail address.
pub(crate) fn read_developer(node: Node<'_>, organization: &str, now: Timestamp) -> Result<Developer, Fault> {
    let object = node.object()?;
    let email = object.required("email")?.name("email", Email::parse)?;
    let developer_id = match object.get("developerId") {
        Some(id) => id.name("developerId", EntityId::parse)?,
        None => identity::developer_id(organization, email.as_str()),
    };
    Ok(Developer {
        developer_id,
        user_name: object.plain("userName")?,
        first_name: object.plain("firstName")?,
        last_name: object.plain("lastName")?,
        status: object.status("status")?,
        attributes: read_attributes(&object)?,
        created_at: object.timestamp("createdAt", now)?,
        last_modified_at: object.timestamp("lastModifiedAt", now)?,
        email,
    })
}
