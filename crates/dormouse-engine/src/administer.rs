//! What administration does to entities: putting them, and deleting them for good. Each act is one atomic write, in force on
//! this node before it is acknowledged, and what is deleted leaves a tombstone so that no entity file makes it again.

use crate::Engine;
use crate::commit::LOST_MAX;
use crate::cut_off::CutOffOrder;
use crate::error::{Error, Unavailable};
use crate::key_value::{MapName, entry_key};
use crate::user::user_key;
use dormouse_entity::{Change, Credential, Directory, Document, EntityKey, MapScope, Name};
use dormouse_token::{Collection, DocumentKey, DocumentWrite, Expected, Reach, Reason, Target};
use std::sync::Arc;

impl Engine {
    /// Puts the entities that `decide` makes out of the present directory.
    ///
    /// Atomic: all of them or none, and only if nobody else changed one of them since the directory was read; else `decide`
    /// is asked again, about the newer directory. What had been deleted and is put again is no longer kept from entity
    /// files, and tokens of a key from before its deletion stay dead.
    ///
    /// # Errors
    /// What `decide` refuses with, and [`Error::Unavailable`].
    pub async fn write_entities<E: From<Error>>(
        &self,
        decide: impl Fn(&Directory) -> Result<Vec<Change>, E>,
    ) -> Result<(), E> {
        for _ in 0..LOST_MAX {
            self.follow().await?;
            let directory = self.directory();
            let changes = decide(&directory)?;
            if changes.is_empty() || self.put_changes(&directory, &changes).await? {
                return Ok(self.follow().await?);
            }
        }
        Err(Error::from(Unavailable::Contended).into())
    }

    /// Deletes an entity with all that belongs to it: the apps of a developer, the keys of an app, the entries of a map.
    /// `false` when there is no such entity. Tokens of deleted keys are cut off.
    ///
    /// Atomic: entities go and tombstones come together. The cut-offs follow, before it is acknowledged; where they could
    /// not be written, the tokens are dead because their key is, and they are written before the key is ever put again.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; deleting again does no harm.
    pub async fn delete_entity(&self, entity: &EntityKey) -> Result<bool, Error> {
        for _ in 0..LOST_MAX {
            self.follow().await?;
            let directory = self.directory();
            let doomed = doomed(&directory, entity);
            let mut writes = Vec::new();
            for own in &doomed {
                writes.push(self.removal(&directory, own).await?);
            }
            let Some(writes) = writes.into_iter().collect::<Option<Vec<_>>>() else { continue };
            let mut writes = writes.concat();
            if writes.is_empty() {
                return Ok(false);
            }
            for own in &doomed {
                writes.push(self.ledger_row(own.clone()).await?.deleted());
            }
            if !self.write_set(writes).await? {
                continue;
            }
            for own in &doomed {
                if let EntityKey::Credential(key) = own {
                    self.cut_off_client(key).await?;
                }
            }
            self.follow().await?;
            return Ok(true);
        }
        Err(Unavailable::Contended.into())
    }

    /// `false` when somebody else changed something first.
    async fn put_changes(&self, directory: &Directory, changes: &[Change]) -> Result<bool, Error> {
        let Some(mut writes) = self.entity_writes(directory, changes).await? else { return Ok(false) };
        let mut after = directory.clone();
        for change in changes {
            after.apply(change);
        }
        for key in changes.iter().flat_map(|change| keys_of(change, &after)) {
            let row = self.ledger_row(key.clone()).await?;
            if !row.is_deleted {
                continue;
            }
            if let EntityKey::Credential(key) = &key {
                self.cut_off_client(key).await?;
            }
            writes.push(row.made_again());
        }
        self.write_set(writes).await
    }

    async fn cut_off_client(&self, consumer_key: &str) -> Result<(), Error> {
        let target = Target::Client(consumer_key.into());
        let order = CutOffOrder { target, reach: Reach::Both, reason: Reason::Administration, before: None };
        self.cut_off(order).await.map(drop)
    }

