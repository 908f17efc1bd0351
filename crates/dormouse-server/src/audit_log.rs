//! The audit log: who administered, revoked and replayed what, as JSON lines in an append-only file within a disk budget.
//!
//! One thread writes. Administration waits for its line; everything else goes on at once, and what does not fit into the
//! queue is counted and told in the next line. A disk that fails stops nothing.

mod actor;
mod counts;
mod events;
mod file;
mod record;
mod writer;

pub use actor::Actor;
pub use file::AuditLogSettings;
pub use record::Record;

pub(crate) use actor::{acting, current};

use counts::AuditCounts;
use dormouse_token::Clock;
use file::LogFile;
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use writer::{Entry, Writer};

/// An open audit log.
pub struct AuditLog {
    queue: Mutex<Option<SyncSender<Entry>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    counts: Arc<AuditCounts>,
}

impl AuditLog {
    /// Opens the file, makes it where there is none, and starts the thread that writes.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(settings: AuditLogSettings, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let counts = Arc::new(AuditCounts::default());
        let (queue, entries) = sync_channel(QUEUE);
        let writer = Writer::new(LogFile::open(settings)?, clock, Arc::clone(&counts));
        let thread = std::thread::Builder::new().name("audit-log".to_owned());
        let thread = thread.spawn(move || writer.run(&entries))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)), counts })
    }

    /// Writes a line soon. Never waits.
    pub fn note(&self, record: Record) {
        self.send(Entry::of(record));
    }

    /// Writes a line and waits until it is on the disk, or cannot be put there.
    pub async fn record(&self, record: Record) {
        let (done, written) = oneshot::channel();
        self.send(Entry { done: Some(done), ..Entry::of(record) });
        // Without an answer the line was lost, which is counted: the act itself is done.
        let _ = written.await;
    }

    /// Writes what is queued and folded, and ends.
    pub fn close(&self) {
        drop(self.queue.lock().take());
        if let Some(thread) = self.thread.lock().take() {
            let _ = thread.join();
        }
    }

    pub(crate) fn counts(&self) -> &AuditCounts {
        &self.counts
    }

    fn send(&self, entry: Entry) {
        let sent = self.queue.lock().as_ref().is_some_and(|queue| queue.try_send(entry).is_ok());
        if !sent {
            self.counts.lose();
        }
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        self.close();
    }
}

/// Lines that wait for the disk: some seconds of an attack.
const QUEUE: usize = 4096;
