//! Target servers: named hosts that proxies send requests to (Apigee's `targetservers` resource).

use crate::PlainName;

/// A named host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetServer {
    /// Unique in the environment.
    pub name: PlainName,
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether it takes requests.
    pub is_enabled: bool,
    /// How the connection is protected; none is plain HTTP.
    pub tls: Option<TargetTls>,
}

/// TLS towards a target server (Apigee's `sSLInfo`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetTls {
    /// Whether TLS is used.
    pub enabled: bool,
    /// Whether a client certificate is presented.
    pub client_auth_enabled: bool,
    /// Whether an untrusted certificate of the server is accepted.
    pub ignore_validation_errors: bool,
    /// Name of the key store, may be empty.
    pub key_store: String,
    /// Name of the key in it, may be empty.
    pub key_alias: String,
    /// Name of the trust store, may be empty.
    pub trust_store: String,
    /// Cipher suites; empty leaves the choice to the library.
    pub ciphers: Vec<String>,
    /// Protocol versions; empty leaves the choice to the library.
    pub protocols: Vec<String>,
}
