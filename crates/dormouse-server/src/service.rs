//! What all listeners share.

use crate::metrics::Metrics;
use dormouse_engine::Engine;
use dormouse_gateway::Program;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The running service.
pub struct Service {
    /// The token engine.
    pub engine: Arc<Engine>,
    /// The compiled bundles.
    pub program: Program,
    pub(crate) metrics: Metrics,
    ready: AtomicBool,
}

impl Service {
    /// A service that is not ready yet.
    pub fn new(engine: Arc<Engine>, program: Program) -> Self {
        Self { engine, program, metrics: Metrics::new(), ready: AtomicBool::new(false) }
    }

    /// States that every listener serves.
    pub(crate) fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }

    /// Whether it serves, and the store was not found rolled back.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire) && !self.engine.is_rolled_back()
    }
}
