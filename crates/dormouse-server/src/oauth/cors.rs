//! Which browser pages of other origins may call the native endpoints (Fetch standard, CORS; RFC 9700 §2.6): those that an
//! operator lists, at the token and revocation endpoints and for the metadata. Cookies play no part, so that credentials are
//! never allowed.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request};
use http_body_util::Full;
use std::str::FromStr;

/// An origin as browsers send it: scheme, host in lower case, and the port where it is not the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsOrigin(String);

/// A text is no origin that a browser would send, so that it would never match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an origin as browsers send it, such as https://app.example.com: in lower case, without a path, a slash at the \
     end, or the port that the scheme has anyway"
)]
pub struct CorsOriginError;

/// Answers a preflight of an allowed origin. Nothing of the request but its origin is looked at: what is allowed is the
/// same for every request.
pub(crate) fn preflight(
    origins: &[CorsOrigin],
    head: &request::Parts,
    methods: &'static str,
) -> Option<Response<Full<Bytes>>> {
    let is_preflight =
        head.method == Method::OPTIONS && head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !is_preflight {
        return None;
    }
    allowed(origins, &head.headers)?;
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_SECONDS));
    Some(response)
}

/// The origin of a request, if it is allowed.
pub(crate) fn allowed(origins: &[CorsOrigin], headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (values.next(), values.next()) else { return None };
    origins.iter().any(|CorsOrigin(own)| own.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

/// Says on any answer, errors too, that the page may read it; and where CORS is on, that it depends on the origin.
pub(crate) fn mark(origins: &[CorsOrigin], origin: Option<HeaderValue>, headers: &mut HeaderMap) {
    if origins.is_empty() {
        return;
    }
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(RESPONSE_HEADERS));
    }
}

impl FromStr for CorsOrigin {
    type Err = CorsOriginError;

    fn from_str(text: &str) -> Result<Self, CorsOriginError> {
        let (scheme, authority) = text.split_once("://").ok_or(CorsOriginError)?;
        let own_port = match scheme {
            "https" => ":443",
            "http" => ":80",
            _ => return Err(CorsOriginError),
        };
        let uri: http::uri::Authority = authority.parse().map_err(|_| CorsOriginError)?;
        let is_plain = authority.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase());
        let has_port = authority.len() > uri.host().len();
        let has_good_port = !has_port || uri.port_u16().is_some();
        if uri.host().is_empty()
            || !is_plain
            || !has_good_port
            || authority.contains(['@', '*'])
            || authority.ends_with(own_port)
        {
            return Err(CorsOriginError);
        }
        Ok(Self(text.to_owned()))
    }
}

/// What pages send beside what they may send anyway.
const REQUEST_HEADERS: &str = "Authorization, Content-Type";
/// What pages may read beside what they may read anyway.
const RESPONSE_HEADERS: &str = "Retry-After, WWW-Authenticate";
/// Two hours: as long as browsers remember at most.
const MAX_AGE_SECONDS: &str = "7200";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        assert_eq!(text.parse::<CorsOrigin>().is_ok(), expected, "{text}");
    }

    #[test]
    fn origins_are_what_browsers_send() {
        for text in [
            "https://app.example.com",
            "https://app.example.com:8443",
            "http://localhost:3000",
            "http://[::1]:5173",
            "https://localhost:80",
        ] {
            check(text, true);
        }
        for text in [
            "",
            "*",
            "null",
            "app.example.com",
            "https://",
            "https://*.example.com",
            "https://app.example.com/",
            "https://app.example.com/app",
            "https://App.example.com",
            "https://app.example.com:443",
            "http://app.example.com:80",
            "https://app.example.com:",
            "https://app.example.com:99999",
            "https://ann@app.example.com",
            "ftp://app.example.com",
            "https://app.example.com https://b.example.com",
        ] {
            check(text, false);
        }
    }
}
