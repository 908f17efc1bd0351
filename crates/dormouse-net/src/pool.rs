//! Connections that wait for their next request, by thread: a connection belongs to the runtime that made it, and
//! threads that share nothing wait for nobody.

use crate::stream::Stream;
use dormouse_flow::Destination;
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// Takes a connection to a server out of this thread's pool, the one that was used last.
pub(crate) fn take(destination: &Destination) -> Option<Stream> {
    let now = Instant::now();
    loop {
        let idle = POOL.with_borrow_mut(|pool| pool.idle.get_mut(destination)?.pop())?;
        let mut stream = idle.stream;
        if now < idle.until && stream.is_quiet() {
            return Some(stream);
        }
    }
}

/// Keeps a connection for at most `time_max`.
pub(crate) fn put(destination: Destination, stream: Stream, time_max: Duration) {
    let until = Instant::now() + time_max;
    let needs_sweeper = POOL.with_borrow_mut(|pool| {
        let idle = pool.idle.entry(destination).or_default();
        if idle.len() < IDLE_PER_DESTINATION_MAX {
            idle.push(Idle { stream, until });
        }
        !std::mem::replace(&mut pool.is_swept, true)
    });
    if needs_sweeper {
        tokio::spawn(sweep(Sweeper));
    }
}

/// The idle connections of a thread.
#[derive(Default)]
struct Pool {
    idle: HashMap<Destination, Vec<Idle>>,
    /// Whether a task closes what nobody uses.
    is_swept: bool,
}

struct Idle {
    stream: Stream,
    until: Instant,
}

/// Empties the pool when the sweeping ends because its runtime does: the connections end with it.
struct Sweeper;

impl Drop for Sweeper {
    fn drop(&mut self) {
        // The thread's storage may be gone by then, and the connections with it.
        let _ = POOL.try_with(|pool| pool.try_borrow_mut().map(|mut pool| std::mem::take(&mut *pool)));
    }
}

/// Closes what expired or was closed by its server, until nothing is left.
async fn sweep(sweeper: Sweeper) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let now = Instant::now();
        let is_empty = POOL.with_borrow_mut(|pool| {
            pool.idle.retain(|_, connections| {
                connections.retain_mut(|idle| now < idle.until && idle.stream.is_quiet());
                !connections.is_empty()
            });
            pool.idle.is_empty()
        });
        if is_empty {
            return drop(sweeper);
        }
    }
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// More than a worker has open to one server in practice; bounds descriptors.
const IDLE_PER_DESTINATION_MAX: usize = 256;

const SWEEP_EVERY: Duration = Duration::from_secs(5);
