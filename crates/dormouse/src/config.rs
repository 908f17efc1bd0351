//! `dormouse.toml`: what `dormouse serve` is told beside its command line. Flags win over environment variables, these over
//! the file, the file over defaults. An unknown key is an error, since a misspelt restriction would restrict nothing.
//!
//! The variable of `key` in `[section]` is `DORMOUSE__SECTION__KEY`; that of a key above all sections `DORMOUSE__KEY`.

mod environment;
mod error;
mod file;
mod origin;
mod value;

pub(crate) use error::ConfigError;
pub(crate) use origin::Origin;

use dormouse_policy::Platform;
use dormouse_server::{CorsOrigin, Issuer};
use dormouse_store::MarkIdentity;
use dormouse_token::Rotation;
use serde::Deserialize;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use value::{mark_identity, metrics_access, parsed, parsed_list, platform, rotation, seconds};

/// What the file and the environment say.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The organization, which tokens are bound to.
    pub(crate) organization: Option<String>,
    /// The environment, which products may be bound to.
    pub(crate) environment: Option<String>,
    /// `x` or `edge`: whose defaults hold in bundles.
    #[serde(deserialize_with = "platform")]
    pub(crate) platform: Option<Platform>,
    /// Threads for each listener.
    pub(crate) workers: Option<NonZeroUsize>,
    /// The directory of entity files.
    pub(crate) entities: Option<PathBuf>,
    /// The data directory.
    pub(crate) data: Option<PathBuf>,
    pub(crate) oauth: OAuthConfig,
    pub(crate) gateway: GatewayConfig,
    pub(crate) admin: AdminConfig,
    pub(crate) store: StoreConfig,
}

/// `[oauth]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OAuthConfig {
    /// Where the native endpoints listen.
    #[serde(deserialize_with = "parsed")]
    pub(crate) listen: Option<SocketAddr>,
    /// The chain of certificates in PEM; with it, HTTPS is served.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Its private key in PEM.
    pub(crate) tls_key: Option<PathBuf>,
    /// The issuer that clients compare.
    #[serde(deserialize_with = "parsed")]
    pub(crate) issuer: Option<Issuer>,
    /// Where codes are to be had, if anywhere.
    pub(crate) authorization_endpoint: Option<String>,
    /// Origins whose pages may call the endpoints from a browser.
    #[serde(deserialize_with = "parsed_list")]
    pub(crate) cors_origins: Option<Vec<CorsOrigin>>,
    /// Lifetime of access tokens.
    #[serde(deserialize_with = "seconds")]
    pub(crate) access_ttl: Option<Duration>,
    /// Lifetime of refresh tokens.
    #[serde(deserialize_with = "seconds")]
    pub(crate) refresh_ttl: Option<Duration>,
    /// Longest life of a family.
    #[serde(deserialize_with = "seconds")]
    pub(crate) family_ttl: Option<Duration>,
    /// What redeeming does to a refresh token.
    #[serde(deserialize_with = "rotation")]
    pub(crate) rotation: Option<Rotation>,
    /// How long a redemption's answer is repeated under `rotate`.
    #[serde(deserialize_with = "seconds")]
    pub(crate) grace: Option<Duration>,
}

/// `[gateway]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GatewayConfig {
    /// Where bundles listen.
    #[serde(deserialize_with = "parsed")]
    pub(crate) listen: Option<SocketAddr>,
    /// The chain of certificates in PEM; with it, HTTPS is served.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Its private key in PEM.
    pub(crate) tls_key: Option<PathBuf>,
    /// The bundles, as on the command line.
    pub(crate) bundles: Option<Vec<String>>,
    /// Whether a policy that cannot run is an error.
    pub(crate) strict: Option<bool>,
}

