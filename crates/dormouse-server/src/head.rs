//! Bounds on request heads. A connection's buffer bounds a head only while it is incomplete; this bounds what arrived in one
//! piece.

use http::{Version, header, request};

/// Why a head was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// The request line alone is too long.
    LineTooLong,
    /// Request line and headers together are.
    HeadersTooLarge,
}

/// Checks the size of a head.
pub(crate) fn check(head: &request::Parts, bytes_max: usize) -> Result<(), HeadError> {
    let path = head.uri.path_and_query().map_or(0, |path| path.as_str().len());
    let line = path + head.uri.authority().map_or(0, |authority| authority.as_str().len());
    if line > bytes_max {
        return Err(HeadError::LineTooLong);
    }
    let headers: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if line + headers > bytes_max {
        return Err(HeadError::HeadersTooLarge);
    }
    Ok(())
}

/// Whether there is one Host, as HTTP/1.1 demands (RFC 9112 §3.2); HTTP/1.0 may do without. Two would let a proxy and us see
/// different requests.
pub(crate) fn names_one_host(head: &request::Parts) -> bool {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), None) => true,
        (None, _) => head.version < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}
