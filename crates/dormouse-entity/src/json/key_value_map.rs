//! The JSON form of key value maps: `entry` as in the management API, or `entries` as in the emulator's `maps.json`.

use super::node::{Fault, Node, Object, TEXT_MAX};
use crate::{KeyValueMap, MapScope, Name, PlainName, Problem};
use dormouse_token::Secret;
use std::collections::HashSet;

/// Reads a key value map.
pub(crate) fn read_map(node: Node<'_>) -> Result<KeyValueMap, Fault> {
    let object = node.object()?;
    let entries =
        object.get("entry").or_else(|| object.get("entries")).or_else(|| object.get("keyValueEntries"));
    Ok(KeyValueMap {
        name: object.required("name")?.name("name", PlainName::parse)?,
        scope: read_scope(&object)?,
        encrypted: object.boolean("encrypted", false)?,
        entries: entries.map_or(Ok(Vec::new()), read_entries)?,
    })
}

fn read_scope(object: &Object<'_>) -> Result<MapScope, Fault> {
    let Some(node) = object.get("scope").filter(|node| !node.is_empty_text()) else {
        return Ok(MapScope::default());
    };
    match node.text(TEXT_MAX)?.to_ascii_lowercase().as_str() {
        "environment" | "env" => Ok(MapScope::Environment),
        "organization" | "org" => Ok(MapScope::Organization),
        "apiproxy" => Ok(MapScope::Proxy(object.required("apiProxy")?.name("apiProxy", Name::parse)?)),
        _ => Err(node.fault(Problem::Word("environment, organization, apiproxy"))),
    }
}

fn read_entries(node: Node<'_>) -> Result<Vec<(String, Secret)>, Fault> {
    if node.is_object() {
        let object = node.object()?;
        return object.members().map(|(name, node)| read_entry(name.to_owned(), node, Some(node))).collect();
    }
    let mut names = HashSet::new();
    let mut entries = Vec::new();
    for node in node.list(ENTRIES_MAX)? {
        let object = node.object()?;
        let name = object.required("name")?.plain(KEY_MAX)?;
        if !names.insert(name.clone()) {
            return Err(node.fault(Problem::DuplicateMember(name)));
        }
        entries.push(read_entry(name, node, object.get("value"))?);
    }
    Ok(entries)
}

fn read_entry(name: String, node: Node<'_>, value: Option<Node<'_>>) -> Result<(String, Secret), Fault> {
    if name.len() > KEY_MAX {
        return Err(node.fault(Problem::TooLong { length: name.len(), limit: KEY_MAX }));
    }
    let value = value.map_or(Ok(String::new()), |value| value.text_or_json(VALUE_MAX))?;
    Ok((name, Secret::new(value)))
}

/// Apigee allows 2 KB.
const KEY_MAX: usize = 2048;
/// Apigee allows 512 KB in current versions.
const VALUE_MAX: usize = 512 * 1024;
const ENTRIES_MAX: usize = 100_000;
