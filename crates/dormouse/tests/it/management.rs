//! The management API over HTTP: statuses, shapes and effects as Apigee's clients expect them.

#[cfg(test)]
mod access;
#[cfg(test)]
mod apps;
#[cfg(test)]
mod developers;
#[cfg(test)]
mod own;
#[cfg(test)]
mod products;
#[cfg(test)]
mod tokens;

use crate::support::{Caller, Server, client, shop, shop_arguments};
use serde_json::{Value, json};

/// A server with an admin token, and an administrator.
pub(crate) struct Admin {
    agent: ureq::Agent,
    token: Option<String>,
    pub(crate) server: Server,
    pub(crate) directory: tempfile::TempDir,
}

impl Admin {
    /// Serves the shop with a data directory, so that there is an admin token.
    pub(crate) fn start() -> Self {
        let directory = shop();
        let server = Self::serve(&directory);
        let token = std::fs::read_to_string(directory.path().join("data/admin-token")).unwrap();
        Self { agent: agent(), token: Some(token.trim().to_owned()), server, directory }
    }

    /// Serves the shop in memory: without an admin token.
    pub(crate) fn start_in_memory() -> Self {
        let directory = shop();
        let arguments = shop_arguments(directory.path());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Self { agent: agent(), token: None, server: Server::start(&arguments), directory }
    }

    /// Kills the server, and starts it on the same data and entity files.
    pub(crate) fn restart(&mut self) {
        self.server.kill();
        self.server = Self::serve(&self.directory);
    }

    fn serve(directory: &tempfile::TempDir) -> Server {
        let mut arguments = shop_arguments(directory.path());
        arguments.extend(["--data".to_owned(), directory.path().join("data").display().to_string()]);
        Server::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Sends a request to a path under Apigee X's organization; `null` sends no body.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.send_to(method, &format!("/v1/organizations/local{path}"), body)
    }

    /// Sends a request to a path of the admin listener.
    pub(crate) fn send_to(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) = self.send_text(method, path, ("application/json", &text));
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Sends any body.
    pub(crate) fn send_text(&self, method: &str, path: &str, (kind, body): (&str, &str)) -> (u16, String) {
        let mut request =
            http_request(method, &format!("{}{path}", self.server.admin)).header("Content-Type", kind);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut response = self.agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    /// An action as Apigee documents it: an empty `application/octet-stream`.
    pub(crate) fn act(&self, path: &str, action: &str) -> u16 {
        let path = format!("/v1/organizations/local{path}?action={action}");
        let (status, body) = self.send_text("POST", &path, ("application/octet-stream", ""));
        assert!(status != 204 || body.is_empty(), "{body}");
        status
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", path, &Value::Null);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    #[track_caller]
    pub(crate) fn check(&self, (method, path): (&str, &str), body: &Value, expected: u16) -> Value {
        let (status, answer) = self.send(method, path, body);
        assert_eq!(status, expected, "{method} {path} {body}: {answer}");
        answer
    }

    /// A token pair of the shop's `apigee` client, or of another key.
    pub(crate) fn issue(&self, key: &str, secret: &str, user: &str) -> crate::support::Answer {
        let form = [
            ("grant_type", "password"),
            ("username", user),
            ("password", "p"),
            ("client_id", key),
            ("client_secret", secret),
        ];
        Caller::new().post(&format!("{}/shop/token", self.server.gateway), &form)
    }

    /// A token pair of the shop's `apigee` client.
    pub(crate) fn pair(&self, user: &str) -> (String, String) {
        let [(_, key), (_, secret)] = client("apigee");
        let answer = self.issue(key, secret, user);
        assert_eq!(answer.status, 200, "{answer:?}");
        (answer.text("access_token"), answer.text("refresh_token"))
    }

    /// Whether an access token is accepted.
    pub(crate) fn accepts(&self, access: &str) -> bool {
        Caller::new().get(&format!("{}/shop/me", self.server.gateway), Some(access)).status == 200
    }

    /// Whether a refresh token is redeemed.
    pub(crate) fn redeems(&self, refresh: &str) -> bool {
        let url = format!("{}/shop/token", self.server.gateway);
        crate::race::redeem(&Caller::new(), &url, "apigee", refresh).status == 200
    }
}

/// The error of Apigee X.
pub(crate) fn google_error(code: u16, status: &str, body: &Value) {
    assert_eq!((&body["error"]["code"], &body["error"]["status"]), (&json!(code), &json!(status)), "{body}");
    assert!(body["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(std::time::Duration::from_mins(1)))
        .build()
        .into()
}

fn http_request(method: &str, url: &str) -> ureq::http::request::Builder {
    ureq::http::Request::builder().method(method).uri(url)
}
