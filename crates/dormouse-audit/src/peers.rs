//! What servers that store a refresh token when they issue it hold for one that nobody redeems: published and measured
//! figures, each with how it was come by.

use serde::{Deserialize, Serialize};

/// A server and its figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Server and version.
    pub name: &'static str,
    /// Rows for one token.
    pub rows: u64,
    /// Bytes for one token, indexes included.
    pub bytes: u64,
    /// How the figure was come by.
    pub evidence: Evidence,
}

/// How a figure was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// 20,000 tokens through the server's real grant on PostgreSQL 15, indexes included, no vacuum; access token, code
    /// and session rows that stay are included.
    Measured,
    /// An operator's report of a production database: bytes of a row.
    Production,
    /// The published schema filled with realistic values, freshly built indexes: a lower bound, one token's share.
    Schema,
}

impl Evidence {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measured => {
                "measured: 20,000 tokens through the real grant, PostgreSQL 15, indexes included, no vacuum"
            }
            Self::Production => {
                "reported from production: 6.97 million rows in 22.57 GB of MySQL, ory/hydra issue 1574"
            }
            Self::Schema => {
                "lower bound: the published schema filled with realistic values, indexes freshly built"
            }
        }
    }
}

/// Every server there is a figure for: measured ones first, each kind by size.
pub(crate) const PEERS: &[Peer] = &[
    measured("Keycloak 26.7.3", 2, 1_533),
    measured("Keycloak 26.7.3, offline_access", 2, 1_632),
    measured("node oidc-provider 9.13, PostgreSQL adapter", 3, 1_817),
    measured("Ory Hydra 26.2, code flow", 5, 7_431),
    Peer { name: "Ory Hydra, MySQL", rows: 1, bytes: 3_240, evidence: Evidence::Production },
    schema("Supabase Auth 2", 356),
    schema("Matrix Authentication Service", 363),
    schema("SuperTokens", 458),
    schema("Doorkeeper", 540),
    schema("OpenIddict", 652),
    schema("Glewlwyd", 790),
    schema("Rauthy", 848),
    schema("authentik", 1_247),
    schema("Authelia", 1_661),
    schema("Duende IdentityServer", 2_460),
    schema("Zitadel", 2_889),
    schema("Spring Authorization Server", 3_173),
    schema("Casdoor", 4_991),
];

const fn measured(name: &'static str, rows: u64, bytes: u64) -> Peer {
    Peer { name, rows, bytes, evidence: Evidence::Measured }
}

const fn schema(name: &'static str, bytes: u64) -> Peer {
    Peer { name, rows: 1, bytes, evidence: Evidence::Schema }
}
