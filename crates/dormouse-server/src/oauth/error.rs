//! The one table of what the native endpoints answer when they refuse: status, code and text (RFC 6749 §5.2). Texts are
//! fixed: nothing of a request is ever repeated in them.

use crate::body::BodyError;
use crate::head::HeadError;
use crate::oauth::{json, set_headers};
use bytes::Bytes;
use dormouse_engine::{Error, Refusal, Unavailable};
use dormouse_token::{Form, FormError};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;

/// A refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OAuthError {
    /// The body did not arrive in time.
    BodyLate,
    /// The body is larger than 64 KiB.
    BodyTooLarge,
    /// The headers are larger than 16 KiB.
    HeadersTooLarge,
    /// Unknown client, wrong secret, or a client that may not be used: which of them is not told.
    InvalidClient,
    /// The code, refresh token or password is not accepted: why is not told.
    InvalidGrant,
    /// The request is malformed.
    InvalidRequest(&'static str),
    /// More was asked for than the client, or the refresh token, may have.
    InvalidScope,
    /// The request line is longer than 16 KiB.
    LineTooLong,
    /// The endpoint has other methods.
    MethodNotAllowed {
        /// Which ones.
        allow: &'static str,
    },
    /// No endpoint is there.
    NotFound,
    /// Too many wrong secrets or passwords.
    Throttled {
        /// Seconds to wait.
        retry_after: u32,
    },
    /// The client may not use this grant.
    UnauthorizedClient,
    /// Nothing could be decided; nothing was changed.
    Unavailable {
        /// Seconds to wait.
        retry_after: u32,
    },
    /// No grant type of this server.
    UnsupportedGrantType,
}

#[derive(Serialize)]
struct Body {
    error: &'static str,
    error_description: &'static str,
}

impl OAuthError {
    /// The value of `error`, and the outcome in metrics.
    pub(crate) const fn code(&self) -> &'static str {
        self.row().1
    }

    /// The response.
    pub(crate) fn response(self) -> Response<Full<Bytes>> {
        let (status, error, error_description) = self.row();
        let mut response = Response::new(Full::new(json(&Body { error, error_description })));
        *response.status_mut() = status;
        set_headers(&mut response);
        let headers = response.headers_mut();
        match self {
            Self::InvalidClient => {
                let challenge = HeaderValue::from_static(r#"Basic realm="oauth", charset="UTF-8""#);
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            Self::MethodNotAllowed { allow } => {
                headers.insert(header::ALLOW, HeaderValue::from_static(allow));
            }
            Self::Throttled { retry_after } | Self::Unavailable { retry_after } => {
                headers.insert(header::RETRY_AFTER, retry_after.into());
            }
            // The rest of the request may be on its way: the connection cannot be used again.
            Self::BodyLate | Self::BodyTooLarge => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }

    const fn row(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BodyLate => {
                (StatusCode::REQUEST_TIMEOUT, "invalid_request", "the body did not arrive in time")
            }
            Self::BodyTooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", "the body is larger than 64 KiB")
            }
            Self::HeadersTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "invalid_request",
                "the headers are larger than 16 KiB",
            ),
            Self::InvalidClient => {
                (StatusCode::UNAUTHORIZED, "invalid_client", "the client could not be authenticated")
            }
            Self::InvalidGrant => (
                StatusCode::BAD_REQUEST,
                "invalid_grant",
                "what was presented is not valid, not of this client, or used up",
            ),
            Self::InvalidRequest(description) => (StatusCode::BAD_REQUEST, "invalid_request", description),
            Self::InvalidScope => (
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "the scope is malformed, or exceeds what may be granted",
            ),
            Self::LineTooLong => {
                (StatusCode::URI_TOO_LONG, "invalid_request", "the request line is longer than 16 KiB")
            }
            Self::MethodNotAllowed { .. } => {
                (StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "this endpoint has another method")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "there is no such endpoint"),
            Self::Throttled { .. } => {
                (StatusCode::TOO_MANY_REQUESTS, "slow_down", "there were too many failed attempts")
            }
            Self::UnauthorizedClient => (
                StatusCode::BAD_REQUEST,
                "unauthorized_client",
                "this client is not switched on for this grant type",
            ),
            Self::Unavailable { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "nothing was decided and nothing was changed; repeat the request later",
            ),
            Self::UnsupportedGrantType => {
                (StatusCode::BAD_REQUEST, "unsupported_grant_type", "this server has no such grant type")
            }
        }
    }
}

impl From<BodyError> for OAuthError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Broken => Self::InvalidRequest("the body broke off"),
            BodyError::Late => Self::BodyLate,
            BodyError::TooLarge => Self::BodyTooLarge,
        }
    }
}

impl From<FormError> for OAuthError {
    fn from(error: FormError) -> Self {
        Self::InvalidRequest(match error {
            FormError::TooMany => "there are too many parameters",
            FormError::TooLong => "a parameter is too long",
            FormError::Repeated => "a parameter is repeated",
            FormError::Malformed => "the body is not a well-formed form in UTF-8",
        })
    }
}

