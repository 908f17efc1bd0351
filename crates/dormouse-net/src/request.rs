//! The head of a request as bytes (RFC 9112 §3, §6), its header lines as they were written.

use bytes::{BufMut as _, Bytes, BytesMut};
use dormouse_flow::{CallError, Destination, Message, StreamedBody};
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use hyper::body::Body as _;

/// A request that is ready to be written.
pub(crate) struct Outgoing {
    pub(crate) head: Bytes,
    pub(crate) body: OutgoingBody,
    pub(crate) method: Method,
}

/// The body of a request.
pub(crate) enum OutgoingBody {
    Whole(Bytes),
    /// With its length in the head, or in chunks.
    Streamed {
        stream: Box<StreamedBody>,
        chunked: bool,
    },
}

/// What of a verb decides how its response is read, and whether the request may be repeated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) is_head: bool,
    /// RFC 9110 §9.2.2
    pub(crate) is_idempotent: bool,
}

/// Encodes a request.
pub(crate) fn encode(request: &Message, destination: &Destination) -> Result<Outgoing, CallError> {
    let verb = request.verb().ok_or(CallError::InvalidRequest("it is a response"))?;
    if http::Method::from_bytes(verb.as_bytes()).is_err() {
        return Err(CallError::InvalidRequest("its verb is no token"));
    }
    let body = match request.take_stream() {
        Some(stream) => {
            OutgoingBody::Streamed { chunked: stream.size_hint().exact().is_none(), stream: Box::new(stream) }
        }
        None if request.is_streamed() => {
            return Err(CallError::InvalidRequest("its streamed body was sent already"));
        }
        None => OutgoingBody::Whole(request.body().clone()),
    };
    let mut head = BytesMut::with_capacity(HEAD_CAPACITY);
    put_request_line(&mut head, verb, request)?;
    if !request.headers().contains(&HOST) {
        put_line(&mut head, b"Host", destination.authority().as_bytes());
    }
    put_headers(&mut head, request, &framing(request, verb, &body));
    head.put_slice(b"\r\n");
    let is_idempotent = matches!(verb, "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE" | "TRACE");
    let method = Method { is_head: verb == "HEAD", is_idempotent };
    Ok(Outgoing { head: head.freeze(), body, method })
}

/// How the head says where the body ends.
enum Framing {
    None,
    Length(u64),
    Chunked,
}

fn framing(request: &Message, verb: &str, body: &OutgoingBody) -> Framing {
    match body {
        OutgoingBody::Streamed { chunked: true, .. } => Framing::Chunked,
        OutgoingBody::Streamed { stream, .. } => Framing::Length(stream.size_hint().lower()),
        OutgoingBody::Whole(body)
            if !body.is_empty()
                || matches!(verb, "POST" | "PUT" | "PATCH")
                || request.headers().contains(&CONTENT_LENGTH) =>
        {
            Framing::Length(body.len() as u64)
        }
        OutgoingBody::Whole(_) => Framing::None,
    }
}

fn put_request_line(head: &mut BytesMut, verb: &str, request: &Message) -> Result<(), CallError> {
    let uri = request.uri().unwrap_or_default();
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    if !uri.bytes().all(allowed) {
        return Err(CallError::InvalidRequest("its path has characters that no path may have"));
    }
    head.put_slice(verb.as_bytes());
    head.put_u8(b' ');
    let is_for_the_server = uri == "*" && verb == "OPTIONS";
    if !(uri.starts_with('/') || is_for_the_server) {
        head.put_u8(b'/');
    }
    head.put_slice(uri.as_bytes());
    head.put_slice(b" HTTP/1.1\r\n");
    Ok(())
}

/// The length stands where a length stood, else at the end.
fn put_headers(head: &mut BytesMut, request: &Message, framing: &Framing) {
    let headers = request.headers();
    let named = headers.connection_options();
    let mut is_framed = false;
    for (name, spelling, value) in headers.spelled_lines() {
        if *name == CONTENT_LENGTH {
            if let Framing::Length(length) = framing
                && !std::mem::replace(&mut is_framed, true)
            {
                put_line(head, spelling.as_bytes(), length.to_string().as_bytes());
            }
        } else if !is_of_connection(name) && !named.contains(name) {
            put_line(head, spelling.as_bytes(), value.as_bytes());
        }
    }
    match framing {
        Framing::Length(length) if !is_framed => {
            put_line(head, b"Content-Length", length.to_string().as_bytes());
        }
        Framing::Chunked => put_line(head, b"Transfer-Encoding", b"chunked"),
        Framing::Length(_) | Framing::None => {}
    }
}

fn put_line(head: &mut BytesMut, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        head.put_slice(part);
    }
}

/// Headers of the connection that the request came over (RFC 9110 §7.6.1), and `Expect`, which was met there.
fn is_of_connection(name: &HeaderName) -> bool {
    [CONNECTION, EXPECT, TE, TRAILER, TRANSFER_ENCODING, UPGRADE].contains(name)
        || matches!(name.as_str(), "keep-alive" | "proxy-authorization" | "proxy-connection")
}

const HEAD_CAPACITY: usize = 1024;
