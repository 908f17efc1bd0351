//! Reading request bodies within limits of size and time.

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use std::time::Duration;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It broke off or was malformed.
    Broken,
    /// It did not arrive in time.
    Late,
    /// It is larger than allowed.
    TooLarge,
}

/// Reads a whole body. One that is announced to be too large is not waited for, nor asked for with `100 Continue`.
pub(crate) async fn read(body: Incoming, bytes_max: usize, time_max: Duration) -> Result<Bytes, BodyError> {
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(BodyError::TooLarge);
    }
    let collected = tokio::time::timeout(time_max, Limited::new(body, bytes_max).collect()).await;
    match collected {
        Err(_) => Err(BodyError::Late),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(BodyError::TooLarge),
        Ok(Err(_)) => Err(BodyError::Broken),
    }
}
