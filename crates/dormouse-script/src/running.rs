//! One run as its thread, the watchdog and the caller share it.

use crate::error::ScriptError;
use crate::question::{Answer, Event, Question};
use crate::script::Script;
use crate::scripts::Stage;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// A run, from the moment it is asked for.
pub(crate) struct Running {
    pub(crate) script: Arc<Script>,
    pub(crate) stage: Stage,
    events: UnboundedSender<Event>,
    /// Whether the end was told: by the thread, or by whoever gave up waiting for it.
    ended: AtomicBool,
    /// Whether the interrupt handler stopped the script.
    interrupted: AtomicBool,
    time: Mutex<Time>,
}

#[derive(Clone, Copy)]
struct Time {
    queued_at: Instant,
    /// When the time limit is over. Absent before the script starts and while it waits for an answer.
    deadline: Option<Instant>,
}

impl Running {
    pub(crate) fn new(script: Arc<Script>, stage: Stage, events: UnboundedSender<Event>) -> Self {
        let time = Mutex::new(Time { queued_at: now(), deadline: None });
        let (ended, interrupted) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { script, stage, events, ended, interrupted, time }
    }

    /// How long it has been waiting for a thread.
    pub(crate) fn waited(&self) -> Duration {
        now().duration_since(self.time.lock().queued_at)
    }

    /// The time limit begins to run.
    pub(crate) fn begin(&self) {
        self.time.lock().deadline = Some(now() + self.script.time_limit());
    }

    /// Whether the time limit was over so long ago.
    pub(crate) fn is_late_by(&self, grace: Duration) -> bool {
        self.time.lock().deadline.is_some_and(|deadline| now() >= deadline + grace)
    }

    /// Whether nobody waits for the result, or the time limit is over. What the interrupt handler asks.
    pub(crate) fn must_stop(&self) -> bool {
        let stop = self.is_late_by(Duration::ZERO) || self.events.is_closed() || self.has_ended();
        if stop {
            self.interrupted.store(true, Ordering::Relaxed);
        }
        stop
    }

    /// Tells the end, once. Whether this call did.
    pub(crate) fn end(&self, result: Result<(), ScriptError>) -> bool {
        let first = !self.ended.swap(true, Ordering::AcqRel);
        if first {
            // Nobody listens when the request was given up.
            drop(self.events.send(Event::End(result)));
        }
        first
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub(crate) fn was_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Whether the script computes, and does not wait for an answer.
    pub(crate) fn is_computing(&self) -> bool {
        self.time.lock().deadline.is_some()
    }

    /// Tells something that needs no answer.
    pub(crate) fn tell(&self, question: Question) {
        if !self.has_ended() {
            drop(self.events.send(Event::Question(question)));
        }
    }

    /// Asks and waits. The time limit rests meanwhile, for the script cannot help how long others take. `None`: there
    /// will be no answer, and the script has to stop.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(Answer<T>) -> Question) -> Option<T> {
        if self.must_stop() {
            return None;
        }
        let left = self.time.lock().deadline.take().map(|deadline| deadline.saturating_duration_since(now()));
        let (sender, receiver) = sync_channel(1);
        self.tell(question(Answer(sender)));
        let answer = receiver.recv_timeout(ANSWER_TIME_MAX).ok();
        self.time.lock().deadline = left.map(|left| now() + left);
        if answer.is_none() {
            self.interrupted.store(true, Ordering::Relaxed);
        }
        answer
    }
}

/// Scripts are limited in real time; a clock that a test or an operator moves would not stop an endless loop.
#[expect(
    clippy::disallowed_methods,
    reason = "a limit on computing is about real time, not about the time of requests"
)]
fn now() -> Instant {
    Instant::now()
}

/// Longer than any exchange may take.
const ANSWER_TIME_MAX: Duration = Duration::from_mins(5);
