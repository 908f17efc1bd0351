//! Key value maps: named tables that policies read and write (Apigee's `keyvaluemaps` resource).

use crate::{Name, PlainName};
use dormouse_token::Secret;

/// A table of an organization, environment or proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValueMap {
    /// Unique in its scope.
    pub name: PlainName,
    /// Where it is visible.
    pub scope: MapScope,
    /// Whether its values are sealed in the store.
    pub encrypted: bool,
    /// Keys, each once, and values, which may be secret whether or not the map is encrypted.
    pub entries: Vec<(String, Secret)>,
}

/// Where a key value map is visible.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MapScope {
    /// In the environment that is served; policies look there unless they say otherwise.
    #[default]
    Environment,
    /// Everywhere.
    Organization,
    /// In one proxy.
    Proxy(Name),
}

impl MapScope {
    /// Apigee's word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Organization => "organization",
            Self::Proxy(_) => "apiproxy",
        }
    }
}
