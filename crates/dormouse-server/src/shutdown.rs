//! One word to every thread: stop.

use std::sync::Arc;
use tokio::sync::watch;

/// A request to stop that any thread can make and every listener waits for.
#[derive(Clone, Debug)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Shutdown {
    /// A shutdown that was not requested yet.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Requests it.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Waits until it is requested.
    pub async fn requested(&self) {
        // The sender lives as long as `self`, so that waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|requested| *requested).await;
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}
