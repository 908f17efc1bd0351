//! What all listeners share.

use crate::audit_log::{AuditLog, Record};
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
    pub(crate) audit_log: Option<Arc<AuditLog>>,
    ready: AtomicBool,
}

impl Service {
    /// A service that is not ready yet.
    pub fn new(engine: Arc<Engine>, program: Program) -> Self {
        Self { engine, program, metrics: Metrics::new(), audit_log: None, ready: AtomicBool::new(false) }
    }

    /// Writes what is administered, revoked and replayed into a log from now on.
    #[must_use]
    pub fn with_audit_log(self, log: AuditLog) -> Self {
        let log = Arc::new(log);
        let told = Arc::clone(&log);
        self.engine.observe(Box::new(move |event| told.note(Record::of(event))));
        Self { audit_log: Some(log), ..self }
    }

    /// Writes what the audit log still holds back. Nothing is logged afterwards.
    pub fn close_audit_log(&self) {
        if let Some(log) = &self.audit_log {
            log.close();
        }
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