/// `[admin]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdminConfig {
    /// Where administration listens.
    #[serde(deserialize_with = "parsed")]
    pub(crate) listen: Option<SocketAddr>,
    /// The chain of certificates in PEM; with it, HTTPS is served.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Its private key in PEM.
    pub(crate) tls_key: Option<PathBuf>,
    /// The file that holds the admin token, instead of `admin-token` in the data directory.
    pub(crate) token_file: Option<PathBuf>,
    /// Host names that the listener is reached under, beside loopback ones.
    pub(crate) hosts: Option<Vec<String>>,
    /// `open` or `token`: whether `/metrics` needs the admin token. True when it does not.
    #[serde(deserialize_with = "metrics_access", rename = "metrics")]
    pub(crate) metrics_open: Option<bool>,
}

/// `[store]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StoreConfig {
    /// Where the mark against a store that was put back is kept.
    pub(crate) mark: Option<PathBuf>,
    /// `file` or `counter`: how a copied store is recognised.
    #[serde(deserialize_with = "mark_identity")]
    pub(crate) mark_identity: Option<MarkIdentity>,
    /// The key file that nodes share, instead of `roots` in the data directory.
    pub(crate) roots: Option<PathBuf>,
    /// How long verification goes on from memory while the store cannot be followed.
    #[serde(deserialize_with = "seconds")]
    pub(crate) max_stale: Option<Duration>,
}

impl Config {
    /// Reads the file that is named, or `dormouse.toml` if there is one, and the environment. Also returns where
    /// that was.
    pub(crate) fn load(path: Option<&Path>) -> Result<(Self, Origin), ConfigError> {
        let path = path.or_else(|| Some(Path::new(DEFAULT)).filter(|path| path.exists()));
        let (mut config, origin) = path.map(file::read).transpose()?.unwrap_or_default();
        environment::apply(&mut config, std::env::vars_os())?;
        Ok((config, origin))
    }

    /// Takes what `over` says, and keeps the rest.
    fn overlay(&mut self, over: Self) {
        take(&mut self.organization, over.organization);
        take(&mut self.environment, over.environment);
        take(&mut self.platform, over.platform);
        take(&mut self.workers, over.workers);
        take(&mut self.entities, over.entities);
        take(&mut self.data, over.data);
        take(&mut self.oauth.listen, over.oauth.listen);
        take(&mut self.oauth.tls_certificate, over.oauth.tls_certificate);
        take(&mut self.oauth.tls_key, over.oauth.tls_key);
        take(&mut self.oauth.issuer, over.oauth.issuer);
        take(&mut self.oauth.authorization_endpoint, over.oauth.authorization_endpoint);
        take(&mut self.oauth.cors_origins, over.oauth.cors_origins);
        take(&mut self.oauth.access_ttl, over.oauth.access_ttl);
        take(&mut self.oauth.refresh_ttl, over.oauth.refresh_ttl);
        take(&mut self.oauth.family_ttl, over.oauth.family_ttl);
        take(&mut self.oauth.rotation, over.oauth.rotation);
        take(&mut self.oauth.grace, over.oauth.grace);
        take(&mut self.gateway.listen, over.gateway.listen);
        take(&mut self.gateway.tls_certificate, over.gateway.tls_certificate);
        take(&mut self.gateway.tls_key, over.gateway.tls_key);
        take(&mut self.gateway.bundles, over.gateway.bundles);
        take(&mut self.gateway.strict, over.gateway.strict);
        take(&mut self.admin.listen, over.admin.listen);
        take(&mut self.admin.tls_certificate, over.admin.tls_certificate);
        take(&mut self.admin.tls_key, over.admin.tls_key);
        take(&mut self.admin.token_file, over.admin.token_file);
        take(&mut self.admin.hosts, over.admin.hosts);
        take(&mut self.admin.metrics_open, over.admin.metrics_open);
        take(&mut self.store.mark, over.store.mark);
        take(&mut self.store.mark_identity, over.store.mark_identity);
        take(&mut self.store.roots, over.store.roots);
        take(&mut self.store.max_stale, over.store.max_stale);
    }
}

fn take<T>(own: &mut Option<T>, over: Option<T>) {
    if over.is_some() {
        *own = over;
    }
}

/// The file that is read when none is named.
const DEFAULT: &str = "dormouse.toml";
