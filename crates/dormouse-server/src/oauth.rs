//! The native OAuth endpoints, RFC-exact: token (RFC 6749), introspection (RFC 7662), revocation (RFC 7009), metadata
//! (RFC 8414). This file bounds what comes in, finds the endpoint and measures; each endpoint and each grant is a file.

mod authenticate;
mod content_type;
mod cors;
mod error;
mod grant;
mod introspect;
mod issuer;
mod metadata;
mod passwords;
mod revoke;
mod settings;
mod throttle;
mod token;
mod token_response;

pub use cors::{CorsOrigin, CorsOriginError};
pub use issuer::{Issuer, IssuerError};
pub use settings::OAuthSettings;

use crate::audit_log::{Actor, acting};
use crate::body;
use crate::head;
use crate::service::Service;
use crate::worker::Peer;
use bytes::Bytes;
use content_type::is_form;
use dormouse_engine::{Engine, Error, source_id};
use dormouse_token::{Form, SourceId};
use error::OAuthError;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header, request};
use http_body_util::Full;
use hyper::body::Incoming;
use passwords::PasswordChecker;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use throttle::Throttle;

/// What the endpoints share.
pub(crate) struct OAuth {
    service: Arc<Service>,
    settings: OAuthSettings,
    issuer: Issuer,
    source: SourceId,
    throttle: Throttle,
    passwords: PasswordChecker,
    has_users: AtomicBool,
}

/// A form that was posted to an endpoint.
pub(crate) struct FormRequest {
    headers: HeaderMap,
    form: Form,
    peer: SocketAddr,
}

/// An endpoint: its path behind the issuer's, its name in metrics, and what answers.
struct Endpoint {
    path: &'static str,
    name: &'static str,
    /// Whether pages of the origins that are listed may call it.
    is_for_browsers: bool,
    handler: Handler,
}

enum Handler {
    /// Takes a form by POST.
    Form(for<'a> fn(&'a OAuth, &'a FormRequest) -> Pending<'a, Bytes>),
    /// Is read by GET.
    Document(for<'a> fn(&'a OAuth) -> Pending<'a, Bytes>),
}

impl Handler {
    /// What it is asked by.
    const fn methods(&self) -> &'static str {
        match self {
            Self::Form(_) => "POST",
            Self::Document(_) => "GET, HEAD",
        }
    }
}

/// A JSON body to come, or an error.
type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, OAuthError>> + 'a>>;

/// The endpoints. A new one is one file and a line here. The metadata is apart, for the issuer's path follows its own.
const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: token::PATH,
        name: "token",
        is_for_browsers: true,
        handler: Handler::Form(|oauth, request| Box::pin(token::answer(oauth, request))),
    },
    Endpoint {
        path: introspect::PATH,
        name: "introspect",
        is_for_browsers: false,
        handler: Handler::Form(|oauth, request| Box::pin(introspect::answer(oauth, request))),
    },
    Endpoint {
        path: revoke::PATH,
        name: "revoke",
        is_for_browsers: true,
        handler: Handler::Form(|oauth, request| Box::pin(revoke::answer(oauth, request))),
    },
];

const METADATA: Endpoint = Endpoint {
    path: metadata::PATH,
    name: "metadata",
    is_for_browsers: true,
    handler: Handler::Document(|oauth| Box::pin(metadata::answer(oauth))),
};

/// The source of the families that the native endpoints begin, to be registered with the engine.
pub const NATIVE_SOURCE: &str = "/oauth/token";

impl OAuth {
    /// The endpoints of a service under an issuer.
    pub(crate) fn new(service: Arc<Service>, settings: OAuthSettings, issuer: Issuer) -> Self {
        let passwords = PasswordChecker::new(Arc::clone(service.engine.entropy()));
        Self {
            service,
            settings,
            issuer,
            source: source_id(NATIVE_SOURCE),
            throttle: Throttle::new(),
            passwords,
            has_users: AtomicBool::new(false),
        }
    }

    fn engine(&self) -> &Engine {
        &self.service.engine
    }

    /// Whether anybody could use the password grant. A yes is kept: to delete the last person makes no difference that a
    /// client could act on.
    async fn has_users(&self) -> Result<bool, Error> {
        if !self.has_users.load(Ordering::Relaxed) && self.engine().has_users().await? {
            self.has_users.store(true, Ordering::Relaxed);
        }
        Ok(self.has_users.load(Ordering::Relaxed))
    }

