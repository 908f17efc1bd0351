//! Key value maps in the store (Apigee's `keyvaluemaps`): one document an entry, its value sealed under the wrapping key
//! whether or not the map says `encrypted`, and one for the map itself. Nothing of them is resident.

use crate::Engine;
use crate::error::{Error, Unavailable};
use dormouse_entity::{KeyValueMap, MapScope, Vault as _};
use dormouse_token::{Collection, DocumentKey, DocumentWrite, Expected, Secret};

/// Names a key value map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapName<'a> {
    /// Where it is visible.
    pub scope: &'a MapScope,
    /// Its name in that scope.
    pub name: &'a str,
}

impl Engine {
    /// The value of an entry; `None` when there is no such entry or map.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn key_value(&self, map: MapName<'_>, key: &str) -> Result<Option<Secret>, Error> {
        let Some(document) = self.store.document(entry_key(map, key)).await? else { return Ok(None) };
        self.open_value(&document.value).await.map(Some)
    }

    /// Puts an entry, making the map when there is none. Without `replaces`, an entry that exists is left alone and the
    /// answer is `false`. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; when the outcome is unknown, putting it again does no harm.
    pub async fn put_key_value(
        &self,
        map: MapName<'_>,
        key: &str,
        value: &Secret,
        replaces: bool,
    ) -> Result<bool, Error> {
        let expected = if replaces { Expected::Anything } else { Expected::Absent };
        let key = entry_key(map, key);
        for _ in 0..PUTS_MAX {
            let value = Some(self.seal_value(value)?);
            let mut writes = vec![DocumentWrite { key: key.clone(), expected, value }];
            writes.extend(self.new_map(map, false).await?);
            if self.write_set(writes).await? {
                return Ok(true);
            }
            if !replaces && self.store.document(key.clone()).await?.is_some() {
                return Ok(false);
            }
            // Another wrapping key may seal by now.
            self.follow().await?;
        }
        Err(Unavailable::Contended.into())
    }

    /// Removes an entry, as a policy does: a changed file may bring it again. `false` when there was none. Administration
    /// deletes through [`Engine::delete_entity`].
    ///
    /// # Errors
    /// [`Error::Unavailable`]; when the outcome is unknown, removing it again does no harm.
    pub async fn delete_key_value(&self, map: MapName<'_>, key: &str) -> Result<bool, Error> {
        let key = entry_key(map, key);
        let existed = self.store.document(key.clone()).await?.is_some();
        if existed {
            self.store
                .write_documents(vec![DocumentWrite { key, expected: Expected::Anything, value: None }])
                .await?;
        }
        Ok(existed)
    }

    /// Every entry of a map, by ascending key; `None` when there is no such map. Reads all maps: for administration.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn key_value_map(&self, map: MapName<'_>) -> Result<Option<KeyValueMap>, Error> {
        let name = map_key(map).name;
        let prefix = format!("{name}/");
        let mut encrypted = None;
        let mut entries = Vec::new();
        for (key, document) in self.store.documents(Collection::KeyValues).await? {
            if key.name == name {
                encrypted = Some(*document.value == *ENCRYPTED);
            } else if let Some(entry) = key.name.strip_prefix(&prefix) {
                entries.push((unescaped(entry), self.open_value(&document.value).await?));
            }
        }
        entries.sort_by(|left, right| left.0.cmp(&right.0));
        let name = dormouse_entity::PlainName::parse(map.name).ok();
        let made = |(encrypted, name)| KeyValueMap { name, scope: map.scope.clone(), encrypted, entries };
        Ok(encrypted.zip(name).map(made))
    }

    /// The writes that put the entries of a map and leave its others alone.
    pub(crate) async fn map_writes(&self, map: &KeyValueMap) -> Result<Vec<DocumentWrite>, Error> {
        let name = MapName { scope: &map.scope, name: map.name.as_str() };
        let mut writes: Vec<_> = self.new_map(name, map.encrypted).await?.into_iter().collect();
        for (key, value) in &map.entries {
            writes.push(DocumentWrite {
                key: entry_key(name, key),
                expected: Expected::Anything,
                value: Some(self.seal_value(value)?),
            });
        }
        Ok(writes)
    }

    /// The writes that remove a map with all entries.
    pub(crate) async fn map_removal(&self, map: MapName<'_>) -> Result<Vec<DocumentWrite>, Error> {
        let name = map_key(map).name;
        let prefix = format!("{name}/");
        let mut documents = self.store.documents(Collection::KeyValues).await?;
        documents.retain(|(key, _)| key.name == name || key.name.starts_with(&prefix));
        let remove = |(key, document): (DocumentKey, dormouse_token::Document)| DocumentWrite {
            key,
            expected: Expected::Version(document.version),
            value: None,
        };
        Ok(documents.into_iter().map(remove).collect())
    }

    async fn new_map(&self, map: MapName<'_>, encrypted: bool) -> Result<Option<DocumentWrite>, Error> {
        let key = map_key(map);
        let exists = self.store.document(key.clone()).await?.is_some();
        let value: &[u8] = if encrypted { ENCRYPTED } else { PLAIN };
        let write = || DocumentWrite { key, expected: Expected::Absent, value: Some(value.into()) };
        Ok((!exists).then(write))
    }

    fn seal_value(&self, value: &Secret) -> Result<Box<[u8]>, Error> {
        Ok(self.vault().seal(value)?.into())
    }

    async fn open_value(&self, sealed: &[u8]) -> Result<Secret, Error> {
        if let Some(value) = self.vault().open(sealed) {
            return Ok(value);
        }
        // It may have been sealed under a key that this node has not seen yet.
        self.follow().await?;
        Ok(self.vault().open(sealed).ok_or(Unavailable::Sealed)?)
    }
}

/// `scope/proxy/map`, the proxy empty in other scopes.
fn map_key(map: MapName<'_>) -> DocumentKey {
    let proxy = match map.scope {
        MapScope::Proxy(proxy) => proxy.as_str(),
        MapScope::Environment | MapScope::Organization => "",
    };
    let name = format!("{}/{}/{}", map.scope.as_str(), escaped(proxy), escaped(map.name)).into();
    DocumentKey { collection: Collection::KeyValues, name }
}

/// `scope/proxy/map/key`.
pub(crate) fn entry_key(map: MapName<'_>, key: &str) -> DocumentKey {
    let DocumentKey { collection, name } = map_key(map);
    DocumentKey { collection, name: format!("{name}/{}", escaped(key)).into() }
}

/// No part contains the separator.
fn escaped(part: &str) -> String {
    part.replace('%', "%25").replace('/', "%2F")
}

fn unescaped(part: &str) -> String {
    part.replace("%2F", "/").replace("%25", "%")
}

const ENCRYPTED: &[u8] = &[1];
const PLAIN: &[u8] = &[0];

/// Lost races in a row after which the caller is told; only making or deleting the map can be lost to.
const PUTS_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_entity::Name;

    #[track_caller]
    fn check(scope: &MapScope, (map, key): (&str, &str), expected: &str) {
        assert_eq!(&*entry_key(MapName { scope, name: map }, key).name, expected);
        assert_eq!(unescaped(&escaped(key)), key);
    }

    #[test]
    fn names_of_entries_cannot_run_into_each_other() {
        let proxy = MapScope::Proxy(Name::parse("oauth%").expect("the name is in order"));
        check(&MapScope::Environment, ("m", "k"), "environment//m/k");
        check(&MapScope::Organization, ("m/k", ""), "organization//m%2Fk/");
        check(&proxy, ("m%2F", "a/%b%25"), "apiproxy/oauth%25/m%252F/a%2F%25b%2525");
    }
}
