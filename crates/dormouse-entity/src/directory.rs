//! The resident snapshot of all developers, apps, credentials, products and target servers.
//!
//! Copies share their contents, so a change makes a new snapshot cheaply while readers keep the old one.

use crate::owned::{Index, Owned, link, unlink};
use crate::sharded::Sharded;
use crate::{
    ApiProduct, App, ConsumerKey, Credential, Developer, Email, EntityId, Name, PlainName, TargetServer,
};
use std::sync::Arc;

/// Everything that deciding about a client needs, in memory. Look-ups take constant time.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    developers: Sharded<EntityId, Arc<Developer>>,
    developer_ids: Sharded<Email, EntityId>,
    apps: Sharded<EntityId, Arc<App>>,
    credentials: Sharded<ConsumerKey, Arc<Credential>>,
    products: Sharded<Name, Arc<ApiProduct>>,
    target_servers: Sharded<PlainName, Arc<TargetServer>>,
    /// Developer to the apps, by name.
    app_ids: Index<Name, EntityId>,
    /// App to its keys.
    keys: Index<ConsumerKey, ()>,
}

impl Directory {
    /// The credential with this consumer key.
    pub fn credential(&self, consumer_key: &str) -> Option<&Arc<Credential>> {
        self.credentials.get(consumer_key)
    }

    /// The app with this id.
    pub fn app(&self, app_id: &str) -> Option<&Arc<App>> {
        self.apps.get(app_id)
    }

    /// The app of this name among the apps of one developer.
    pub fn app_named(&self, developer_id: &str, name: &str) -> Option<&Arc<App>> {
        self.app_ids.get(developer_id)?.get(name).and_then(|id| self.apps.get(id.as_str()))
    }

    /// The developer with this id.
    pub fn developer(&self, developer_id: &str) -> Option<&Arc<Developer>> {
        self.developers.get(developer_id)
    }

    /// The developer with this e-mail address.
    pub fn developer_by_email(&self, email: &str) -> Option<&Arc<Developer>> {
        self.developer_ids.get(email).and_then(|id| self.developers.get(id.as_str()))
    }

    /// The product of this name.
    pub fn product(&self, name: &str) -> Option<&Arc<ApiProduct>> {
        self.products.get(name)
    }

    /// The target server of this name.
    pub fn target_server(&self, name: &str) -> Option<&Arc<TargetServer>> {
        self.target_servers.get(name)
    }

    /// The apps of a developer, by name.
    pub fn apps_of(&self, developer_id: &str) -> impl Iterator<Item = &Arc<App>> {
        let ids = self.app_ids.get(developer_id);
        ids.into_iter().flat_map(Owned::iter).map(|(_, id)| id).filter_map(|id| self.apps.get(id.as_str()))
    }

    /// The credentials of an app, by issue time, then key.
    pub fn credentials_of(&self, app_id: &str) -> Vec<&Arc<Credential>> {
        let keys = self.keys.get(app_id).into_iter().flat_map(Owned::iter).map(|(key, ())| key);
        let mut credentials: Vec<_> = keys.filter_map(|key| self.credentials.get(key.as_str())).collect();
        credentials.sort_by_key(|credential| credential.issued_at);
        credentials
    }

    /// All developers, in no order.
    pub fn developers(&self) -> impl Iterator<Item = &Arc<Developer>> {
        self.developers.values()
    }

    /// All apps, in no order.
    pub fn apps(&self) -> impl Iterator<Item = &Arc<App>> {
        self.apps.values()
    }

    /// All credentials, in no order.
    pub fn credentials(&self) -> impl Iterator<Item = &Arc<Credential>> {
        self.credentials.values()
    }

    /// All products, in no order.
    pub fn products(&self) -> impl Iterator<Item = &Arc<ApiProduct>> {
        self.products.values()
    }

    /// All target servers, in no order.
    pub fn target_servers(&self) -> impl Iterator<Item = &Arc<TargetServer>> {
        self.target_servers.values()
    }

    /// How many credentials there are.
    pub fn credential_count(&self) -> usize {
        self.credentials.len()
    }