    /// The origins whose pages may call an endpoint.
    fn origins(&self, endpoint: Option<&Endpoint>) -> &[CorsOrigin] {
        let is_for_browsers = endpoint.is_some_and(|endpoint| endpoint.is_for_browsers);
        if is_for_browsers { &self.settings.cors_origins } else { &[] }
    }

    fn preflight(&self, endpoint: Option<&Endpoint>, head: &request::Parts) -> Option<Response<Full<Bytes>>> {
        let methods = endpoint?.handler.methods();
        head::check(head, HEAD_BYTES_MAX).ok()?;
        cors::preflight(self.origins(endpoint), head, methods)
    }

    fn endpoint(&self, path: &str) -> Option<&'static Endpoint> {
        let of_metadata = |rest: &str| rest == self.issuer.path();
        if path.strip_prefix(METADATA.path).is_some_and(of_metadata) {
            return Some(&METADATA);
        }
        let rest = path.strip_prefix(self.issuer.path())?;
        ENDPOINTS.iter().find(|endpoint| endpoint.path == rest)
    }
}

/// Answers one request.
pub(crate) async fn answer(oauth: &OAuth, request: Request<Incoming>, peer: Peer) -> Response<Full<Bytes>> {
    let clock = oauth.engine().clock();
    let began = clock.monotonic();
    let (head, incoming) = request.into_parts();
    let endpoint = oauth.endpoint(head.uri.path());
    let origins = oauth.origins(endpoint);
    let origin = cors::allowed(origins, &head.headers);
    let mut grant = "";
    let (mut response, outcome) = if let Some(preflight) = oauth.preflight(endpoint, &head) {
        (preflight, "preflight")
    } else {
        match acting(
            Actor::Client(peer.address.ip()),
            handle(oauth, endpoint, (head, incoming, peer.address), &mut grant),
        )
        .await
        {
            Ok(body) => (success(body), "success"),
            Err(error) => (error.response(), error.code()),
        }
    };
    cors::mark(origins, origin, response.headers_mut());
    let took = clock.monotonic().saturating_sub(began);
    let name = endpoint.map_or("none", |endpoint| endpoint.name);
    oauth.service.metrics.oauth_answered([name, grant, outcome], took);
    response
}

async fn handle(
    oauth: &OAuth,
    endpoint: Option<&'static Endpoint>,
    (head, incoming, peer): (request::Parts, Incoming, SocketAddr),
    grant: &mut &'static str,
) -> Result<Bytes, OAuthError> {
    head::check(&head, HEAD_BYTES_MAX)?;
    if !head::names_one_host(&head) {
        return Err(OAuthError::InvalidRequest("a request names one Host"));
    }
    let endpoint = endpoint.ok_or(OAuthError::NotFound)?;
    match endpoint.handler {
        Handler::Document(handler) => {
            if head.method != Method::GET && head.method != Method::HEAD {
                return Err(OAuthError::MethodNotAllowed { allow: "GET, HEAD" });
            }
            handler(oauth).await
        }
        Handler::Form(handler) => {
            check_form_head(&head)?;
            let body = body::read(incoming, BODY_BYTES_MAX, BODY_TIME_MAX).await?;
            let request = FormRequest { headers: head.headers, form: Form::parse(&body)?, peer };
            *grant = token::grant_label(&request.form);
            handler(oauth, &request).await
        }
    }
}

/// What can be refused before the body is read.
fn check_form_head(head: &request::Parts) -> Result<(), OAuthError> {
    if head.method != Method::POST {
        return Err(OAuthError::MethodNotAllowed { allow: "POST" });
    }
    if head.uri.query().is_some_and(|query| !query.is_empty()) {
        return Err(OAuthError::InvalidRequest("parameters belong into the body, not into the URI"));
    }
    if head.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(OAuthError::InvalidRequest("the body must not be compressed"));
    }
    if !is_form(&head.headers) {
        return Err(OAuthError::InvalidRequest(
            "the body must be application/x-www-form-urlencoded in UTF-8, and say so",
        ));
    }
    Ok(())
}

fn success(body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    set_headers(&mut response);
    response
}

/// What every answer has: nothing of it may be kept by a cache (RFC 6749 §5.1).
fn set_headers(response: &mut Response<Full<Bytes>>) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}

/// A value as JSON. Everything that is answered here is made of texts and numbers, which cannot fail.
fn json(value: &impl serde::Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// Bytes of the request line and the headers.
pub(crate) const HEAD_BYTES_MAX: usize = 16 * 1024;
const BODY_BYTES_MAX: usize = 64 * 1024;
const BODY_TIME_MAX: Duration = Duration::from_mins(1);
