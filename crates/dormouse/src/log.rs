//! Logs: to standard error, as text on a terminal and as JSON lines elsewhere. Dependencies never log below `info`.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging. `DORMOUSE_LOG` sets the level of our own crates, such as `debug` or `dormouse_engine=trace`.
pub(crate) fn start() {
    let own = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .with_env_var("DORMOUSE_LOG")
        .from_env_lossy();
    // What a dependency prints at debug may be a header or a body.
    let dependencies =
        Targets::new().with_default(LevelFilter::INFO).with_target("dormouse", LevelFilter::TRACE);
    let registry = tracing_subscriber::registry().with(own).with(dependencies);
    let format = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // A subscriber that is there already is a test's, and stays.
    let _ = if std::io::stderr().is_terminal() {
        registry.with(format.with_target(false)).try_init()
    } else {
        registry.with(format.json().flatten_event(true)).try_init()
    };
}
