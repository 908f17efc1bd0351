//! Changes of entities as writes of the store that no concurrent administrator can be overwritten by.
//!
//! What a change was decided on is the resident directory. A write expects the version of the document that the directory
//! was made from; where the store has another one, the directory lags behind, and the change must be decided again.

use crate::Engine;
use crate::error::{Error, Unavailable};
use crate::renew::sealed_version;
use dormouse_entity::{Change, Directory, IncomingPassword, IncomingUser, User, hash_password};
use dormouse_token::{Collection, DocumentKey, DocumentWrite, Expected, StoreError};
use std::sync::Arc;

impl Engine {
    /// The writes for some changes that were decided on `directory`; none when the store is ahead of it.
    pub(crate) async fn entity_writes(
        &self,
        directory: &Directory,
        changes: &[Change],
    ) -> Result<Option<Vec<DocumentWrite>>, Error> {
        let mut writes = Vec::new();
        for change in changes {
            let write = match change {
                Change::Product(it) => {
                    self.replace(Collection::Products, it, directory.product(it.name.as_str())).await?
                }
                Change::Developer(it) => {
                    let resident = directory.developer(it.developer_id.as_str());
                    self.replace(Collection::Developers, it, resident).await?
                }
                Change::App(it) => {
                    self.replace(Collection::Apps, it, directory.app(it.app_id.as_str())).await?
                }
                Change::Credential(it) => {
                    let resident = directory.credential(it.consumer_key.as_str());
                    self.replace(Collection::Credentials, it, resident).await?
                }
                Change::TargetServer(it) => {
                    let resident = directory.target_server(it.name.as_str());
                    self.replace(Collection::TargetServers, it, resident).await?
                }
                Change::MapEntries(map) => {
                    writes.extend(self.map_writes(map).await?);
                    continue;
                }
                Change::NewUser(user) => {
                    writes.extend(self.new_user(user).await?);
                    continue;
                }
            };
            let Some(write) = write else { return Ok(None) };
            writes.push(write);
        }
        Ok(Some(writes))
    }

    async fn replace<E: dormouse_entity::Document + PartialEq + Sync>(
        &self,
        collection: Collection,
        entity: &E,
        resident: Option<&Arc<E>>,
    ) -> Result<Option<DocumentWrite>, Error> {
        let key = DocumentKey { collection, name: entity.document_key().into() };
        let value = Some(entity.to_document(&self.vault())?.into());
        let expected = self.expectation(&key, resident.map(|resident| &**resident)).await?;
        Ok(expected.map(|expected| DocumentWrite { key, expected, value }))
    }

    /// What a write expects that was decided on `resident`; none when the store has something else.
    pub(crate) async fn expectation<E: dormouse_entity::Document + PartialEq>(
        &self,
        key: &DocumentKey,
        resident: Option<&E>,
    ) -> Result<Option<Expected>, Error> {
        let Some(document) = self.store.document(key.clone()).await? else {
            return Ok(resident.is_none().then_some(Expected::Absent));
        };
        let mut read = E::from_document(&document.value, &self.vault());
        if read.is_err() {
            // It may have been sealed under a key that this node has not seen yet.
            self.follow().await?;
            read = E::from_document(&document.value, &self.vault());
        }
        let stored = read.map_err(|error| {
            tracing::error!(%error, collection = ?key.collection, "a stored entity cannot be read");
            Unavailable::Sealed
        })?;
        Ok((resident == Some(&stored)).then_some(Expected::Version(document.version)))
    }

    /// Nothing when there is a person of this name.
    async fn new_user(&self, incoming: &IncomingUser) -> Result<Option<DocumentWrite>, Error> {
        let key = crate::user::user_key(incoming.username.as_str());
        if self.store.document(key.clone()).await?.is_some() {
            return Ok(None);
        }
        let user = self.user_of(incoming)?;
        let value = dormouse_entity::Document::to_document(&user, &self.vault())?;
        Ok(Some(DocumentWrite { key, expected: Expected::Absent, value: Some(value.into()) }))
    }

    /// A person whose password is hashed.
    pub(crate) fn user_of(&self, incoming: &IncomingUser) -> Result<User, Error> {
        let password_hash = match &incoming.password {
            IncomingPassword::Hashed(hash) => hash.clone(),
            IncomingPassword::Clear(password) => {
                let hashed = hash_password(password, &*self.entropy);
                let refused = |error| {
                    StoreError::Unavailable(
                        format!("the password of user {:?} {error}", incoming.username).into(),
                    )
                };
                hashed.map_err(refused)?
            }
        };
        Ok(User { username: incoming.username.clone(), password_hash })
    }

    /// Applies writes if every expectation holds. An unknown outcome is resolved by reading: what was to be written is
    /// there, whoever wrote it, or it is not.
    ///
    /// `false` as well for a secret that an earlier wrapping key sealed than the one that seals now: it must be sealed again.
    pub(crate) async fn write_set(&self, mut writes: Vec<DocumentWrite>) -> Result<bool, Error> {
        let keys = self.keys.load_full();
        let sealed = writes.iter().filter_map(|write| sealed_version(&write.key, write.value.as_deref()?));
        let versions: Vec<u8> = sealed.collect();
        if versions.iter().any(|version| !keys.is_current(*version)) {
            return Ok(false);
        }
        if !versions.is_empty() {
            writes.extend(keys.guard());
        }
        match self.store.write_documents(writes.clone()).await {
            Err(StoreError::OutcomeUnknown(_)) => {}
            outcome => return Ok(outcome?),
        }
        for write in writes {
            let stored = self.store.document(write.key).await?.map(|document| document.value);
            if stored != write.value {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
