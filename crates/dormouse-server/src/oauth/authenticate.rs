//! Client authentication at the native endpoints (RFC 6749 §2.3): Basic, or credentials in the form, or for public clients
//! the id alone; one method in a request. Every failure is answered alike.

use crate::oauth::error::OAuthError;
use crate::oauth::throttle::{Attempt, Subject};
use crate::oauth::{FormRequest, OAuth};
use dormouse_engine::{AuthenticatedClient, Engine, Error};
use dormouse_token::{BasicCredentials, Secret, basic_credentials};
use http::header;

/// The client of a request.
pub(crate) fn authenticate(oauth: &OAuth, request: &FormRequest) -> Result<AuthenticatedClient, OAuthError> {
    let presented = Presented::of(request)?;
    let attempt = || Attempt::new(Subject::Client, presented.id(), request.peer);
    let clock = oauth.engine().clock();
    if !oauth.throttle.is_idle() {
        oauth
            .throttle
            .check(&attempt(), &**clock)
            .map_err(|retry_after| OAuthError::Throttled { retry_after })?;
    }
    let Some(client) = presented.find(oauth.engine())? else {
        oauth.throttle.failed(attempt(), &**clock);
        return Err(OAuthError::InvalidClient);
    };
    // A client that says in the form to be another one than in the header is confused, or confuses somebody.
    if request.form.value("client_id").is_some_and(|id| id != client.id()) {
        return Err(OAuthError::InvalidRequest("client_id is not that of the Authorization header"));
    }
    if !oauth.throttle.is_idle() {
        oauth.throttle.succeeded(&attempt());
    }
    Ok(client)
}

/// As [`authenticate`], for endpoints that a public client has no business at.
pub(crate) fn authenticate_confidential(
    oauth: &OAuth,
    request: &FormRequest,
) -> Result<AuthenticatedClient, OAuthError> {
    let client = authenticate(oauth, request)?;
    if client.is_public() { Err(OAuthError::InvalidClient) } else { Ok(client) }
}

/// Ids and secrets that the one method of a request may mean, the likelier first. An empty secret is none.
struct Presented(Vec<BasicCredentials>);

impl Presented {
    fn of(request: &FormRequest) -> Result<Self, OAuthError> {
        let form = &request.form;
        let mut headers = request.headers.get_all(header::AUTHORIZATION).iter();
        let (header, second) = (headers.next(), headers.next());
        let secret = form.value("client_secret");
        let has_assertion =
            form.value("client_assertion").or_else(|| form.value("client_assertion_type")).is_some();
        let methods = [header.is_some(), second.is_some(), secret.is_some(), has_assertion]
            .into_iter()
            .filter(|has| *has);
        if methods.count() > 1 {
            return Err(OAuthError::InvalidRequest("the client may authenticate in one way only"));
        }
        if let Some(header) = header {
            return Ok(Self(basic_credentials(header.as_bytes())));
        }
        let id = form.value("client_id").filter(|_| !has_assertion);
        let candidate = id.map(|id| BasicCredentials {
            id: id.to_owned(),
            secret: Secret::new(secret.unwrap_or_default()),
        });
        Ok(Self(candidate.into_iter().collect()))
    }

    /// Under which name failures are counted.
    fn id(&self) -> &str {
        self.0.first().map_or("", |candidate| &candidate.id)
    }

    /// The first candidate that is right. When none is, all were tried, whether or not the client exists.
    fn find(&self, engine: &Engine) -> Result<Option<AuthenticatedClient>, OAuthError> {
        for candidate in &self.0 {
            match examine(engine, candidate) {
                Ok(client) => return Ok(Some(client)),
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }
}

/// A public client has a secret all the same, as every Apigee app has; but what is in everybody's hands proves nothing, so
/// that it is not accepted from one (RFC 8252 §8.5).
fn examine(engine: &Engine, candidate: &BasicCredentials) -> Result<AuthenticatedClient, Error> {
    if candidate.secret.expose().is_empty() {
        return engine.public(&candidate.id);
    }
    let client = engine.authenticate(&candidate.id, candidate.secret.expose())?;
    if client.settings().public { Err(dormouse_engine::Refusal::InvalidClient.into()) } else { Ok(client) }
}
