//! The command line's HTTP client of the admin listener.

use crate::exit::{Failure, OrFailure as _};
use anyhow::{Context as _, anyhow, bail};
use dormouse_token::Secret;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::time::Duration;

/// A client of one admin listener.
pub(crate) struct AdminClient {
    agent: ureq::Agent,
    base: String,
    token: Option<Secret>,
}

impl AdminClient {
    /// A client for `http://HOST:PORT`, with the token of a file if one is named.
    pub(crate) fn new(base: &str, token_file: Option<&Path>) -> Result<Self, Failure> {
        check_base(base)?;
        let token = token_file.map(read_token).transpose().or_refused()?;
        Ok(Self { agent: agent(), base: base.trim_end_matches('/').to_owned(), token })
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

/// Refuses what is no address of an admin listener.
pub(crate) fn check_base(base: &str) -> Result<(), Failure> {
    if base.starts_with("http://") {
        return Ok(());
    }
    Err(Failure::Usage(anyhow!("the admin address must begin with http://, as in http://127.0.0.1:8081")))
}

/// A blocking HTTP client that hands every status back.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into()
}

/// The admin token in a file.
pub(crate) fn read_token(path: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Secret::new(text.trim_end()))
}
