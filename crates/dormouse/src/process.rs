//! The real clock, the real randomness and the signals of a process. Everything else takes them as parameters.

use dormouse_server::Shutdown;
use dormouse_token::{Clock, Entropy, Timestamp};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::{Duration, Instant, SystemTime};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The system's clocks.
pub(crate) struct SystemClock {
    started: Instant,
}

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the ambient clock becomes a parameter")]
    pub(crate) fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the ambient clock becomes a parameter")]
    fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The system's cryptographic random numbers.
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is where ambient randomness becomes a parameter")]
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            // Without randomness every key and token would be guessable: stop at once.
            tracing::error!("the system gives no random numbers");
            std::process::abort();
        }
    }
}

/// Raises the limit of open files to what the system allows this process: each connection is one.
pub(crate) fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    // What the system refuses stays as it is: the listeners wait when files run out.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Requests a shutdown at SIGTERM or SIGINT; a second signal ends the process at once. When it returns, no signal is missed.
pub(crate) fn stop_on_signals(shutdown: &Shutdown) -> std::io::Result<()> {
    let shutdown = shutdown.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut terminate, mut interrupt) = {
        let _entered = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            wait_for_either(&mut terminate, &mut interrupt).await;
            shutdown.request();
            wait_for_either(&mut terminate, &mut interrupt).await;
            std::process::exit(130);
        });
    })?;
    Ok(())
}

async fn wait_for_either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
