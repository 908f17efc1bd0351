//! A server of the native endpoints, with a bundle that mints codes, and requests to it.

use crate::support::{Server, files};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::time::Duration;

pub(crate) const WEB_SECRET: &str = "s3cr+t %&=:x~*'(!)";
pub(crate) const SECRET: &str = "plain-secret-0123456789";

/// A running server and what it was started on.
pub(crate) struct Native {
    pub(crate) server: Server,
    _directory: tempfile::TempDir,
    agent: ureq::Agent,
}

/// An answer of a native endpoint.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: String,
}

impl Native {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts it with more arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let directory = files(include_str!("oauth.txt"));
        let at = |name: &str| directory.path().join(name).display().to_string();
        let (entities, login) = (at("entities"), at("login"));
        let mut all = vec!["--entities", &entities, "--bundle", &login, "--gateway", "127.0.0.1:0"];
        all.extend(arguments);
        let server = Server::serve(&all);
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_mins(1)))
            .build();
        Self { server, _directory: directory, agent: config.into() }
    }

    /// Posts a form with Basic credentials, as RFC 6749 §2.3.1 has them.
    pub(crate) fn post(&self, path: &str, client: (&str, &str), form: &[(&str, &str)]) -> Reply {
        self.post_as(path, &[("Authorization", &basic(client))], form)
    }

    /// Posts a form with headers.
    pub(crate) fn post_as(&self, path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Reply {
        let mut request = self.agent.post(format!("{}{path}", self.server.oauth));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        reply(request.send_form(form.iter().copied()).unwrap())
    }

    pub(crate) fn get(&self, url: &str) -> Reply {
        reply(self.agent.get(url).call().unwrap())
    }

    pub(crate) fn token(&self, client: (&str, &str), form: &[(&str, &str)]) -> Reply {
        self.post("/oauth/token", client, form)
    }

    /// Tokens of a password grant.
    #[track_caller]
    pub(crate) fn tokens(&self, client: (&str, &str)) -> Reply {
        let form = [("grant_type", "password"), ("username", "ann"), ("password", "correct horse")];
        let reply = self.token(client, &form);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply
    }

    pub(crate) fn redeem(&self, client: (&str, &str), token: &str) -> Reply {
        self.token(client, &[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// Whether a token is active, asked by a client that has nothing to do with it unless it is its own refresh token.
    #[track_caller]
    pub(crate) fn is_active(&self, token: &str) -> bool {
        let caller = if token.starts_with("dmrt_") { ("web", WEB_SECRET) } else { ("machine", SECRET) };
        let reply = self.post("/oauth/introspect", caller, &[("token", token)]);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["active"].as_bool().unwrap()
    }
}

impl Reply {
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    #[track_caller]
    pub(crate) fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("no {member}: {self:?}")).to_owned()
    }

    /// Refused with this status and error code, in the form that RFC 6749 §5.2 wants.
    #[track_caller]
    pub(crate) fn is_refused(&self, status: u16, error: &str) {
        assert_eq!((self.status, &*self.text("error")), (status, error), "{self:?}");
        assert_eq!(self.headers["content-type"], "application/json");
        assert_eq!(self.headers["cache-control"], "no-store");
        let challenge =
            self.headers.get("www-authenticate").is_some_and(|value| value.as_bytes().starts_with(b"Basic "));
        assert_eq!(challenge, status == 401, "{self:?}");
    }
}

/// A Basic header whose parts are form-encoded.
pub(crate) fn basic((id, secret): (&str, &str)) -> String {
    let encode = |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    raw_basic(format!("{}:{}", encode(id), encode(secret)))
}

pub(crate) fn raw_basic(credentials: impl AsRef<[u8]>) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

fn reply(mut response: ureq::http::Response<ureq::Body>) -> Reply {
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.body_mut().read_to_string().unwrap(),
    }
}
