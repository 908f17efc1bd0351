//! How many lines were lost, and how many of those a later line has told.

use std::sync::atomic::{AtomicU64, Ordering};

/// Lines that the audit log lost, for want of room in its queue or on its disk.
#[derive(Debug, Default)]
pub(crate) struct AuditCounts {
    lost: AtomicU64,
    told: AtomicU64,
}

impl AuditCounts {
    pub(crate) fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Losses that no line has told of yet.
    pub(crate) fn untold(&self) -> u64 {
        self.lost().saturating_sub(self.told.load(Ordering::Relaxed))
    }

    pub(crate) fn tell(&self, lost: u64) {
        self.told.fetch_add(lost, Ordering::Relaxed);
    }
}
