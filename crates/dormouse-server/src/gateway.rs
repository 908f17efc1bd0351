//! Between hyper and the gateway's program: limits on the way in, the reply on the way out.

use crate::body::{self, BodyError};
use crate::service::Service;
use bytes::Bytes;
use dormouse_flow::{Arrival, Fault};
use dormouse_gateway::Sent;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Answers one request.
pub(crate) async fn answer(
    service: &Arc<Service>,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Response<Full<Bytes>> {
    let clock = service.engine.clock();
    let (received_at, began) = (clock.now(), clock.monotonic());
    let (head, incoming) = request.into_parts();
    let proxy = service.program.proxy_of(head.uri.path()).unwrap_or_default().to_owned();
    let response = match body::read(incoming, BODY_BYTES_MAX, BODY_TIME_MAX).await {
        Ok(body) => {
            let arrival =
                Arrival { client: peer, secure: false, started_at: received_at, ended_at: clock.now() };
            run(service, Request::from_parts(head, body), arrival).await
        }
        Err(error) => refuse(error),
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

/// What Apigee answers when the body of a request cannot be taken (`apigee-runtime` §5.4).
fn refuse(error: BodyError) -> Response<Full<Bytes>> {
    let fault = match error {
        BodyError::TooLarge => Fault::messaging(413, "protocol.http.TooBigBody", "Body buffer overflow"),
        BodyError::Late => {
            Fault::messaging(408, "messaging.adaptors.http.flow.RequestTimeOut", "Request timed out")
        }
        BodyError::Broken => Fault::messaging(400, "protocol.http.BadRequest", "The request body broke off"),
    };
    let message = fault.into_message();
    let status = message.status().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = Response::new(Full::new(message.body().clone()));
    *response.status_mut() = status.unwrap_or(StatusCode::BAD_REQUEST);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    // The rest of the body is on its way: the connection cannot be used again.
    response.headers_mut().insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
    response
}

/// Apigee's default of `request.payload.parse.limit`.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

const BODY_TIME_MAX: Duration = Duration::from_mins(1);
