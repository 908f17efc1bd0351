//! A request to the management API: the names in its path, its query, and its body within limits of size and time.

use super::Refused;
use crate::admin::AdminState;
use axum::RequestExt as _;
use axum::body::Bytes;
use axum::extract::{RawPathParams, Request};
use dormouse_engine::{Engine, StatusChange};
use dormouse_entity::Secrets;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Map, Value};
use std::time::Duration;

/// Whose forms are answered where they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Apigee Edge.
    Edge,
    /// Apigee X and hybrid.
    X,
}

/// A request whose organization is ours.
pub(super) struct Call {
    pub(super) dialect: Dialect,
    state: AdminState,
    names: Vec<(String, String)>,
    query: Vec<(String, String)>,
    body: Bytes,
}

impl Call {
    /// Reads a request.
    ///
    /// # Errors
    /// Another organization, a path that is no UTF-8, and a body that is too large, late or broken.
    pub(super) async fn read(
        state: AdminState,
        dialect: Dialect,
        mut request: Request,
    ) -> Result<Self, Refused> {
        let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
        let query = query.into_owned().collect();
        let parameters: RawPathParams = request.extract_parts().await.map_err(|_| Refused::Path)?;
        let names = parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut call = Self { dialect, state, names, query, body: Bytes::new() };
        let organization = call.names.iter().find(|(own, _)| own == "org");
        if let Some((_, other)) = organization.filter(|(_, name)| name != call.engine().organization()) {
            return Err(Refused::NoOrganization(other.clone()));
        }
        call.body = read_body(request).await?;
        Ok(call)
    }

    /// What it is about, for the audit log: the names in its path, but tokens, and the action that it asks for.
    pub(super) fn describe(&self) -> Vec<(String, String)> {
        let names = self.names.iter().filter(|(name, _)| name != "token");
        let actions = self.query.iter().filter(|(name, _)| matches!(&**name, "action" | "app" | "enduser"));
        names.chain(actions).cloned().collect()
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.state.service.engine
    }

    /// Whether consumer secrets are shown: only to those who could name the admin token.
    pub(super) const fn secrets(&self) -> Secrets {
        self.state.secrets
    }

    /// What stands in the path in a parameter's place.
    pub(super) fn name(&self, parameter: &str) -> &str {
        let found = self.names.iter().find(|(own, _)| own == parameter);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// A query parameter that is given and not empty.
    pub(super) fn query(&self, parameter: &str) -> Option<&str> {
        let found = self.query.iter().find(|(own, value)| own == parameter && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// A query parameter that is `true`.
    pub(super) fn is_true(&self, parameter: &str) -> bool {
        self.query(parameter).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The parameter `action` as one of two words; none when it is not given.
    pub(super) fn action<T: Copy>(&self, words: [(&'static str, T); 2]) -> Result<Option<T>, Refused> {
        let Some(action) = self.query("action") else { return Ok(None) };
        let known = words.iter().find(|(word, _)| *word == action).map(|(_, meaning)| *meaning);
        known.map(Some).ok_or(Refused::Action(words.map(|(word, _)| word)))
    }

    /// The action `approve` or `revoke`; none when there is no action.
    pub(super) fn status_change(&self) -> Result<Option<StatusChange>, Refused> {
        self.action([("approve", StatusChange::Approve), ("revoke", StatusChange::Revoke)])
    }

    /// The body as text; an empty one is an empty object.
    pub(super) fn text(&self) -> Result<&str, Refused> {
        let text = std::str::from_utf8(&self.body).map_err(|_| Refused::Encoding)?;
        Ok(if text.trim().is_empty() { "{}" } else { text })
    }

    /// The body as an object with a member that the path decides.
    pub(super) fn text_with(&self, member: &str, value: &str) -> Result<String, Refused> {
        let parsed: Result<Map<String, Value>, _> = serde_json::from_str(self.text()?);
        let mut form = parsed.map_err(|error| Refused::Json(error.to_string()))?;
        form.insert(member.to_owned(), value.into());
        Ok(Value::Object(form).to_string())
    }
}

async fn read_body(request: Request) -> Result<Bytes, Refused> {
    let collecting = Limited::new(request.into_body(), BODY_BYTES_MAX).collect();
    match tokio::time::timeout(BODY_TIME_MAX, collecting).await {
        Err(_) => Err(Refused::BodyLate),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(Refused::BodyTooLarge { limit: BODY_BYTES_MAX })
        }
        Ok(Err(_)) => Err(Refused::BodyBroken),
    }
}

/// A product with thousands of operations fits.
const BODY_BYTES_MAX: usize = 1024 * 1024;
const BODY_TIME_MAX: Duration = Duration::from_mins(1);
