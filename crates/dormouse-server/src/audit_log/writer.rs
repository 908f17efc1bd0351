//! The thread that writes: folds repeats, syncs once a second, and at once for whoever waits.

use super::Record;
use super::counts::AuditCounts;
use super::file::LogFile;
use dormouse_token::{Clock, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tokio::sync::oneshot;

/// A line to write.
pub(super) struct Entry {
    pub(super) record: Record,
    /// Who waits until it is on the disk.
    pub(super) done: Option<oneshot::Sender<()>>,
}

/// Repeats that are not written yet.
struct Repeats {
    since: Duration,
    last: Option<(Record, Timestamp)>,
    count: u64,
}

pub(super) struct Writer {
    file: LogFile,
    clock: Arc<dyn Clock>,
    counts: Arc<AuditCounts>,
    folded: HashMap<String, Repeats>,
    synced: Duration,
    is_dirty: bool,
}

impl Entry {
    pub(super) const fn of(record: Record) -> Self {
        Self { record, done: None }
    }
}

impl Writer {
    pub(super) fn new(file: LogFile, clock: Arc<dyn Clock>, counts: Arc<AuditCounts>) -> Self {
        let synced = clock.monotonic();
        Self { file, clock, counts, folded: HashMap::new(), synced, is_dirty: false }
    }

    /// Writes until nobody can send any more.
    pub(super) fn run(mut self, entries: &Receiver<Entry>) {
        loop {
            match entries.recv_timeout(EVERY) {
                Ok(entry) => self.take(entry),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let now = self.clock.monotonic();
            if now.saturating_sub(self.synced) >= EVERY {
                self.synced = now;
                self.unfold(|since| now.saturating_sub(since) >= FOLDED_FOR);
                self.sync();
            }
        }
        self.unfold(|_| true);
        self.sync();
    }

    fn take(&mut self, entry: Entry) {
        let now = self.clock.now();
        if let Some(key) = entry.record.fold.clone() {
            let since = self.clock.monotonic();
            // Where too many are folded already, the rest of them is told together.
            let has_room = self.folded.len() < FOLDED_MAX || self.folded.contains_key(&key);
            let key = if has_room { key } else { String::new() };
            if let Some(repeats) = self.folded.get_mut(&key) {
                repeats.count += 1;
                repeats.last = Some((entry.record, now));
                return;
            }
            self.folded.insert(key, Repeats { since, last: None, count: 0 });
        }
        self.write(&entry.record, now, 1);
        if let Some(done) = entry.done {
            self.sync();
            // Nobody waits any more when the connection broke.
            let _ = done.send(());
        }
    }

    /// Writes the repeats of windows that are over. One that had none is forgotten; another begins anew.
    fn unfold(&mut self, is_over: impl Fn(Duration) -> bool) {
        let mut over = Vec::new();
        let now = self.clock.monotonic();
        self.folded.retain(|_, repeats| {
            if !is_over(repeats.since) {
                return true;
            }
            let last = repeats.last.take();
            let goes_on = last.is_some();
            over.extend(last.map(|(record, at)| (record, at, repeats.count)));
            (repeats.since, repeats.count) = (now, 0);
            goes_on
        });
        for (record, at, count) in over {
            self.write(&record, at, count);
        }
    }

    fn write(&mut self, record: &Record, at: Timestamp, count: u64) {
        let lost = self.counts.untold();
        let line = record.line(&(self.file.settings.format_time)(at), count, lost);
        match self.file.append(&line) {
            Ok(()) => {
                self.counts.tell(lost);
                self.is_dirty = true;
            }
            Err(error) => self.failed(&error, count),
        }
    }

    fn sync(&mut self) {
        if std::mem::take(&mut self.is_dirty)
            && let Err(error) = self.file.sync()
        {
            tracing::error!(%error, "the audit log could not be synced");
        }
    }

    fn failed(&self, error: &std::io::Error, count: u64) {
        for _ in 0..count {
            self.counts.lose();
        }
        tracing::error!(%error, "a line of the audit log could not be written");
    }
}

const EVERY: Duration = Duration::from_secs(1);

/// Repeats of one family are one line in so long.
const FOLDED_FOR: Duration = Duration::from_mins(1);

/// Families and addresses that are folded each by itself.
const FOLDED_MAX: usize = 16_384;