    /// The writes that remove one entity alone: nothing when there is none; none when the store is ahead of the directory.
    async fn removal(
        &self,
        directory: &Directory,
        entity: &EntityKey,
    ) -> Result<Option<Vec<DocumentWrite>>, Error> {
        match entity {
            EntityKey::Product(name) => self.gone(Collection::Products, directory.product(name)).await,
            EntityKey::Developer(email) => {
                self.gone(Collection::Developers, directory.developer_by_email(email)).await
            }
            EntityKey::App { developer, app } => {
                let owner = directory.developer_by_email(developer);
                let app = owner.and_then(|owner| directory.app_named(owner.developer_id.as_str(), app));
                self.gone(Collection::Apps, app).await
            }
            EntityKey::Credential(key) => self.gone(Collection::Credentials, directory.credential(key)).await,
            EntityKey::TargetServer(name) => {
                self.gone(Collection::TargetServers, directory.target_server(name)).await
            }
            EntityKey::CredentialProduct { consumer_key, product } => {
                let had = |it: &&Arc<Credential>| it.products.iter().any(|own| own.name.as_str() == product);
                let Some(credential) = directory.credential(consumer_key).filter(had) else {
                    return Ok(Some(Vec::new()));
                };
                let mut credential = Credential::clone(credential);
                credential.products.retain(|own| own.name.as_str() != product);
                self.entity_writes(directory, &[Change::Credential(credential)]).await
            }
            EntityKey::User(name) => self.removal_of(user_key(name)).await.map(Some),
            EntityKey::Map { scope, proxy, map } => {
                let Some(scope) = map_scope(scope, proxy) else { return Ok(Some(Vec::new())) };
                self.map_removal(MapName { scope: &scope, name: map }).await.map(Some)
            }
            EntityKey::MapEntry { map, key } => {
                let EntityKey::Map { scope, proxy, map } = &**map else { return Ok(Some(Vec::new())) };
                let Some(scope) = map_scope(scope, proxy) else { return Ok(Some(Vec::new())) };
                self.removal_of(entry_key(MapName { scope: &scope, name: map }, key)).await.map(Some)
            }
            // A place in a file, not an entity.
            EntityKey::GeneratedCredential { .. } => Ok(Some(Vec::new())),
        }
    }

    async fn gone<E: Document + PartialEq>(
        &self,
        collection: Collection,
        resident: Option<&Arc<E>>,
    ) -> Result<Option<Vec<DocumentWrite>>, Error> {
        let Some(resident) = resident else { return Ok(Some(Vec::new())) };
        let key = DocumentKey { collection, name: resident.document_key().into() };
        let expected = self.expectation(&key, Some(&**resident)).await?;
        Ok(expected.map(|expected| vec![DocumentWrite { key, expected, value: None }]))
    }

    async fn removal_of(&self, key: DocumentKey) -> Result<Vec<DocumentWrite>, Error> {
        let document = self.store.document(key.clone()).await?;
        let remove = |document: dormouse_token::Document| DocumentWrite {
            key,
            expected: Expected::Version(document.version),
            value: None,
        };
        Ok(document.map(remove).into_iter().collect())
    }
}

/// The entity and what goes with it.
fn doomed(directory: &Directory, entity: &EntityKey) -> Vec<EntityKey> {
    let keys = |app_id: &str| {
        let credentials = directory.credentials_of(app_id).into_iter();
        credentials.map(|it| EntityKey::Credential(it.consumer_key.to_string())).collect::<Vec<_>>()
    };
    let mut all = vec![entity.clone()];
    match entity {
        EntityKey::App { developer, app } => {
            let owner = directory.developer_by_email(developer);
            let app = owner.and_then(|owner| directory.app_named(owner.developer_id.as_str(), app));
            all.extend(app.into_iter().flat_map(|app| keys(app.app_id.as_str())));
        }
        EntityKey::Developer(email) => {
            let owner = directory.developer_by_email(email);
            for app in owner.into_iter().flat_map(|it| directory.apps_of(it.developer_id.as_str())) {
                all.push(EntityKey::App { developer: email.clone(), app: app.name.to_string() });
                all.extend(keys(app.app_id.as_str()));
            }
        }
        _ => {}
    }
    all
}

/// How entity files name what a change makes.
fn keys_of(change: &Change, directory: &Directory) -> Vec<EntityKey> {
    match change {
        Change::Product(it) => vec![EntityKey::Product(it.name.to_string())],
        Change::Developer(it) => vec![EntityKey::Developer(it.email.to_string())],
        Change::App(it) => {
            let owner = directory.developer(it.developer_id.as_str());
            let key = |developer| EntityKey::App { developer, app: it.name.to_string() };
            owner.map(|owner| key(owner.email.to_string())).into_iter().collect()
        }
        Change::Credential(it) => {
            let consumer_key = it.consumer_key.to_string();
            let product = |product: &dormouse_entity::CredentialProduct| EntityKey::CredentialProduct {
                consumer_key: consumer_key.clone(),
                product: product.name.to_string(),
            };
            let products: Vec<_> = it.products.iter().map(product).collect();
            [EntityKey::Credential(consumer_key)].into_iter().chain(products).collect()
        }
        Change::TargetServer(it) => vec![EntityKey::TargetServer(it.name.to_string())],
        Change::MapEntries(it) => {
            let proxy = match &it.scope {
                MapScope::Proxy(proxy) => proxy.to_string(),
                MapScope::Environment | MapScope::Organization => String::new(),
            };
            let map = EntityKey::Map { scope: it.scope.as_str().to_owned(), proxy, map: it.name.to_string() };
            let entry =
                |(key, _): &(String, _)| EntityKey::MapEntry { map: Box::new(map.clone()), key: key.clone() };
            it.entries.iter().map(entry).chain([map.clone()]).collect()
        }
        Change::NewUser(it) => vec![EntityKey::User(it.username.to_string())],
    }
}

fn map_scope(scope: &str, proxy: &str) -> Option<MapScope> {
    match scope {
        "environment" => Some(MapScope::Environment),
        "organization" => Some(MapScope::Organization),
        "apiproxy" => Name::parse(proxy).ok().map(MapScope::Proxy),
        _ => None,
    }
}
