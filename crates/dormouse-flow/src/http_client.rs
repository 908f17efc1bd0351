//! The port for requests that a flow sends out: to targets, from callouts and from scripts (RFC 9110, RFC 9112). The
//! real client is in `dormouse-net`.

use crate::message::Message;
use crate::value::Text;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::pin::Pin;
use std::time::Duration;

/// Sends requests.
///
/// A client follows no redirect, adds no header but `Host` where there is none and what frames the body, and neither
/// compresses nor decompresses. It keeps connections for reuse, by thread: a call is made and awaited on one thread.
pub trait HttpClient: Send + Sync {
    /// Sends one request and reads the response. A status of 400 or more is a response like any other. Dropping the
    /// future gives the call up.
    fn send(&self, call: OutgoingCall) -> CallFuture;
}

/// The response to a call, or why there is none.
pub type CallFuture = Pin<Box<dyn Future<Output = Result<Message, CallError>> + Send>>;

/// One request on its way out.
pub struct OutgoingCall {
    /// Verb, path with query, headers and body. Headers of one connection only are the client's own business and are
    /// left out, as is `Content-Length`.
    pub request: Message,
    /// Where it goes.
    pub destination: Destination,
    /// What it may take.
    pub limits: CallLimits,
    /// Whether the body of the response may be left to arrive later, as a stream of the message.
    pub streams_response: bool,
}

/// A server to send requests to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    /// Name or address, without brackets.
    pub host: Text,
    /// TCP port.
    pub port: u16,
    /// TLS, or none for plain HTTP.
    pub tls: Option<Tls>,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// Accept any certificate (`IgnoreValidationErrors`).
    pub ignores_validation_errors: bool,
}

/// Bounds on one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// Time to resolve the name, to connect and to shake hands.
    pub connect_time_max: Duration,
    /// Time that the server may stay silent: before the response, and between its parts.
    pub io_time_max: Duration,
    /// Time from the call to the last byte of a response that is read whole; absent means unbounded.
    pub total_time_max: Option<Duration>,
    /// How long the connection is kept afterwards when nobody uses it.
    pub idle_time_max: Duration,
    /// Bytes of a response body that is read whole.
    pub body_bytes_max: usize,
}