    /// Adds a developer, or replaces the one with this id.
    pub fn put_developer(&mut self, developer: impl Into<Arc<Developer>>) {
        let developer = developer.into();
        let id = developer.developer_id.clone();
        self.developer_ids.insert(developer.email.clone(), id.clone());
        let old = self.developers.insert(id, Arc::clone(&developer));
        if let Some(old) = old.filter(|old| old.email != developer.email) {
            self.developer_ids.remove(old.email.as_str());
        }
    }

    /// Adds an app, or replaces the one with this id.
    pub fn put_app(&mut self, app: impl Into<Arc<App>>) {
        let mut app = app.into();
        let owner =
            self.developers.get(app.developer_id.as_str()).map(|developer| developer.developer_id.clone());
        if let (Some(own), Some(owner)) = (Arc::get_mut(&mut app), owner) {
            own.developer_id = owner;
        }
        let old = self.apps.insert(app.app_id.clone(), Arc::clone(&app));
        if let Some(old) = old.filter(|old| old.developer_id != app.developer_id || old.name != app.name) {
            unlink(&mut self.app_ids, &old.developer_id, &old.name);
        }
        link(&mut self.app_ids, &app.developer_id, app.name.clone(), app.app_id.clone());
    }

    /// Adds a credential, or replaces the one with this consumer key.
    pub fn put_credential(&mut self, credential: impl Into<Arc<Credential>>) {
        let mut credential = credential.into();
        if let Some(own) = Arc::get_mut(&mut credential) {
            self.share_names(own);
        }
        let old = self.credentials.insert(credential.consumer_key.clone(), Arc::clone(&credential));
        if let Some(old) = old.filter(|old| old.app_id != credential.app_id) {
            unlink(&mut self.keys, &old.app_id, &old.consumer_key);
        }
        link(&mut self.keys, &credential.app_id, credential.consumer_key.clone(), ());
    }

    /// Adds a product, or replaces the one of this name.
    pub fn put_product(&mut self, product: impl Into<Arc<ApiProduct>>) {
        let product = product.into();
        self.products.insert(product.name.clone(), product);
    }

    /// Adds a target server, or replaces the one of this name.
    pub fn put_target_server(&mut self, server: impl Into<Arc<TargetServer>>) {
        let server = server.into();
        self.target_servers.insert(server.name.clone(), server);
    }

    /// Removes a developer; the apps stay until they are removed themselves, and are unusable meanwhile.
    pub fn remove_developer(&mut self, developer_id: &str) -> Option<Arc<Developer>> {
        let developer = self.developers.remove(developer_id)?;
        self.developer_ids.remove(developer.email.as_str());
        Some(developer)
    }

    /// Removes an app; its credentials stay until they are removed themselves, and are unusable meanwhile.
    pub fn remove_app(&mut self, app_id: &str) -> Option<Arc<App>> {
        let app = self.apps.remove(app_id)?;
        unlink(&mut self.app_ids, &app.developer_id, &app.name);
        Some(app)
    }

    /// Removes a credential.
    pub fn remove_credential(&mut self, consumer_key: &str) -> Option<Arc<Credential>> {
        let credential = self.credentials.remove(consumer_key)?;
        unlink(&mut self.keys, &credential.app_id, &credential.consumer_key);
        Some(credential)
    }

    /// Removes a product; keys go on naming it, to no effect.
    pub fn remove_product(&mut self, name: &str) -> Option<Arc<ApiProduct>> {
        self.products.remove(name)
    }

    /// Removes a target server.
    pub fn remove_target_server(&mut self, name: &str) -> Option<Arc<TargetServer>> {
        self.target_servers.remove(name)
    }

    /// Lets a credential point to the texts that its app and products have already.
    fn share_names(&self, credential: &mut Credential) {
        if let Some(app) = self.apps.get(credential.app_id.as_str()) {
            credential.app_id = app.app_id.clone();
        }
        credential.products.shrink_to_fit();
        for product in &mut credential.products {
            if let Some(known) = self.products.get(product.name.as_str()) {
                product.name = known.name.clone();
            }
        }
    }
}
