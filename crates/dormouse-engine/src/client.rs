//! Clients: proof that one was authenticated, or at least identified.

use crate::Engine;
use crate::error::{Error, Refusal};
use dormouse_entity::{ApiProduct, App, AppSettings, ClientView, Credential, Developer, Directory, Unusable};
use dormouse_token::{Scope, Secret, Timestamp};
use std::sync::Arc;

/// A client that exists and may be used, whoever is asking: enough for codes and the implicit grant.
#[derive(Clone, Debug)]
pub struct IdentifiedClient {
    directory: Arc<Directory>,
    credential: Arc<Credential>,
    app: Arc<App>,
    developer: Arc<Developer>,
}

/// A client that proved who it is: by its secret, or by what a bundle's external authorization server said of it.
#[derive(Clone, Debug)]
pub struct AuthenticatedClient {
    identified: IdentifiedClient,
    public: bool,
}

impl IdentifiedClient {
    pub(crate) fn of(directory: &Arc<Directory>, view: &ClientView<'_>) -> Self {
        Self {
            credential: Arc::clone(view.credential()),
            app: Arc::clone(view.app()),
            developer: Arc::clone(view.developer()),
            directory: Arc::clone(directory),
        }
    }

    /// The `client_id`.
    pub fn id(&self) -> &str {
        self.credential.consumer_key.as_str()
    }

    /// The credential whose key it is.
    pub fn credential(&self) -> &Arc<Credential> {
        &self.credential
    }

    /// The app.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The developer who owns the app.
    pub fn developer(&self) -> &Arc<Developer> {
        &self.developer
    }

    /// The app's `dormouse.` attributes.
    pub fn settings(&self) -> &AppSettings {
        self.app.settings()
    }

    /// The approved products of the key, in the key's order.
    pub fn products(&self) -> impl Iterator<Item = &ApiProduct> {
        approved_products(&self.directory, &self.credential)
    }

    /// Every scope that its tokens may be granted now.
    pub fn grantable_scope(&self) -> Scope {
        dormouse_entity::grantable_scope(self.products())
    }

    pub(crate) fn subject<'a>(&'a self, user: Option<&'a str>) -> crate::cut_off_table::Subject<'a> {
        crate::cut_off_table::Subject {
            client: self.id(),
            owner: Some((self.app.app_id.as_str(), self.developer.developer_id.as_str())),
            user,
        }
    }
}

impl AuthenticatedClient {
    /// Whether it is a public client, which has no secret to prove itself with.
    pub const fn is_public(&self) -> bool {
        self.public
    }
}

impl std::ops::Deref for AuthenticatedClient {
    type Target = IdentifiedClient;

    fn deref(&self) -> &IdentifiedClient {
        &self.identified
    }
}

impl Engine {
    /// The client with this id, without proof of who is asking.
    ///
    /// # Errors
    /// [`Refusal::Client`] with the reason why it may not be used.
    pub fn identify(&self, client_id: &str) -> Result<IdentifiedClient, Error> {
        let directory = self.directory();
        Ok(identify(&directory, client_id, self.now()).map_err(Refusal::Client)?)
    }

    /// The client that knows this secret.
    ///
    /// An unknown id takes the same path as a wrong secret, with a comparison against a secret that nobody has. The state of
    /// the client is told only to who knows its secret.
    ///
    /// # Errors
    /// [`Refusal::InvalidClient`], or [`Refusal::Client`] when the secret is right.
    pub fn authenticate(&self, client_id: &str, secret: &str) -> Result<AuthenticatedClient, Error> {
        let directory = self.directory();
        let nobody = Secret::new(NOBODYS_SECRET);
        let known = directory.credential(client_id);
        let own = known.map_or(&nobody, |credential| &credential.consumer_secret);
        let matches = own.matches(secret);
        if !matches || known.is_none() {
            return Err(Refusal::InvalidClient.into());
        }
        let identified = identify(&directory, client_id, self.now()).map_err(Refusal::Client)?;
        Ok(AuthenticatedClient { identified, public: false })
    }

    /// The client that an external authorization server vouched for (Apigee's `oauth_external_authorization_status`).
    ///
    /// # Errors
    /// [`Refusal::Client`] with the reason why it may not be used.
    pub fn vouched_for(&self, client_id: &str) -> Result<AuthenticatedClient, Error> {
        Ok(AuthenticatedClient { identified: self.identify(client_id)?, public: false })
    }

    /// A public client by its id alone (RFC 6749 §2.1), if it is marked as one.
    ///
    /// # Errors
    /// [`Refusal::InvalidClient`] when it is not public, or [`Refusal::Client`] when it may not be used.
    pub fn public(&self, client_id: &str) -> Result<AuthenticatedClient, Error> {
        let directory = self.directory();
        let is_public = directory
            .credential(client_id)
            .and_then(|credential| directory.app(credential.app_id.as_str()))
            .is_some_and(|app| app.settings().public);
        if !is_public {
            return Err(Refusal::InvalidClient.into());
        }
        Ok(AuthenticatedClient { identified: self.identify(client_id)?, public: true })
    }
}

pub(crate) fn identify(
    directory: &Arc<Directory>,
    client_id: &str,
    now: Timestamp,
) -> Result<IdentifiedClient, Unusable> {
    Ok(IdentifiedClient::of(directory, &directory.usable(client_id, now)?))
}

pub(crate) fn approved_products<'a>(
    directory: &'a Directory,
    credential: &'a Credential,
) -> impl Iterator<Item = &'a ApiProduct> {
    let approved = |product: &&dormouse_entity::CredentialProduct| {
        product.status == dormouse_entity::KeyStatus::Approved
    };
    credential
        .products
        .iter()
        .filter(approved)
        .filter_map(|product| directory.product(product.name.as_str()))
        .map(|product| &**product)
}

/// Compared when the client is unknown. As long as generated secrets are, so that the comparison takes as long; refused even
/// to who sends it.
const NOBODYS_SECRET: &str = "nobody-knows-this-one-nobody-knows-this-one-no-64-characters-lon";
