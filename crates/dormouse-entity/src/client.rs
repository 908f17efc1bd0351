//! Whether a client may be used now: key, app and developer, in Apigee's order.

use crate::{ApiProduct, App, AppStatus, Credential, Developer, DeveloperStatus, Directory, KeyStatus};
use dormouse_token::{Scope, Timestamp};
use std::sync::Arc;

/// A client with everything that belongs to it. Only [`Directory::usable`] makes one, so holding it proves that the key,
/// the app and the developer were in order at that time. It proves nothing about who is asking.
#[derive(Clone, Copy, Debug)]
pub struct ClientView<'a> {
    directory: &'a Directory,
    credential: &'a Arc<Credential>,
    app: &'a Arc<App>,
    developer: &'a Arc<Developer>,
}

/// Why a client may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// No credential has this consumer key, or its app or developer is gone.
    Unknown,
    /// The key is pending or revoked.
    KeyNotApproved(KeyStatus),
    /// The key's time is over.
    KeyExpired {
        /// When it ended.
        expired_at: Timestamp,
    },
    /// The app is revoked.
    AppNotApproved,
    /// The developer is inactive.
    DeveloperNotActive,
}

impl Directory {
    /// The client with this `client_id`, when it may be used at `now`. The secret is not looked at.
    ///
    /// # Errors
    /// [`Unusable`], the first reason in Apigee's order: key, its expiry, app, developer.
    pub fn usable(&self, client_id: &str, now: Timestamp) -> Result<ClientView<'_>, Unusable> {
        let credential = self.credential(client_id).ok_or(Unusable::Unknown)?;
        let app = self.app(credential.app_id.as_str()).ok_or(Unusable::Unknown)?;
        let developer = self.developer(app.developer_id.as_str()).ok_or(Unusable::Unknown)?;
        if credential.status != KeyStatus::Approved {
            return Err(Unusable::KeyNotApproved(credential.status));
        }
        if let Some(expired_at) = credential.expires_at.filter(|expires_at| *expires_at <= now) {
            return Err(Unusable::KeyExpired { expired_at });
        }
        if app.status != AppStatus::Approved {
            return Err(Unusable::AppNotApproved);
        }
        if developer.status != DeveloperStatus::Active {
            return Err(Unusable::DeveloperNotActive);
        }
        Ok(ClientView { directory: self, credential, app, developer })
    }
}

impl<'a> ClientView<'a> {
    /// The key that was asked for.
    pub fn credential(&self) -> &'a Arc<Credential> {
        self.credential
    }

    /// The app whose key it is.
    pub fn app(&self) -> &'a Arc<App> {
        self.app
    }

    /// The owner of the app.
    pub fn developer(&self) -> &'a Arc<Developer> {
        self.developer
    }

    /// The approved products of the key that exist, in the key's order.
    pub fn products(&self) -> impl Iterator<Item = &'a ApiProduct> {
        let directory = self.directory;
        let approved =
            self.credential.products.iter().filter(|product| product.status == KeyStatus::Approved);
        approved.filter_map(move |product| directory.product(product.name.as_str())).map(|product| &**product)
    }

    /// Every scope that the client's tokens may be granted.
    pub fn grantable_scope(&self) -> Scope {
        crate::grantable_scope(self.products())
    }
}
