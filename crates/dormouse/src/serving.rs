//! From a backend and bundles to a running server: what `run` does, in the order in which it can fail.

use crate::data::Backend;
use crate::exit::{Failure, OrFailure as _};
use dormouse_bundle::{Bundle, Problem};
use dormouse_engine::{Engine, Settings};
use dormouse_flow::Host;
use dormouse_gateway::{Program, compile};
use dormouse_policy::Platform;
use std::sync::Arc;

/// The node of a backend.
pub(crate) async fn engine(backend: Backend, organization: &str) -> Result<Arc<Engine>, Failure> {
    let Backend { store, roots, clock, entropy } = backend;
    Engine::start(store, roots, organization, (clock, entropy), Settings::default()).await.or_refused()
}

/// Compiles bundles for an environment.
pub(crate) fn program(
    engine: &Arc<Engine>,
    bundles: &[Bundle],
    environment: &str,
    platform: Platform,
) -> (Program, Vec<Problem>) {
    let host = Host {
        clock: Arc::clone(engine.clock()),
        entropy: Arc::clone(engine.entropy()),
        organization: engine.organization().into(),
        environment: environment.into(),
        time_zone: jiff::tz::TimeZone::system(),
        property_sets: dormouse_flow::PropertySets::default(),
        engine: Arc::clone(engine),
    };
    compile(bundles, &dormouse_gateway::Settings { host: Arc::new(host), platform })
}
