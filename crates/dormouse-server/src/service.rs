//! What all listeners share.

use crate::audit_log::{AuditLog, Record};
use crate::metrics::Metrics;
use dormouse_engine::Engine;
use dormouse_gateway::Program;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// The running service.
pub struct Service {
    /// The token engine.
    pub engine: Arc<Engine>,
    /// The compiled bundles.
    pub program: Program,
    pub(crate) metrics: Metrics,
    audit_log: Arc<OnceLock<Arc<AuditLog>>>,
    ready: AtomicBool,
}

impl Service {
    /// A service that is not ready yet.
    pub fn new(engine: Arc<Engine>, program: Program) -> Self {
        let (metrics, audit_log) = (Metrics::new(), Arc::<OnceLock<Arc<AuditLog>>>::default());
        let (events, log) = (metrics.token_events(), Arc::clone(&audit_log));
        engine.observe(Box::new(move |event| {
            events.count(event);
            if let Some(log) = log.get() {
                log.note(Record::of(event));
            }
        }));
        Self { engine, program, metrics, audit_log, ready: AtomicBool::new(false) }
    }

    /// Writes what is administered, revoked and replayed into a log from now on.
    #[must_use]
    pub fn with_audit_log(self, log: AuditLog) -> Self {
        // A second log would have no lines to itself: the first one stays.
        let _ = self.audit_log.set(Arc::new(log));
        self
    }

    pub(crate) fn audit_log(&self) -> Option<&Arc<AuditLog>> {
        self.audit_log.get()
    }

    /// Writes what the audit log still holds back. Nothing is logged afterwards.
    pub fn close_audit_log(&self) {
        if let Some(log) = self.audit_log() {
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
