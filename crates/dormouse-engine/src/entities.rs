//! Entities between the store and the resident directory.

use crate::Engine;
use crate::keys::Keys;
use dormouse_entity::{
    ApiProduct, App, Credential, Developer, Directory, Document as _, NotSealed, TargetServer, Vault,
};
use dormouse_token::{Collection, Document, DocumentKey, Entropy, Secret};
use std::sync::Arc;

/// Seals secrets of entities under the wrapping key of one moment.
pub(crate) struct StoreVault<'a> {
    pub(crate) keys: Arc<Keys>,
    pub(crate) entropy: &'a dyn Entropy,
}

impl Vault for StoreVault<'_> {
    fn seal(&self, secret: &Secret) -> Result<Vec<u8>, NotSealed> {
        self.keys.wrap(secret.expose().as_bytes(), self.entropy).ok_or(NotSealed)
    }

    fn open(&self, sealed: &[u8]) -> Option<Secret> {
        String::from_utf8(self.keys.unwrap(sealed)?).ok().map(Secret::new)
    }
}

impl Engine {
    pub(crate) fn vault(&self) -> StoreVault<'_> {
        StoreVault { keys: self.keys.load_full(), entropy: &*self.entropy }
    }
}

/// Takes a document of the store into a directory, or its removal. An entity that cannot be read is left out, with an
/// alarm: what depends on it is refused, and everything else goes on.
pub(crate) fn apply_document(
    directory: &mut Directory,
    vault: &StoreVault<'_>,
    key: &DocumentKey,
    document: Option<&Document>,
) {
    let Some(document) = document else {
        remove(directory, key);
        return;
    };
    let value = &document.value;
    let put = match key.collection {
        Collection::Products => ApiProduct::from_document(value, vault).map(|it| directory.put_product(it)),
        Collection::Developers => {
            Developer::from_document(value, vault).map(|it| directory.put_developer(it))
        }
        Collection::Apps => App::from_document(value, vault).map(|it| directory.put_app(it)),
        Collection::Credentials => {
            Credential::from_document(value, vault).map(|it| directory.put_credential(it))
        }
        Collection::TargetServers => {
            TargetServer::from_document(value, vault).map(|it| directory.put_target_server(it))
        }
        Collection::Provisioning
        | Collection::Keys
        | Collection::Users
        | Collection::KeyValues
        | Collection::Sources => Ok(()),
    };
    if let Err(error) = put {
        tracing::error!(%error, collection = ?key.collection, "a stored entity cannot be read and is left out");
        remove(directory, key);
    }
}

fn remove(directory: &mut Directory, key: &DocumentKey) {
    match key.collection {
        Collection::Products => drop(directory.remove_product(&key.name)),
        Collection::Developers => drop(directory.remove_developer(&key.name)),
        Collection::Apps => drop(directory.remove_app(&key.name)),
        Collection::Credentials => drop(directory.remove_credential(&key.name)),
        Collection::TargetServers => drop(directory.remove_target_server(&key.name)),
        Collection::Provisioning
        | Collection::Keys
        | Collection::Users
        | Collection::KeyValues
        | Collection::Sources => {}
    }
}
