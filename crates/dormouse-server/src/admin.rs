//! The admin listener: who may use it, and the list of its endpoints.
//!
//! `/healthz` and `/readyz` are open; everything else needs the admin token where one is set. Requests from a browser page
//! of another origin, and requests under a host name that is not the operator's, are refused (DNS rebinding).

mod audit;
mod health;
mod local;
mod management;
mod metrics;

use crate::audit_log::{Actor, Record, acting, current};
use crate::head::{self, HeadError};
use crate::loopback::{host_name, is_loopback};
use crate::service::Service;
use crate::worker::Peer;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use dormouse_entity::Secrets;
use dormouse_token::Secret;
use hyper::body::Incoming;
use std::sync::Arc;
use tower::ServiceExt as _;

pub use local::administer;

/// Who may use the admin listener.
#[derive(Clone, Debug, Default)]
pub struct AdminAccess {
    /// The bearer token; none while the store is in memory and the address is loopback.
    pub token: Option<Secret>,
    /// Host names that the listener is reached under, beside loopback ones.
    pub hosts: Vec<String>,
    /// Whether `/metrics` needs no token.
    pub metrics_open: bool,
}

/// What every endpoint gets.
#[derive(Clone)]
pub(crate) struct AdminState {
    pub(crate) service: Arc<Service>,
    /// Whether the management API shows consumer secrets.
    secrets: Secrets,
    access: Arc<AdminAccess>,
}

/// An endpoint: its path, and whether it is open to everybody.
struct Endpoint {
    path: &'static str,
    open: fn(&AdminAccess) -> bool,
    handler: fn() -> MethodRouter<AdminState>,
}

/// Every endpoint. A new one is one file and a line here.
const ENDPOINTS: &[Endpoint] = &[
    Endpoint { path: "/healthz", open: |_| true, handler: || get(health::healthz) },
    Endpoint { path: "/readyz", open: |_| true, handler: || get(health::readyz) },
    Endpoint { path: "/metrics", open: |access| access.metrics_open, handler: || get(metrics::metrics) },
    Endpoint { path: "/audit", open: |_| false, handler: || get(audit::audit) },
];

/// Answers one request.
pub(crate) async fn answer(router: Router, request: http::Request<Incoming>, peer: Peer) -> Response {
    let (head, body) = request.into_parts();
    match head::check(&head, HEAD_BYTES_MAX) {
        Ok(()) if !head::names_one_host(&head) => {
            (StatusCode::BAD_REQUEST, "a request names one Host\n").into_response()
        }
        Ok(()) => {
            let request = Request::from_parts(head, Body::new(body));
            let actor = Actor::Admin(peer.address.ip());
            acting(actor, router.oneshot(request)).await.unwrap_or_else(|never| match never {})
        }
        Err(HeadError::LineTooLong) => StatusCode::URI_TOO_LONG.into_response(),
        Err(HeadError::HeadersTooLarge) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response(),
    }
}

/// The router of the admin listener.
pub(crate) fn router(service: Arc<Service>, access: AdminAccess) -> Router {
    let secrets = if access.token.is_some() { Secrets::Shown } else { Secrets::Hidden };
    let state = AdminState { service, secrets, access: Arc::new(access) };
    unguarded().layer(middleware::from_fn_with_state(state.clone(), guard)).with_state(state)
}

fn unguarded() -> Router<AdminState> {
    let mut router = Router::new();
    for endpoint in ENDPOINTS {
        router = router.route(endpoint.path, (endpoint.handler)());
    }
    management::routes(router).fallback(|| async { (StatusCode::NOT_FOUND, "no such endpoint\n") })
}

async fn guard(State(state): State<AdminState>, request: Request, next: Next) -> Response {
    let endpoint = ENDPOINTS.iter().find(|endpoint| endpoint.path == request.uri().path());
    let health = matches!(request.uri().path(), "/healthz" | "/readyz");
    if !health && let Err(refusal) = check_origin(request.headers(), &state.access) {
        return (StatusCode::FORBIDDEN, refusal).into_response();
    }
    let open = endpoint.is_some_and(|endpoint| (endpoint.open)(&state.access));
    if !open && !is_authorized(request.headers(), &state.access) {
        if let (Some(log), Actor::Admin(address)) = (state.service.audit_log(), current()) {
            log.note(Record::new("admin.unauthorized", 401).folded_by(&address.to_string()));
        }
        let challenge = [(header::WWW_AUTHENTICATE, r#"Bearer realm="admin""#)];
        let help =
            "the admin token is required: Authorization: Bearer TOKEN, from the file announced at start\n";
        return (StatusCode::UNAUTHORIZED, challenge, help).into_response();
    }
    next.run(request).await
}

fn is_authorized(headers: &HeaderMap, access: &AdminAccess) -> bool {
    let Some(token) = &access.token else { return true };
    let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    presented.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|value| token.matches(value))
}

fn check_origin(headers: &HeaderMap, access: &AdminAccess) -> Result<(), &'static str> {
    let allowed = |authority: &str| {
        let name = host_name(authority);
        is_loopback(name) || access.hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
    };
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    if !host.is_some_and(allowed) {
        return Err("this Host is neither loopback nor in admin.hosts\n");
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let authority =
        origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    if authority.is_some_and(allowed) {
        Ok(())
    } else {
        Err("this Origin is neither loopback nor in admin.hosts\n")
    }
}

/// Bytes of the request line and the headers. Paths may hold tokens.
pub(crate) const HEAD_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: Option<&str>, origin: Option<&str>, expected: bool) {
        let access = AdminAccess { hosts: vec!["admin.example".to_owned()], ..AdminAccess::default() };
        let mut headers = HeaderMap::new();
        for (name, value) in [(header::HOST, host), (header::ORIGIN, origin)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        assert_eq!(check_origin(&headers, &access).is_ok(), expected, "{host:?} {origin:?}");
    }

    #[test]
    fn loopback_and_listed_hosts_may_ask() {
        for host in
            ["localhost", "LOCALHOST:8081", "127.0.0.1:8081", "127.9.9.9", "[::1]:8081", "Admin.Example:1"]
        {
            check(Some(host), None, true);
        }
    }

    #[test]
    fn other_hosts_and_origins_may_not() {
        for host in ["evil.example", "localhost.evil.example", "10.0.0.1", "", "127.0.0.1.evil.example:8081"]
        {
            check(Some(host), None, false);
        }
        check(None, None, false);
        check(Some("localhost"), Some("http://localhost:3000"), true);
        check(Some("localhost"), Some("https://evil.example"), false);
        check(Some("localhost"), Some("null"), false);
    }

    #[test]
    fn the_token_is_needed_where_one_is_set() {
        let with = AdminAccess { token: Some(Secret::new("right")), ..AdminAccess::default() };
        let headers = |value: &str| HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        assert!(is_authorized(&headers("Bearer right"), &with));
        for wrong in ["Bearer wrong", "Bearer ", "bearer right", "right", "Basic right"] {
            assert!(!is_authorized(&headers(wrong), &with), "{wrong}");
        }
        assert!(!is_authorized(&HeaderMap::new(), &with));
        assert!(is_authorized(&HeaderMap::new(), &AdminAccess::default()));
    }
}
