//! Loads fixtures, compiles them, and sends requests without sockets.

use bytes::Bytes;
use dormouse_bundle::{Bundle, BundleSource, Problem};
use dormouse_engine::Engine;
use dormouse_flow::{Arrival, Host, HttpClient};
use dormouse_gateway::{Program, Reply, Settings, compile};
use dormouse_policy::Platform;
use dormouse_store::MemoryStore;
use dormouse_token::{Clock, Entropy, ManualClock, Root, SeededEntropy, Timestamp};
use std::sync::Arc;

/// Bundles of `fixtures/bundles`.
pub(crate) fn load(names: &[&str]) -> Vec<Bundle> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/bundles");
    let load = |name: &&str| {
        let source = BundleSource::parse(&format!("{root}/{name}")).expect("a source");
        dormouse_bundle::load(&source).0
    };
    names.iter().flat_map(load).collect()
}

pub(crate) fn program(names: &[&str]) -> (Program, Vec<Problem>) {
    program_on(names, Arc::new(ManualClock::at(NOW)))
}

/// A program whose time the test moves.
pub(crate) fn program_on(names: &[&str], clock: Arc<dyn Clock>) -> (Program, Vec<Problem>) {
    program_with(names, clock, Arc::new(dormouse_flow::Offline))
}

/// A program that may use the network.
pub(crate) fn networked(names: &[&str]) -> (Program, Vec<Problem>) {
    program_with(names, Arc::new(ManualClock::at(NOW)), Arc::new(dormouse_net::Client::default()))
}

fn program_with(
    names: &[&str],
    clock: Arc<dyn Clock>,
    http_client: Arc<dyn HttpClient>,
) -> (Program, Vec<Problem>) {
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
    let host = Host {
        engine: engine(&clock, &entropy),
        clock,
        entropy,
        http_client,
        quota_counters: Arc::default(),
        node_state: Arc::default(),
        organization: "local".into(),
        environment: "test".into(),
        time_zone: jiff::tz::TimeZone::UTC,
        property_sets: dormouse_flow::PropertySets::default(),
    };
    compile(&load(names), &Settings { host: Arc::new(host), platform: Platform::X })
}

fn engine(clock: &Arc<dyn Clock>, entropy: &Arc<dyn Entropy>) -> Arc<Engine> {
    let store = Arc::new(MemoryStore::new(Arc::clone(clock), &**entropy));
    let root = Root::new([7; 32]);
    let sealing = root.id();
    let parts = (Arc::clone(clock), Arc::clone(entropy));
    block_on(Engine::start(
        store,
        (vec![root], sealing),
        "local",
        parts,
        dormouse_engine::Settings::default(),
    ))
    .expect("an engine")
}

/// Sends a request: `VERB URI`, headers, body.
pub(crate) fn send(program: &Program, line: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let (verb, uri) = line.split_once(' ').expect("verb and URI");
    let mut request = http::Request::builder().method(verb).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request");
    block_on(program.handle(request, arrival()))
}

pub(crate) fn get(program: &Program, uri: &str) -> Reply {
    send(program, &format!("GET {uri}"), &[], "")
}

pub(crate) fn arrival() -> Arrival {
    let client = "192.0.2.7:4711".parse().expect("an address");
    Arrival { client, secure: false, started_at: NOW, ended_at: NOW }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

pub(crate) fn status(reply: &Reply) -> u16 {
    reply.response.status().as_u16()
}

pub(crate) fn body(reply: &Reply) -> String {
    String::from_utf8_lossy(reply.response.body()).into_owned()
}

/// The values of a header, joined with `, `.
pub(crate) fn header(reply: &Reply, name: &str) -> Option<String> {
    let values: Vec<_> =
        reply.response.headers().get_all(name).iter().map(|value| value.to_str().expect("text")).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_377_112_607_413);
