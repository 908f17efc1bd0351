//! Between HTTP messages and flow messages: the request as it comes in, the reply as it goes out (RFC 9110 §7.6.1).

use crate::program::{Deployed, Endpoint};
use crate::run;
use bytes::Bytes;
use dormouse_flow::{Headers, Message, ReplyHeaders, Transaction};
use dormouse_token::Timestamp;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, PROXY_AUTHENTICATE, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use http::{Method, StatusCode, Version};
use std::borrow::Cow;
use std::sync::Arc;

/// The answer to a request, and what is left to do once it is sent.
pub struct Reply {
    /// Status, headers and body. `Content-Length` is the server's to add.
    pub response: http::Response<Bytes>,
    /// The reason phrase where a bundle chose its own.
    pub reason: Option<Box<str>>,
    /// PostClientFlow, when there is one.
    pub after: Option<AfterReply>,
}

/// Work that waits for the response to be sent.
pub struct AfterReply {
    deployed: Arc<Deployed>,
    endpoint: Arc<Endpoint>,
    transaction: Box<Transaction>,
}

/// When a response was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// The first byte.
    pub started_at: Timestamp,
    /// The last byte.
    pub ended_at: Timestamp,
}

impl AfterReply {
    /// Runs PostClientFlow.
    pub async fn run(mut self, sent: Sent) {
        run::run_post_client_flow(&self.deployed, &self.endpoint, &mut self.transaction, sent).await;
    }
}

impl Reply {
    /// The reply of a transaction that ran to its end.
    pub(crate) fn finish(
        deployed: Arc<Deployed>,
        endpoint: Arc<Endpoint>,
        mut transaction: Transaction,
    ) -> Self {
        let kept = std::mem::take(transaction.extension::<ReplyHeaders>());
        let message = transaction.error_message().or_else(|| transaction.response());
        let mut reply =
            message.map_or_else(|| Self::from_message(&Message::response(200)), Self::from_message);
        reply.set_headers(kept);
        if !endpoint.post_client_flow.is_empty() {
            reply.after = Some(AfterReply { deployed, endpoint, transaction: Box::new(transaction) });
        }
        reply
    }

    /// Headers that policies want on any reply, whoever made it.
    fn set_headers(&mut self, kept: ReplyHeaders) {
        for (name, value) in kept.0 {
            // A value that is no header value comes from a bundle's template, and is left out.
            if let Ok(value) = HeaderValue::from_str(&value) {
                self.response.headers_mut().insert(name, value);
            }
        }
    }

    /// A message as HTTP.
    pub(crate) fn from_message(message: &Message) -> Self {
        let status = message.status().and_then(|status| StatusCode::from_u16(status).ok());
        // A provisional status cannot end an exchange.
        let status =
            status.filter(|status| !status.is_informational()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let body = if bodiless { Bytes::new() } else { message.body().clone() };
        let mut response = http::Response::new(body);
        *response.status_mut() = status;
        let named = named_by_connection(message.headers());
        for (name, value) in message.headers().lines() {
            if !is_hop_by_hop(name) && !named.contains(name) {
                response.headers_mut().append(name.clone(), value.clone());
            }
        }
        let reason = message.reason().filter(|reason| status.canonical_reason() != Some(*reason));
        Self { response, reason: reason.map(single_line), after: None }
    }
}

/// The request that flows see.
pub(crate) fn incoming(request: http::Request<Bytes>) -> Message {
    let (head, body) = request.into_parts();
    let uri = head.uri.path_and_query().map_or("/", |uri| uri.as_str());
    let mut message = Message::request(verb(&head.method), uri);
    message.set_version(match head.version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2.0",
        Version::HTTP_3 => "3.0",
        _ => "1.1",
    });
    *message.headers_mut() = Headers::from_map(head.headers);
    message.set_body(body);
    message
}

/// The usual verbs need no memory of their own.
fn verb(method: &Method) -> Cow<'static, str> {
    let usual = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];
    match usual.into_iter().find(|verb| *verb == method.as_str()) {
        Some(verb) => Cow::Borrowed(verb),
        None => Cow::Owned(method.as_str().to_owned()),
    }
}

/// Headers that belong to one connection, and the length, which the server computes.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    [CONNECTION, CONTENT_LENGTH, PROXY_AUTHENTICATE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE].contains(name)
        || matches!(name.as_str(), "keep-alive" | "proxy-authorization" | "proxy-connection")
}

/// Further headers that `Connection` declares to be its own.
fn named_by_connection(headers: &Headers) -> Vec<HeaderName> {
    headers.values(&CONNECTION).filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect()
}

/// A reason phrase has no controls (RFC 9112 §4).
fn single_line(reason: &str) -> Box<str> {
    reason.chars().filter(|character| !character.is_control()).collect()
}
