//! What entity files have been applied before, and what administration has deleted since: the memory that keeps a start
//! from undoing an administrative act.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Everything known about earlier starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// What was applied.
    pub applied: BTreeMap<EntityKey, Applied>,
    /// What administration deleted.
    pub tombstones: BTreeSet<EntityKey>,
}

/// What names an entity in files: names that people give, never derived ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EntityKey {
    /// An API product, by name.
    Product(String),
    /// A developer, by e-mail address.
    Developer(String),
    /// An app.
    App {
        /// E-mail address of the owner.
        developer: String,
        /// Name of the app.
        app: String,
    },
    /// A credential, by consumer key.
    Credential(String),
    /// A credential to which the file gives no key.
    GeneratedCredential {
        /// E-mail address of the app's owner.
        developer: String,
        /// Name of the app.
        app: String,
        /// Place among the app's credentials in the file, from 0.
        index: usize,
    },
    /// A product in a credential. Taking it away from the key leaves this tombstone.
    CredentialProduct {
        /// The key.
        consumer_key: String,
        /// The product's name.
        product: String,
    },
    /// A key value map.
    Map {
        /// `environment`, `organization`, `apiproxy`.
        scope: String,
        /// The proxy of a proxy's map, else empty.
        proxy: String,
        /// Name of the map.
        map: String,
    },
    /// An entry of a key value map.
    MapEntry {
        /// Its map.
        map: Box<EntityKey>,
        /// Its key.
        key: String,
    },
    /// A target server, by name.
    TargetServer(String),
    /// A person, by name.
    User(String),
}

impl fmt::Display for EntityKey {
    /// The entity in words, as messages name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Product(name) => write!(f, "product {name:?}"),
            Self::Developer(email) => write!(f, "developer {email}"),
            Self::App { developer, app } => write!(f, "app {app:?} of {developer}"),
            Self::Credential(key) => write!(f, "key {key:?}"),
            Self::GeneratedCredential { developer, app, index } => {
                write!(f, "credential {} of app {app:?} of {developer}", index + 1)
            }
            Self::CredentialProduct { consumer_key, product } => {
                write!(f, "product {product:?} in key {consumer_key:?}")
            }
            Self::Map { scope, proxy, map } if proxy.is_empty() => write!(f, "map {map:?} of the {scope}"),
            Self::Map { proxy, map, .. } => write!(f, "map {map:?} of proxy {proxy:?}"),
            Self::MapEntry { map, key } => write!(f, "entry {key:?} of {map}"),
            Self::TargetServer(name) => write!(f, "target server {name:?}"),
            Self::User(name) => write!(f, "user {name:?}"),
        }
    }
}

/// What was applied of an entity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// Digest of each part (member, attribute, product in a key) as the file had it.
    pub parts: BTreeMap<String, String>,
    /// The consumer key that was generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer_key: Option<String>,
}

/// Key of the digests. It is random, kept in the store and never replaced, so that nobody who sees digests can try values.
pub struct DigestKey(hmac::Key);

impl EntityKey {
    /// Text form, for the key of a store row.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The inverse of [`EntityKey::to_text`].
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl Applied {
    /// The bytes for the store.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The inverse of [`Applied::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl DigestKey {
    /// The key that has these bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Digest of one part. Members of JSON objects are sorted, so equal values have equal digests.
    pub(crate) fn digest(&self, part: &str, value: &Value) -> String {
        let text = format!("{part}\0{value}");
        let tag = hmac::sign(&self.0, text.as_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..DIGEST_BYTES).unwrap_or_default())
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey(…)")
    }
}

/// An accidental match of two values is out of question at this length.
const DIGEST_BYTES: usize = 16;
