//! The handle through which scripts are run.

use crate::error::ScriptError;
use crate::pool::Pool;
use crate::question::Event;
use crate::running::Running;
use crate::script::Script;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Threads that run scripts. They start when the first script runs and end when the last handle is dropped.
#[derive(Clone)]
pub struct Scripts(Arc<Handle>);

/// Bounds on scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Threads that are kept; one per processor is enough for scripts that only compute.
    pub threads: usize,
    /// Threads that compute at the same time, when scripts take so long that others have to wait.
    pub computing_max: usize,
    /// All threads, those that wait for answers included.
    pub threads_max: usize,
    /// Bytes that one script may allocate.
    pub memory_bytes_max: usize,
    /// Bytes of stack of one script.
    pub stack_bytes_max: usize,
    /// How long a script may wait for a thread.
    pub queue_time_max: Duration,
    /// How long after its time limit a script is answered for that does not stop.
    pub grace: Duration,
    /// Threads that did not stop, for one script. A further run of it is then refused until one of them ends.
    pub stuck_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            threads,
            computing_max: threads.saturating_mul(4).clamp(8, 32),
            threads_max: 512,
            memory_bytes_max: 64 * 1024 * 1024,
            stack_bytes_max: 512 * 1024,
            queue_time_max: Duration::from_secs(10),
            grace: Duration::from_millis(250),
            stuck_max: 2,
        }
    }
}

/// In which flow a script runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// The value of `context.flow`.
    pub flow: &'static str,
    /// The variable that `response` stands for.
    pub response: &'static str,
    /// Milliseconds by which the gateway's clock is ahead of the system's.
    pub clock_offset_ms: i64,
}

/// A run in progress. Dropping it stops the script.
pub struct Run(UnboundedReceiver<Event>);

struct Handle(Arc<Pool>);

impl Scripts {
    /// A handle with threads of its own; none is started yet.
    pub fn new(limits: Limits) -> Self {
        Self(Arc::new(Handle(Arc::new(Pool::new(limits)))))
    }

    /// Runs a script. The caller takes the events until the end.
    pub fn run(&self, script: &Arc<Script>, stage: Stage) -> Run {
        let (sender, receiver) = unbounded_channel();
        let running = Arc::new(Running::new(Arc::clone(script), stage, sender));
        if script.stuck.load(Ordering::Relaxed) >= self.0.0.limits.stuck_max {
            running.end(Err(ScriptError::Stuck));
        } else {
            self.0.0.submit(running);
        }
        Run(receiver)
    }
}

impl Default for Scripts {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Run {
    /// The next event.
    pub async fn next(&mut self) -> Event {
        self.0.recv().await.unwrap_or(Event::End(Err(ScriptError::Lost)))
    }
}
