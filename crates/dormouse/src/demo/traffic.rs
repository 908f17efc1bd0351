//! What the demo's clients do: plain HTTP, as any OAuth client does it.

use crate::client::agent;
use crate::demo::bundle::Client;
use anyhow::{Context as _, bail};
use serde::Deserialize;

/// An answer of the token endpoint.
#[derive(Clone, Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// A connection to the proxy.
pub(crate) struct Caller {
    agent: ureq::Agent,
    proxy: String,
}

impl Caller {
    pub(crate) fn new(proxy: &str) -> Self {
        Self { agent: agent(), proxy: proxy.to_owned() }
    }

    /// A fresh pair by the password grant.
    pub(crate) fn issue(&self, client: &Client, user: &str) -> anyhow::Result<Tokens> {
        let form = [("grant_type", "password"), ("username", user), ("password", "not-checked-here")];
        let (status, body) = self.token(client, &form)?;
        if status != 200 {
            bail!("the token endpoint answered {status}: {body}");
        }
        serde_json::from_str(&body).context("the token endpoint did not answer with tokens")
    }

    /// Redeems a refresh token: status and body.
    pub(crate) fn redeem(&self, client: &Client, refresh_token: &str) -> anyhow::Result<(u16, String)> {
        self.token(client, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)])
    }

    /// Revokes a refresh token with its access token.
    pub(crate) fn revoke(&self, refresh_token: &str) -> anyhow::Result<u16> {
        let response =
            self.agent.post(format!("{}/revoke", self.proxy)).send_form([("token", refresh_token)])?;
        Ok(response.status().as_u16())
    }

    /// Calls the protected API.
    pub(crate) fn call(&self, access_token: &str) -> anyhow::Result<u16> {
        let request = self.agent.get(format!("{}/me", self.proxy));
        Ok(request.header("Authorization", format!("Bearer {access_token}")).call()?.status().as_u16())
    }

    fn token(&self, client: &Client, form: &[(&str, &str)]) -> anyhow::Result<(u16, String)> {
        let credentials = [("client_id", client.key), ("client_secret", client.secret)];
        let form = form.iter().copied().chain(credentials);
        let mut response = self.agent.post(format!("{}/token", self.proxy)).send_form(form)?;
        Ok((response.status().as_u16(), response.body_mut().read_to_string()?))
    }
}
