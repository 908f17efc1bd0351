//! Entries of key-value maps: one document each, sealed under the wrapping key, for values are often credentials.

use crate::Engine;
use crate::error::{Error, Unavailable};
use dormouse_entity::MapScope;
use dormouse_token::{Collection, DocumentKey, Secret};

impl Engine {
    /// The value of an entry, from the store.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store gives no answer or the value does not open.
    pub async fn key_value(&self, scope: &MapScope, map: &str, key: &str) -> Result<Option<Secret>, Error> {
        let Some(document) = self.store.document(entry_key(scope, map, key)).await? else { return Ok(None) };
        let plain = self.keys.unwrap(&document.value).ok_or(Unavailable::Sealed)?;
        Ok(Some(Secret::new(String::from_utf8(plain).map_err(|_| Unavailable::Sealed)?)))
    }

    pub(crate) fn seal_secret(&self, secret: &Secret) -> Result<Vec<u8>, Error> {
        let sealed = self.keys.wrap(secret.expose().as_bytes(), &*self.entropy);
        Ok(sealed.ok_or(Unavailable::Sealed)?)
    }
}

/// The document of an entry. Lengths in front of the names keep different entries apart, whatever the names hold.
pub(crate) fn entry_key(scope: &MapScope, map: &str, key: &str) -> DocumentKey {
    let proxy = match scope {
        MapScope::Environment | MapScope::Organization => "",
        MapScope::Proxy(proxy) => proxy.as_str(),
    };
    let name = format!("{}/{}:{proxy}/{}:{map}/{key}", scope.as_str(), proxy.len(), map.len());
    DocumentKey { collection: Collection::KeyValues, name: name.into() }
}
