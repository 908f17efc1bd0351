//! The threads: as many as there are processors, more while scripts wait or take long, and a watchdog that answers for
//! those that do not stop. A thread that was answered for is retired: it takes no further script and ends when it can.

use crate::engine::Engine;
use crate::error::ScriptError;
use crate::running::Running;
use crate::scripts::Limits;
use parking_lot::{Condvar, Mutex};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Threads and the runs that wait for them.
pub(crate) struct Pool {
    pub(crate) limits: Limits,
    state: Mutex<State>,
    /// A run waits, or the pool is closed.
    work: Condvar,
    /// There is something to watch.
    watch: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Arc<Running>>,
    /// Threads that wait for a run.
    idle: usize,
    /// Threads that are not retired.
    threads: usize,
    /// What each thread runs, by its number.
    running: HashMap<u64, Arc<Running>>,
    last_number: u64,
    has_watchdog: bool,
    is_closed: bool,
}

impl Pool {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::default(), work: Condvar::new(), watch: Condvar::new() }
    }

    /// Gives a run to the next thread.
    pub(crate) fn submit(self: &Arc<Self>, running: Arc<Running>) {
        let mut state = self.state.lock();
        state.queue.push_back(running);
        if state.idle < state.queue.len() && state.threads < self.limits.threads.max(1) {
            self.start_thread(&mut state);
        }
        if !state.has_watchdog {
            let pool = Arc::clone(self);
            let watchdog = std::thread::Builder::new().name("script-watchdog".into());
            state.has_watchdog = watchdog.spawn(move || pool.keep_watch()).is_ok();
        }
        drop(state);
        self.work.notify_one();
        self.watch.notify_one();
    }

    /// Ends all threads as soon as they are free.
    pub(crate) fn close(&self) {
        self.state.lock().is_closed = true;
        self.work.notify_all();
        self.watch.notify_all();
    }

    fn start_thread(self: &Arc<Self>, state: &mut State) {
        let pool = Arc::clone(self);
        state.last_number += 1;
        let number = state.last_number;
        let builder = std::thread::Builder::new().name("script".into());
        // The engine checks its stack only now and then, hence the room beside it.
        let builder = builder.stack_size(self.limits.stack_bytes_max + STACK_RESERVE);
        if builder.spawn(move || pool.serve(number)).is_ok() {
            state.threads += 1;
        }
    }

    /// The life of a thread.
    fn serve(self: Arc<Self>, number: u64) {
        yield_to_requests();
        let mut leave = Leave { pool: &self, number, is_retired: false };
        let Some(mut engine) = Engine::new(&self.limits) else { return };
        while let Some(running) = self.take(number) {
            let result = engine.run(&running);
            let in_time = running.end(result);
            self.state.lock().running.remove(&number);
            if !in_time {
                running.script.stuck.fetch_sub(1, Ordering::Relaxed);
                leave.is_retired = true;
                return;
            }
            engine.prepare();
        }
    }

    /// The next run; `None` when the thread is not needed any more.
    fn take(&self, number: u64) -> Option<Arc<Running>> {
        let mut state = self.state.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(running) = state.queue.pop_front() {
                running.begin();
                state.running.insert(number, Arc::clone(&running));
                return Some(running);
            }
            state.idle += 1;
            let timed_out = self.work.wait_for(&mut state, IDLE_TIME_MAX).timed_out();
            state.idle -= 1;
            if timed_out && state.queue.is_empty() && state.threads > self.limits.threads {
                return None;
            }
        }
    }

    /// The life of the watchdog. It sleeps while no script runs.
    fn keep_watch(self: Arc<Self>) {
        let mut state = self.state.lock();
        while !state.is_closed {
            if state.queue.is_empty() && state.running.is_empty() {
                self.watch.wait(&mut state);
            } else {
                self.watch.wait_for(&mut state, TICK);
            }
            self.answer_for_late(&mut state);
            self.relieve(&mut state);
        }
    }

    /// Answers for scripts that do not stop, and retires their threads.
    fn answer_for_late(&self, state: &mut State) {
        let late: Vec<_> = state
            .running
            .iter()
            .filter(|(_, running)| running.is_late_by(self.limits.grace))
            .map(|(number, running)| (*number, Arc::clone(running)))
            .collect();
        for (number, running) in late {
            running.script.stuck.fetch_add(1, Ordering::Relaxed);
            if running.end(Err(ScriptError::TimeLimit(running.script.time_limit()))) {
                state.running.remove(&number);
                state.threads -= 1;
            } else {
                running.script.stuck.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// Starts a thread when the first run in the queue has waited for a while, and refuses runs that waited too long.
    fn relieve(self: &Arc<Self>, state: &mut State) {
        while state.queue.front().is_some_and(|running| running.waited() > self.limits.queue_time_max) {
            if let Some(running) = state.queue.pop_front() {
                running.end(Err(ScriptError::Busy));
            }
        }
        let waits = state.queue.front().is_some_and(|running| running.waited() >= PATIENCE);
        let computing = state.running.values().filter(|running| running.is_computing()).count();
        let may_grow = state.threads < self.limits.threads_max && computing < self.limits.computing_max;
        if waits && state.idle == 0 && may_grow {
            self.start_thread(state);
        }
    }
}

/// Takes a thread off the books, also when it panics.
struct Leave<'a> {
    pool: &'a Pool,
    number: u64,
    /// The watchdog took it off already.
    is_retired: bool,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock();
        state.running.remove(&self.number);
        if !self.is_retired {
            state.threads -= 1;
        }
    }
}

/// Threads that serve requests go first when processors are scarce: they need little, and scripts may need all there is.
#[cfg(target_os = "linux")]
fn yield_to_requests() {
    // Of this thread alone, as Linux has it. Refused in some sandboxes, where scripts then compete on equal terms.
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

/// Elsewhere a process has one priority for all its threads.
#[cfg(not(target_os = "linux"))]
fn yield_to_requests() {}

/// About a tenth of a usual thread's share while both want a processor.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;
/// How often the watchdog looks while scripts run.
const TICK: Duration = Duration::from_millis(10);
/// How long a run waits before it gets a thread of its own.
const PATIENCE: Duration = Duration::from_millis(10);
/// How long a thread above the usual number waits for work.
const IDLE_TIME_MAX: Duration = Duration::from_secs(10);
/// Stack for everything that is not the script.
const STACK_RESERVE: usize = 1024 * 1024;
