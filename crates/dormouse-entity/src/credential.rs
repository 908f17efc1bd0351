//! Credentials: consumer key and secret of an app, which are its OAuth `client_id` and `client_secret`.

use crate::{ConsumerKey, EntityId, KeyStatus, Name};
use dormouse_token::{Attributes, Scope, Secret, Timestamp};

/// A key of an app with its secret and its API products. An app may have several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The OAuth `client_id`, unique in the organization.
    pub consumer_key: ConsumerKey,
    /// The OAuth `client_secret`.
    pub consumer_secret: Secret,
    /// The app whose key this is.
    pub app_id: EntityId,
    /// Whether the key may be used.
    pub status: KeyStatus,
    /// When it was made.
    pub issued_at: Timestamp,
    /// From when on it may not be used; none is never.
    pub expires_at: Option<Timestamp>,
    /// Scopes listed at the key; informative, its products decide.
    pub scopes: Scope,
    /// Custom attributes.
    pub attributes: Attributes,
    /// The products that the key gives access to, in order: the first that matches a call serves it.
    pub products: Vec<CredentialProduct>,
}

/// An API product in a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialProduct {
    /// The product's name. The product itself may not exist (any more).
    pub name: Name,
    /// Whether the product may be used with this key.
    pub status: KeyStatus,
}
