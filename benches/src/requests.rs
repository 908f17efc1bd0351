//! The requests of the load, as bytes on the wire.

use crate::load::NextRequest;
use crate::organization::{CLIENT, SECRET};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use std::rc::Rc;

/// A form to an endpoint, authenticated as the client.
pub(crate) fn form(path: &str, body: &str) -> Bytes {
    let credentials = STANDARD.encode(format!("{CLIENT}:{SECRET}"));
    let length = body.len();
    Bytes::from(format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {credentials}\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
}

/// A read with an access token.
pub(crate) fn get(path: &str, token: &str) -> Bytes {
    Bytes::from(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"))
}

/// The same request over and over.
pub(crate) fn always(request: Bytes) -> NextRequest {
    Rc::new(move |_, _| Ok(request.clone()))
}

/// A member of a JSON answer.
pub(crate) fn member(body: &str, name: &str) -> anyhow::Result<String> {
    let json: serde_json::Value = serde_json::from_str(body)?;
    let text = json.get(name).and_then(serde_json::Value::as_str);
    Ok(text.ok_or_else(|| anyhow::anyhow!("no {name} in {body}"))?.to_owned())
}