impl From<HeadError> for OAuthError {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::LineTooLong => Self::LineTooLong,
            HeadError::HeadersTooLarge => Self::HeadersTooLarge,
        }
    }
}

impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refused(&refusal),
            Error::Unavailable(unavailable) => {
                tracing::warn!(error = %unavailable, "a token request could not be decided");
                Self::Unavailable { retry_after: retry_after(&unavailable) }
            }
        }
    }
}

/// The value of a parameter that the request cannot do without.
pub(crate) fn required<'a>(form: &'a Form, name: &str, missing: &'static str) -> Result<&'a str, OAuthError> {
    form.value(name).ok_or(OAuthError::InvalidRequest(missing))
}

const fn refused(refusal: &Refusal) -> OAuthError {
    match refusal {
        Refusal::InvalidClient | Refusal::Client(_) => OAuthError::InvalidClient,
        Refusal::InvalidScope => OAuthError::InvalidScope,
        Refusal::PublicReuse => OAuthError::UnauthorizedClient,
        Refusal::UserTooLong | Refusal::AttributesTooLarge => {
            OAuthError::InvalidRequest("a parameter is too long")
        }
        Refusal::Unknown
        | Refusal::Expired
        | Refusal::NotApproved(_)
        | Refusal::Superseded(_)
        | Refusal::NoProductMatch
        | Refusal::RedirectUriMissing
        | Refusal::RedirectUriDiffers
        | Refusal::VerifierDiffers
        | Refusal::ImportRefused
        | Refusal::UnknownApp => OAuthError::InvalidGrant,
    }
}

/// What heals by itself heals within a second or two; what an operator must see to takes longer.
const fn retry_after(unavailable: &Unavailable) -> u32 {
    match unavailable {
        Unavailable::Store(_) | Unavailable::Stale { .. } | Unavailable::Contended => 1,
        Unavailable::RolledBack
        | Unavailable::Seal(_)
        | Unavailable::KeyBurned
        | Unavailable::CutOffAhead
        | Unavailable::Sealed => 60,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_engine::Supersession;

    #[track_caller]
    fn check(error: OAuthError, status: u16, code: &str, headers: &[(header::HeaderName, &str)]) {
        let response = error.response();
        assert_eq!((response.status().as_u16(), error.code()), (status, code));
        let always = [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_TYPE, "application/json")];
        for (name, value) in always.iter().chain(headers) {
            assert_eq!(response.headers()[name], value, "{error:?}");
        }
        let is_plain = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(error.row().2.bytes().all(is_plain), "RFC 6749 appendix A.8: {error:?}");
    }

    #[test]
    fn statuses_and_headers() {
        let challenge = (header::WWW_AUTHENTICATE, r#"Basic realm="oauth", charset="UTF-8""#);
        check(OAuthError::InvalidClient, 401, "invalid_client", &[challenge]);
        check(OAuthError::InvalidGrant, 400, "invalid_grant", &[]);
        check(OAuthError::InvalidRequest("x"), 400, "invalid_request", &[]);
        check(OAuthError::InvalidScope, 400, "invalid_scope", &[]);
        check(OAuthError::UnauthorizedClient, 400, "unauthorized_client", &[]);
        check(OAuthError::UnsupportedGrantType, 400, "unsupported_grant_type", &[]);
        check(OAuthError::NotFound, 404, "not_found", &[]);
        let wait = [(header::RETRY_AFTER, "7")];
        check(OAuthError::Throttled { retry_after: 7 }, 429, "slow_down", &wait);
        check(OAuthError::Unavailable { retry_after: 7 }, 503, "temporarily_unavailable", &wait);
        let allow = [(header::ALLOW, "POST")];
        check(OAuthError::MethodNotAllowed { allow: "POST" }, 405, "invalid_request", &allow);
        check(OAuthError::BodyTooLarge, 413, "invalid_request", &[(header::CONNECTION, "close")]);
        check(OAuthError::BodyLate, 408, "invalid_request", &[(header::CONNECTION, "close")]);
        check(OAuthError::HeadersTooLarge, 431, "invalid_request", &[]);
        check(OAuthError::LineTooLong, 414, "invalid_request", &[]);
    }

    #[test]
    fn why_a_grant_is_refused_is_not_told() {
        let refusals = [
            Refusal::Unknown,
            Refusal::Expired,
            Refusal::Superseded(Supersession::Race),
            Refusal::RedirectUriDiffers,
            Refusal::VerifierDiffers,
        ];
        for refusal in refusals {
            assert_eq!(OAuthError::from(Error::Refused(refusal)), OAuthError::InvalidGrant);
        }
    }

    #[test]
    fn a_service_in_trouble_never_says_that_a_grant_is_invalid() {
        for unavailable in
            [Unavailable::RolledBack, Unavailable::Contended, Unavailable::Stale { seconds: 9 }]
        {
            let error = OAuthError::from(Error::Unavailable(unavailable));
            assert!(matches!(error, OAuthError::Unavailable { retry_after: 1.. }));
        }
    }
}
