//! The one thread that writes (TOKENS §6, §7): it evaluates what is waiting against one transaction, commits once,
//! durably, publishes, and only then acknowledges.
//!
//! What arrives during a commit waits for the next one, so that throughput grows with concurrency, and a lone caller
//! waits for nobody. A failed commit is never tried again: pages whose write-back failed may count as written from then
//! on, so only a new process that reads what is on the disk can tell what has survived.

use crate::batch::{Batch, Finished};
use crate::feed::RecentChanges;
use crate::job::Job;
use crate::mark::MarkFile;
use crate::redb_tables::OpenTables;
use crate::shred::{self, Raw};
use crate::state::State;
use crate::tables::Failure;
use dormouse_token::{Clock, StoreError};
use redb::Database;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What the writer shares with the readers of a store.
pub(crate) struct Shared {
    pub(crate) recent: RecentChanges,
    /// Why the store has stopped, once it has.
    pub(crate) stopped: OnceLock<Box<str>>,
}

impl Shared {
    /// From now on nothing is served. The first reason stays.
    fn stop(&self, fatal: &StoreError) {
        let _ = self.stopped.set(format!("it has stopped after an error: {fatal}").into());
    }

    /// The error of a store that has stopped.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.stopped.get().map_or(Ok(()), |reason| Err(StoreError::Unavailable(reason.clone())))
    }
}

/// Called once when the store has stopped for good: the process must end, and be started again.
pub type OnFatal = Box<dyn FnOnce(&StoreError) + Send>;

/// The writer's side of a store.
pub(crate) struct Writer {
    pub(crate) database: Arc<Database>,
    pub(crate) jobs: Receiver<Box<dyn Job>>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) state: State,
    pub(crate) raw: Raw,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) mark: Option<MarkFile>,
    pub(crate) on_fatal: OnFatal,
}

impl Writer {
    /// Serves until every sender is gone, or the medium fails.
    pub(crate) fn run(mut self) {
        let ended = catch_unwind(AssertUnwindSafe(|| self.serve()));
        let fatal = match ended {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            // Whoever waits for the batch that was open learns from the dropped reply that its outcome is unknown.
            Err(_) => {
                StoreError::OutcomeUnknown("the writer has failed; the store's file may be damaged".into())
            }
        };
        self.shared.stop(&fatal);
        tracing::error!(error = %fatal, "the store has stopped");
        for job in self.jobs.try_iter() {
            job.answer(self.shared.check());
        }
        (self.on_fatal)(&fatal);
    }

    fn serve(&mut self) -> Result<(), StoreError> {
        let mut size = 0;
        while let Ok(first) = self.jobs.recv() {
            let mut jobs = vec![first];
            let committed = self.write(&mut jobs, size).and_then(|finished| self.shred(finished));
            size = jobs.len();
            let answer = match committed {
                Ok(finished) => {
                    self.state = finished.state;
                    self.shared.recent.publish(finished.state, finished.changes);
                    Ok(())
                }
                Err(error) => {
                    self.shared.stop(&error);
                    Err(error)
                }
            };
            for job in jobs {
                job.answer(answer.clone());
            }
            answer?;
            self.write_mark(MARK_EVERY);
        }
        // A clean end leaves a mark that names the last commit.
        self.write_mark(Duration::ZERO);
        Ok(())
    }

    /// Evaluates the jobs and whatever else arrives meanwhile, and commits. Before the commit begins, nothing can have been
    /// applied: redb writes pages that no root on the disk leads to. From then on nobody knows.
    fn write(&self, jobs: &mut Vec<Box<dyn Job>>, last_size: usize) -> Result<Finished, StoreError> {
        let transaction = self.database.begin_write().map_err(|error| not_applied(&error))?;
        let mut tables = OpenTables::new(&transaction);
        let mut batch = Batch::new(&mut tables, self.state, self.clock.now());
        let mut evaluated = 0;
        while let Some(job) = jobs.get_mut(evaluated) {
            job.evaluate(&mut batch).map_err(|failure| not_applied(&failure))?;
            evaluated += 1;
            if evaluated == jobs.len() && evaluated < BATCH_MAX {
                jobs.extend(self.next(evaluated, last_size));
            }
        }
        let finished = batch.finish().map_err(|failure| not_applied(&failure))?;
        drop(tables);
        if finished.is_dirty {
            transaction.commit().map_err(|error| StoreError::OutcomeUnknown(error.to_string().into()))?;
        } else {
            transaction.abort().map_err(|error| not_applied(&error))?;
        }
        Ok(finished)
    }

    /// Destroys what the batch has removed for good. Where that fails, the change is durable and its keys are still there:
    /// the next start tries again.
    fn shred(&self, finished: Finished) -> Result<Finished, StoreError> {
        if !finished.must_shred {
            return Ok(finished);
        }
        let failed = |failure: Failure| StoreError::OutcomeUnknown(failure.to_string().into());
        let state = shred::finish(&self.database, &self.raw, finished.state).map_err(failed)?;
        Ok(Finished { state, ..finished })
    }

    /// Another job for the open batch, if one is there, or will be in a moment.
    ///
    /// Callers who were answered together come back together: after a batch of many it pays to wait for the next of them
    /// for a fraction of what a commit takes. After a batch of one there is nobody to wait for.
    fn next(&self, evaluated: usize, last_size: usize) -> Option<Box<dyn Job>> {
        if evaluated < last_size {
            return self.jobs.recv_timeout(GATHERING).ok();
        }
        self.jobs.try_recv().ok()
    }

    /// Writes the mark if it is old enough and there is something new. What is committed is durable, so the mark never runs
    /// ahead. A mark that cannot be written weakens the detection of a store that was put back, and nothing else.
    fn write_mark(&mut self, every: Duration) {
        let Some(mark) = &mut self.mark else {
            return;
        };
        if let Err(error) = mark.write_if_due(self.state.commits, self.clock.monotonic(), every) {
            tracing::warn!(%error, "the mark of the store cannot be written; it will be tried again");
        }
    }
}

fn not_applied(error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unavailable(error.to_string().into())
}

/// Bounds how long the first of a batch waits for the evaluation of the others.
const BATCH_MAX: usize = 1024;

/// How long an open batch waits for the next of those who were answered together: much less than an fsync takes.
const GATHERING: Duration = Duration::from_micros(50);

const MARK_EVERY: Duration = Duration::from_secs(3);
