//! A message body that is passed on while it arrives (Apigee: "Streaming requests and responses"). Messages are copied
//! freely, a stream is read once: copies share it, and the first who takes it has it.

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use parking_lot::Mutex;
use std::sync::Arc;

/// Bytes that arrive piece by piece, or break off.
pub type StreamedBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// The place of a stream in a message and its copies.
#[derive(Clone)]
pub(crate) struct BodyStream(Arc<Mutex<Option<StreamedBody>>>);

impl BodyStream {
    pub(crate) fn new(stream: StreamedBody) -> Self {
        Self(Arc::new(Mutex::new(Some(stream))))
    }

    pub(crate) fn take(&self) -> Option<StreamedBody> {
        self.0.lock().take()
    }
}
