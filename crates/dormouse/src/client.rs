//! The command line's HTTP client of the admin listener.

use crate::exit::{Failure, OrFailure as _};
use anyhow::{Context as _, anyhow, bail};
use dormouse_token::Secret;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use ureq::config::ConfigBuilder;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::typestate::AgentScope;

/// A client of one admin listener.
pub(crate) struct AdminClient {
    agent: ureq::Agent,
    base: String,
    token: Option<Secret>,
}

/// Whom to trust at an address.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Trust {
    /// The certificates to trust at an admin address that begins with https://, in PEM; without it, the system's or those of
    /// SSL_CERT_FILE.
    #[arg(long, value_name = "FILE", global = true)]
    ca: Option<PathBuf>,
}

impl AdminClient {
    /// A client for `http://HOST:PORT` or `https://HOST:PORT`, with the token of a file if one is named.
    pub(crate) fn new(base: &str, token_file: Option<&Path>, trust: &Trust) -> Result<Self, Failure> {
        let agent = agent_for(base, trust)?;
        let token = token_file.map(read_token).transpose().or_refused()?;
        Ok(Self { agent, base: base.trim_end_matches('/').to_owned(), token })
    }

    /// The JSON at a path.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let text = self.text(path)?;
        serde_json::from_str(&text)
            .with_context(|| format!("{}{path} did not answer with the JSON expected", self.base))
    }

    /// The text at a path.
    pub(crate) fn text(&self, path: &str) -> anyhow::Result<String> {
        let url = format!("{}{path}", self.base);
        let mut request = self.agent.get(&url);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {}", token.expose()));
        }
        let mut response = request.call().with_context(|| format!("cannot reach {url}"))?;
        let text = response.body_mut().read_to_string().with_context(|| format!("{url} broke off"))?;
        match response.status().as_u16() {
            200 => Ok(text),
            401 => bail!("{url} wants the admin token: name its file with --admin-token-file"),
            status => bail!("{url} answered {status}: {}", text.trim()),
        }
    }
}

/// A blocking client of plain HTTP that hands every status back.
pub(crate) fn agent() -> ureq::Agent {
    configured().build().into()
}

/// Likewise, over TLS where an admin address asks for it.
pub(crate) fn agent_for(base: &str, trust: &Trust) -> Result<ureq::Agent, Failure> {
    if base.starts_with("http://") {
        return Ok(agent());
    }
    if !base.starts_with("https://") {
        return Err(Failure::Usage(anyhow!(
            "the admin address must begin with http:// or https://, as in http://127.0.0.1:8081"
        )));
    }
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .root_certs(trust.roots().or_refused()?)
        .build();
    Ok(configured().tls_config(tls).build().into())
}

fn configured() -> ConfigBuilder<AgentScope> {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(Duration::from_secs(30)))
}

impl Trust {
    fn roots(&self) -> anyhow::Result<RootCerts> {
        let certificates = match &self.ca {
            Some(path) => certificates(path)?,
            None => rustls_native_certs::load_native_certs()
                .certs
                .iter()
                .map(|certificate| Certificate::from_der(certificate).to_owned())
                .collect(),
        };
        if certificates.is_empty() {
            bail!("there is no certificate to trust: name a file of them with --ca");
        }
        Ok(certificates.into_iter().into())
    }
}

fn certificates(path: &Path) -> anyhow::Result<Vec<Certificate<'static>>> {
    let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    };
    let found: Result<Vec<_>, _> = parse_pem(&pem).filter_map(certificate).collect();
    let found = found.with_context(|| format!("{} is no file of certificates", path.display()))?;
    if found.is_empty() {
        bail!("{} holds no certificate in PEM", path.display());
    }
    Ok(found)
}

/// The admin token in a file.
pub(crate) fn read_token(path: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Secret::new(text.trim_end()))
}