/// Why a call has no response. In the order in which things can go wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// This process makes no outgoing connections.
    #[error("outgoing connections are not available")]
    Offline,
    /// The request cannot be sent: its verb or path is no HTTP.
    #[error("the request cannot be sent: {0}")]
    InvalidRequest(&'static str),
    /// The name has no address.
    #[error("the host {0} cannot be resolved")]
    Unresolved(Text),
    /// Nobody answers at the address.
    #[error("cannot connect: {0}")]
    Unreachable(std::io::ErrorKind),
    /// The connection was not made in time.
    #[error("the connection was not made in time")]
    ConnectTimeout,
    /// The TLS handshake failed; the reason names no secret.
    #[error("the TLS handshake failed: {0}")]
    TlsHandshake(String),
    /// The server stayed silent for too long.
    #[error("the server did not answer in time")]
    Timeout,
    /// The server closed the connection before the response was whole.
    #[error("the server closed the connection before its response was whole")]
    ClosedEarly,
    /// What came back is no HTTP.
    #[error("the response is malformed: {0}")]
    Malformed(&'static str),
    /// The head of the response is larger than the client's limit.
    #[error("the head of the response is too large")]
    HeadTooLarge,
    /// The body of the response is larger than allowed.
    #[error("the body of the response is too large")]
    BodyTooLarge,
}

/// A text that is no absolute `http` or `https` URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no http or https URL with a host")]
pub struct InvalidUrl;

impl Destination {
    /// Takes an absolute URL apart: the server, and the path with the query as they go into the request line. A fragment
    /// is left out, and so are user and password, which no request carries; characters that no URL may have are escaped.
    ///
    /// # Errors
    /// [`InvalidUrl`]
    pub fn parse(url: &str) -> Result<(Self, String), InvalidUrl> {
        let (scheme, rest) = url.trim().split_once("://").ok_or(InvalidUrl)?;
        let secure = match scheme {
            scheme if scheme.eq_ignore_ascii_case("http") => false,
            scheme if scheme.eq_ignore_ascii_case("https") => true,
            _ => return Err(InvalidUrl),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, uri) = rest.split_at_checked(end).ok_or(InvalidUrl)?;
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let (host, port) = host_and_port(authority)?;
        let tls = secure.then(Tls::default);
        let port = port.unwrap_or(if secure { 443 } else { 80 });
        let slash = if uri.starts_with('/') { "" } else { "/" };
        let uri = format!("{slash}{}", utf8_percent_encode(uri, NOT_IN_A_URL));
        Ok((Self { host: host.into(), port, tls }, uri))
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// The value of `Host`: the port is left out where it is the scheme's own.
    pub fn authority(&self) -> Text {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        match (self.port, self.tls.is_some()) {
            (80, false) | (443, true) if open.is_empty() => self.host.clone(),
            (80, false) | (443, true) => format!("{open}{}{close}", self.host).into(),
            (port, _) => format!("{open}{}{close}:{port}", self.host).into(),
        }
    }
}

impl Default for CallLimits {
    /// Apigee's defaults for targets and callouts.
    fn default() -> Self {
        Self {
            connect_time_max: Duration::from_secs(3),
            io_time_max: Duration::from_secs(55),
            total_time_max: None,
            idle_time_max: Duration::from_mins(1),
            body_bytes_max: 10 * 1024 * 1024,
        }
    }
}

/// The client of a process that only looks at bundles: every call fails.
pub struct Offline;

impl HttpClient for Offline {
    fn send(&self, _: OutgoingCall) -> CallFuture {
        Box::pin(std::future::ready(Err(CallError::Offline)))
    }
}

fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), InvalidUrl> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']').ok_or(InvalidUrl)?;
            address.parse::<std::net::Ipv6Addr>().map_err(|_| InvalidUrl)?;
            (address, if after.is_empty() { None } else { Some(after.strip_prefix(':').ok_or(InvalidUrl)?) })
        }
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
    if host.is_empty() || !host.bytes().all(is_host) {
        return Err(InvalidUrl);
    }
    match port {
        None | Some("") => Ok((host, None)),
        Some(port) => {
            let port = port.parse().ok().filter(|port| *port != 0).ok_or(InvalidUrl)?;
            Ok((host, Some(port)))
        }
    }
}

/// What stands in no request line. A percent sign stays: what is escaped already is not escaped twice.
const NOT_IN_A_URL: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'\\');

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Option<(&str, &str, &str)>) {
        let parsed = Destination::parse(url).ok();
        let parsed =
            parsed.map(|(destination, uri)| (destination.scheme(), destination.authority().to_string(), uri));
        let actual = parsed.as_ref().map(|(scheme, authority, uri)| (*scheme, &**authority, &**uri));
        assert_eq!(actual, expected, "{url}");
    }

    #[test]
    fn urls_are_taken_apart() {
        check("http://a.example", Some(("http", "a.example", "/")));
        check("HTTPS://a.example:443/x?y=1#z", Some(("https", "a.example", "/x?y=1")));
        check("https://a:80/", Some(("https", "a:80", "/")));
        check("http://a?x=/", Some(("http", "a", "/?x=/")));
        check("http://mocktarget.example//", Some(("http", "mocktarget.example", "//")));
        check("http://[::1]:8080/a", Some(("http", "[::1]:8080", "/a")));
        check("http://[::1]/a", Some(("http", "[::1]", "/a")));
        check("http://user:secret@a/", Some(("http", "a", "/")));
        check("http://a:/b", Some(("http", "a", "/b")));
        check(" http://a/b c%20d/ä\r\n?q=\"1\" ", Some(("http", "a", "/b%20c%20d/%C3%A4%0D%0A?q=%221%22")));
    }

    #[test]
    fn what_is_no_url() {
        for text in [
            "",
            "a.example/x",
            "ftp://a/",
            "http://",
            "http:///x",
            "http://a:0/",
            "http://a:99999/",
            "http://a:x/",
            "http://a b/",
            "http://[::1",
            "http://[zz]/",
            "http://[::1]x/",
            "http://a\r\nHost: b/",
        ] {
            check(text, None);
        }
    }
}
