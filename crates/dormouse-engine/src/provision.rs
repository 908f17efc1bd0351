//! Applying entity files to the store (DESIGN §5 `--entities`): each entry when it is new or changed since it was last
//! applied, nothing deleted, what administration did left alone.

use crate::Engine;
use crate::commit::LOST_MAX;
use crate::error::{Error, Unavailable};
use crate::key_value::entry_key;
use dormouse_entity::{
    Applied, Change, Directory, Document as _, EntityError, EntityKey, EntitySet, Generated,
    IncomingPassword, IncomingUser, Ledger, ParseContext, PasswordHashError, Unapplied, User, hash_password,
    plan,
};
use dormouse_token::{Collection, Document, DocumentKey, DocumentWrite, Expected};
use std::collections::HashMap;

/// What came of applying files.
#[derive(Debug, Default)]
pub struct Provisioned {
    /// Keys and secrets that were made up, to be shown once.
    pub generated: Vec<Generated>,
    /// Differences that were not applied, by name and without values.
    pub unapplied: Vec<Unapplied>,
    /// Documents written.
    pub written: usize,
}

/// Why files were not applied. Nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// Something in the files is wrong, each with its position.
    #[error("{} of the entities are not as they must be", .0.len())]
    Files(Vec<EntityError>),
    /// A password cannot be hashed.
    #[error("the password of user {user:?} cannot be kept: {source}")]
    Password {
        /// Whose.
        user: String,
        /// Why.
        source: PasswordHashError,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Engine(#[from] Error),
}

/// What the store holds of entities, with the versions that a write expects.
#[derive(Default)]
struct Stored {
    directory: Directory,
    ledger: Ledger,
    versions: HashMap<DocumentKey, u64>,
}

impl Engine {
    /// Applies files, given as name and text. When it returns, the entities are durable and this node serves by them.
    ///
    /// Atomic: entities and the record of what was applied are written together or not at all, and a concurrent change by
    /// administration makes it plan again.
    ///
    /// # Errors
    /// [`ProvisionError`]; nothing was written then.
    pub async fn provision(&self, files: &[(&str, &str)]) -> Result<Provisioned, ProvisionError> {
        let now = self.now();
        let context = ParseContext { organization: self.organization(), now, entropy: &*self.entropy };
        let incoming = EntitySet::parse(files, &context).map_err(ProvisionError::Files)?;
        for _ in 0..LOST_MAX {
            let stored = self.stored_entities().await?;
            let plan = plan(&stored.directory, &stored.ledger, &incoming, self.keys.digest(), now)
                .map_err(ProvisionError::Files)?;
            let mut writes = Vec::new();
            for change in &plan.changes {
                self.write_change(change, &stored, &mut writes).await?;
            }
            for (key, applied) in &plan.applied {
                let key = ledger_key(APPLIED, key);
                writes.push(stored.write(key, applied.to_bytes()));
            }
            let written = writes.len();
            if writes.is_empty() || self.store.write_documents(writes).await.map_err(Error::from)? {
                self.follow().await?;
                return Ok(Provisioned { generated: plan.generated, unapplied: plan.unapplied, written });
            }
        }
        Err(ProvisionError::Engine(Unavailable::Contended.into()))
    }

    /// Reads all entities and the ledger, as they are in the store.
    async fn stored_entities(&self) -> Result<Stored, Error> {
        let mut stored = Stored::default();
        for collection in ENTITY_COLLECTIONS {
            for (key, document) in self.store.documents(collection).await? {
                self.apply_document(&mut stored.directory, &key, Some(&document))?;
                stored.versions.insert(key, document.version);
            }
        }
        for (key, document) in self.store.documents(Collection::Provisioning).await? {
            stored.read_ledger(&key, &document)?;
            stored.versions.insert(key, document.version);
        }
        Ok(stored)
    }

    async fn write_change(
        &self,
        change: &Change,
        stored: &Stored,
        writes: &mut Vec<DocumentWrite>,
    ) -> Result<(), ProvisionError> {
        match change {
            Change::Product(it) => writes.push(self.entity_write(Collection::Products, it, stored)),
            Change::Developer(it) => writes.push(self.entity_write(Collection::Developers, it, stored)),
            Change::App(it) => writes.push(self.entity_write(Collection::Apps, it, stored)),
            Change::Credential(it) => writes.push(self.entity_write(Collection::Credentials, it, stored)),
            Change::TargetServer(it) => writes.push(self.entity_write(Collection::TargetServers, it, stored)),
            Change::MapEntries(map) => {
                for (name, value) in &map.entries {
                    let key = entry_key(&map.scope, map.name.as_str(), name);
                    let value = Some(self.seal_secret(value)?.into());
                    writes.push(DocumentWrite { key, expected: Expected::Anything, value });
                }
            }
            Change::NewUser(user) => writes.extend(self.new_user(user).await?),
        }
        Ok(())
    }

    fn entity_write<D: dormouse_entity::Document>(
        &self,
        collection: Collection,
        entity: &D,
        stored: &Stored,
    ) -> DocumentWrite {
        let key = DocumentKey { collection, name: entity.document_key().into() };
        stored.write(key, entity.to_document(&self.vault()))
    }

    /// A person that the store does not know yet. A password that exists is never replaced.
    async fn new_user(&self, incoming: &IncomingUser) -> Result<Option<DocumentWrite>, ProvisionError> {
        let key = DocumentKey { collection: Collection::Users, name: incoming.username.as_str().into() };
        if self.store.document(key.clone()).await.map_err(Error::from)?.is_some() {
            return Ok(None);
        }
        let password_hash = match &incoming.password {
            IncomingPassword::Hashed(hash) => hash.clone(),
            IncomingPassword::Clear(password) => hash_password(password, &*self.entropy)
                .map_err(|source| ProvisionError::Password { user: incoming.username.to_string(), source })?,
        };
        let user = User { username: incoming.username.clone(), password_hash };
        let value = Some(user.to_document(&self.vault()).into());
        Ok(Some(DocumentWrite { key, expected: Expected::Absent, value }))
    }
}

impl Stored {
    /// A write that loses against any change since this was read.
    fn write(&self, key: DocumentKey, value: Vec<u8>) -> DocumentWrite {
        let expected =
            self.versions.get(&key).map_or(Expected::Absent, |version| Expected::Version(*version));
        DocumentWrite { key, expected, value: Some(value.into()) }
    }

    fn read_ledger(&mut self, key: &DocumentKey, document: &Document) -> Result<(), Error> {
        if let Some(entity) = key.name.strip_prefix(APPLIED).and_then(EntityKey::from_text) {
            let applied = Applied::from_bytes(&document.value).ok_or(Unavailable::Sealed)?;
            self.ledger.applied.insert(entity, applied);
        } else if let Some(entity) = key.name.strip_prefix(DELETED).and_then(EntityKey::from_text) {
            self.ledger.tombstones.insert(entity);
        }
        Ok(())
    }
}

fn ledger_key(prefix: &str, entity: &EntityKey) -> DocumentKey {
    DocumentKey { collection: Collection::Provisioning, name: format!("{prefix}{}", entity.to_text()).into() }
}

const ENTITY_COLLECTIONS: [Collection; 5] = [
    Collection::Products,
    Collection::Developers,
    Collection::Apps,
    Collection::Credentials,
    Collection::TargetServers,
];
const APPLIED: &str = "applied/";
const DELETED: &str = "deleted/";
