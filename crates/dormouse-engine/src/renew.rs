//! What the burning of a root does to what lives in the store under it (TOKENS §1 "wrapping key"): the store's keys move under
//! the root that seals, a new version of the wrapping key begins, and every secret is sealed under it.
//!
//! It goes in three steps, each of which leaves everything openable, so that a node that dies in between, or another one, goes
//! on at its next start. First, in one write, the burned root's keys are sealed anew and the new version begins: from then on
//! nothing is written under an earlier one, as each write of a secret names the version of the key that sealed it. Then the
//! secrets are sealed anew, each by a compare-and-set. Last, the earlier versions are removed.

use crate::Engine;
use crate::commit::LOST_MAX;
use crate::entities::StoreVault;
use crate::error::{Error, Unavailable};
use crate::keys::Keys;
use dormouse_entity::{Credential, Document as _, NotSealed, Vault};
use dormouse_token::{Collection, Document, DocumentKey, DocumentWrite, Expected, RootId, Secret};
use std::cell::Cell;
use std::sync::Arc;

impl Engine {
    /// Renews what burned roots have sealed of the store's keys, and with them the wrapping key; or finishes it where that was
    /// interrupted. Writes nothing when there is nothing to do.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; repeating it goes on.
    pub(crate) async fn renew_keys(&self) -> Result<(), Error> {
        for _ in 0..LOST_MAX {
            self.follow().await?;
            let keys = self.keys.load_full();
            let renewal = keys.renewal(|root| self.is_burned(root), &self.ring, &*self.entropy)?;
            let retirement = keys.retirement();
            if !renewal.is_empty() {
                if self.is_burned(self.ring.sealing_root().id()) {
                    return Err(Unavailable::KeyBurned.into());
                }
                // Lost to another node that renews them: the next round sees what it did.
                self.write_set(renewal).await?;
            } else if retirement.is_empty() {
                return Ok(());
            } else if self.re_seal(&keys).await? {
                self.write_set(retirement).await?;
            }
        }
        Err(Unavailable::Contended.into())
    }

    /// Whether a root was burned as a whole.
    pub(crate) fn is_burned(&self, root: RootId) -> bool {
        self.resident.cut_offs.burns_root(root)
    }

    /// Seals every secret under the newest wrapping key. `false` when some of them were changed meanwhile.
    async fn re_seal(&self, keys: &Arc<Keys>) -> Result<bool, Error> {
        let vault = StoreVault { keys: Arc::clone(keys), entropy: &*self.entropy };
        let mut is_done = true;
        for collection in [Collection::Credentials, Collection::KeyValues] {
            let mut writes = Vec::new();
            for (key, document) in self.store.documents(collection).await? {
                let is_earlier = |version| !keys.is_current(version);
                if !sealed_version(&key, &document.value).is_some_and(is_earlier) {
                    continue;
                }
                let Some(value) = sealed_anew(&key, &document, &vault)? else {
                    tracing::error!(?collection, "a stored secret does not open and is left as it is");
                    continue;
                };
                writes.push(DocumentWrite {
                    key,
                    expected: Expected::Version(document.version),
                    value: Some(value),
                });
            }
            for group in writes.chunks(GROUP_MAX) {
                is_done &= self.write_set(group.to_vec()).await?;
            }
        }
        Ok(is_done)
    }
}

/// The document with its secret sealed under the newest key; none when it does not open.
fn sealed_anew(
    key: &DocumentKey,
    document: &Document,
    vault: &StoreVault<'_>,
) -> Result<Option<Box<[u8]>>, Error> {
    let sealed = if key.collection == Collection::Credentials {
        let Ok(credential) = Credential::from_document(&document.value, vault) else { return Ok(None) };
        credential.to_document(vault)
    } else {
        let Some(value) = vault.open(&document.value) else { return Ok(None) };
        vault.seal(&value)
    };
    Ok(Some(sealed?.into()))
}

/// The version of the wrapping key that sealed the secret of a document; none where there is no secret.
pub(crate) fn sealed_version(key: &DocumentKey, value: &[u8]) -> Option<u8> {
    match key.collection {
        Collection::Credentials => {
            let seen = SeenVersion::default();
            // It does not open there: what it was sealed under is all that is asked.
            let _ = Credential::from_document(value, &seen);
            seen.0.get()
        }
        // A single byte is a map itself.
        Collection::KeyValues if value.len() > 1 => value.first().copied(),
        _ => None,
    }
}

/// A vault that opens nothing and notes under which version something is sealed.
#[derive(Default)]
struct SeenVersion(Cell<Option<u8>>);

impl Vault for SeenVersion {
    fn seal(&self, _: &Secret) -> Result<Vec<u8>, NotSealed> {
        Err(NotSealed)
    }

    fn open(&self, sealed: &[u8]) -> Option<Secret> {
        self.0.set(sealed.first().copied());
        None
    }
}

/// Secrets of one commit. A group is lost when one of them changes, so that it is better not too large.
const GROUP_MAX: usize = 512;
