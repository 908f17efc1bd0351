//! Attribute and scope lists: `[{"name": …, "value": …}]` and `["scope", …]`, the same at every entity.

use super::node::{Fault, LIST_MAX, Object, TEXT_MAX};
use crate::Problem;
use dormouse_token::{Attributes, Scope};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Reads the member `attributes`.
pub(super) fn read_attributes(object: &Object<'_>) -> Result<Attributes, Fault> {
    read_attribute_list(object, "attributes")
}

/// Reads a member that is a list of attributes.
pub(super) fn read_attribute_list(object: &Object<'_>, member: &str) -> Result<Attributes, Fault> {
    let mut names = HashSet::new();
    let mut pairs = Vec::new();
    for node in object.list(member)? {
        let attribute = node.object()?;
        let name_node = attribute.required("name")?;
        let name = name_node.plain(NAME_MAX)?;
        if !names.insert(name.clone()) {
            return Err(name_node.fault(Problem::DuplicateMember(name)));
        }
        let value = attribute.get("value").map_or(Ok(String::new()), |value| value.text(TEXT_MAX))?;
        pairs.push((name, value));
    }
    Ok(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect())
}

/// The member `attributes`.
pub fn write_attributes(attributes: &Attributes) -> Value {
    attributes.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// Reads the member `scopes`: a list, or one text as older exports have it. Blanks separate in both.
pub(super) fn read_scopes(object: &Object<'_>) -> Result<Scope, Fault> {
    let Some(node) = object.get("scopes") else {
        return Ok(Scope::default());
    };
    if !node.is_list() {
        return Ok(Scope::parse(&node.plain(TEXT_MAX)?));
    }
    let texts: Vec<String> =
        node.list(LIST_MAX)?.into_iter().map(|node| node.plain(TEXT_MAX)).collect::<Result<_, _>>()?;
    let length = texts.iter().map(String::len).sum();
    if length > SCOPES_MAX {
        return Err(node.fault(Problem::TooLong { length, limit: SCOPES_MAX }));
    }
    Ok(Scope::parse(&texts.join(" ")))
}

pub(super) fn write_scopes(scopes: &Scope) -> Value {
    scopes.iter().collect()
}

/// Longest attribute name (Apigee: 1 KB).
const NAME_MAX: usize = 1024;
/// All scopes of an entity together; set operations on them take quadratic time.
const SCOPES_MAX: usize = 16 * 1024;
