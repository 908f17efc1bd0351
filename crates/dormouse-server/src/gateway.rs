//! Between hyper and the gateway's program: limits on the way in, the reply on the way out.

use crate::audit_log::{Actor, acting};
use crate::body::{self, BodyError};
use crate::head::{self, HeadError};
use crate::service::Service;
use crate::worker::Peer;
use bytes::Bytes;
use dormouse_flow::{Arrival, Fault};
use dormouse_gateway::Sent;
use http::header::HOST;
use http::request::Parts;
use http::{Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use std::sync::Arc;
use std::time::Duration;

/// Answers one request.
pub(crate) async fn answer(
    service: &Arc<Service>,
    request: Request<Incoming>,
    peer: Peer,
) -> Response<Full<Bytes>> {
    let clock = service.engine.clock();
    let (received_at, began) = (clock.now(), clock.monotonic());
    let (head, incoming) = request.into_parts();
    let proxy = service.program.proxy_of(head.uri.path()).unwrap_or_default().to_owned();
    let checked = head::check(&head, HEAD_BYTES_MAX).map_err(refuse_head).and_then(|()| check_target(&head));
    let read = match checked {
        Ok(()) => body::read(incoming, BODY_BYTES_MAX, BODY_TIME_MAX).await.map_err(refuse_body),
        Err(fault) => Err(fault),
    };
    let response = match read {
        Ok(body) => {
            let (client, secure) = (peer.address, peer.is_secure);
            let arrival = Arrival { client, secure, started_at: received_at, ended_at: clock.now() };
            let actor = Actor::Proxy(proxy.clone(), client.ip());
            acting(actor, run(service, Request::from_parts(head, body), arrival)).await
        }
        Err(fault) => refuse(fault),
    };
    service.metrics.answered(&proxy, response.status().as_u16(), clock.monotonic().saturating_sub(began));
    response
}

async fn run(service: &Arc<Service>, request: Request<Bytes>, arrival: Arrival) -> Response<Full<Bytes>> {
    let reply = service.program.handle(request, arrival).await;
    let mut response = reply.response.map(Full::new);
    if let Some(phrase) = reply.reason.and_then(|reason| ReasonPhrase::try_from(reason.as_bytes()).ok()) {
        response.extensions_mut().insert(phrase);
    }
    if let Some(after) = reply.after {
        // The response is handed over when this returns; what follows it must not hold it up.
        let clock = Arc::clone(service.engine.clock());
        let started_at = clock.now();
        tokio::task::spawn_local(async move {
            tokio::task::yield_now().await;
            after.run(Sent { started_at, ended_at: clock.now() }).await;
        });
    }
    response
}

/// A request is for a path of one host (RFC 9112 §3.2): `CONNECT` and `*` name none, and of two hosts somebody on the way
/// may have believed the other.
fn check_target(head: &Parts) -> Result<(), Fault> {
    if !head.uri.path().starts_with('/') {
        return Err(Fault::messaging(400, "protocol.http.BadPath", "Invalid request path"));
    }
    match head.headers.get_all(HOST).iter().count() {
        0 if head.version == Version::HTTP_11 => {
            Err(Fault::messaging(400, "protocol.http.HostHeaderMissing", "Host header missing"))
        }
        0 | 1 => Ok(()),
        _ => Err(Fault::messaging(400, "protocol.http.DuplicateHeader", "Duplicate Header \"Host\"")),
    }
}

/// What Apigee answers when a head cannot be taken (`apigee-runtime` §5.4).
fn refuse_head(error: HeadError) -> Fault {
    match error {
        HeadError::LineTooLong => {
            Fault::messaging(414, "protocol.http.TooBigLine", "request line size exceeding")
        }
        HeadError::HeadersTooLarge => {
            Fault::messaging(431, "protocol.http.TooBigHeaders", "request headers size exceeding")
        }
    }
}

/// What Apigee answers when the body of a request cannot be taken (`apigee-runtime` §5.4).
fn refuse_body(error: BodyError) -> Fault {
    match error {
        BodyError::TooLarge => Fault::messaging(413, "protocol.http.TooBigBody", "Body buffer overflow"),
        BodyError::Late => {
            Fault::messaging(408, "messaging.adaptors.http.flow.RequestTimeOut", "Request timed out")
        }
        BodyError::Broken => Fault::messaging(400, "protocol.http.BadRequest", "The request body broke off"),
    }
}

/// A fault that no proxy sees.
fn refuse(fault: Fault) -> Response<Full<Bytes>> {
    let message = fault.into_message();
    let status = message.status().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = Response::new(Full::new(message.body().clone()));
    *response.status_mut() = status.unwrap_or(StatusCode::BAD_REQUEST);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    // The rest of the request may be on its way: the connection cannot be used again.
    response.headers_mut().insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
    response
}

/// Bytes of the request line and the headers.
pub(crate) const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Apigee's default of `request.payload.parse.limit`.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

const BODY_TIME_MAX: Duration = Duration::from_mins(1);
