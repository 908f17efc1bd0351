//! Transactions for the tests of this crate.

use crate::{Arrival, Deployment, Host, Message, Transaction};
use dormouse_engine::{Engine, Settings};
use dormouse_store::MemoryStore;
use dormouse_token::{Clock, Entropy, ManualClock, Root, SeededEntropy, Timestamp};
use std::sync::Arc;

/// A transaction of proxy `orders`, at 2013-08-21T19:16:47.413Z.
pub(crate) fn transaction(verb: &'static str, uri: &str) -> Transaction {
    let now = Timestamp::from_ms(1_377_112_607_413);
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(now));
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
    let host = Host {
        engine: engine(&clock, &entropy),
        clock,
        entropy,
        http_client: Arc::new(crate::Offline),
        quota_counters: Arc::default(),
        node_state: Arc::default(),
        organization: "local".into(),
        environment: "test".into(),
        time_zone: jiff::tz::TimeZone::UTC,
        property_sets: [("shared".into(), [("key".into(), "of environment".into())].into())].into(),
    };
    let deployment = Deployment {
        name: "orders".into(),
        revision: "3".into(),
        property_sets: [("own".into(), [("a.b".into(), "of proxy".into())].into())].into(),
    };
    let client = "[::ffff:192.0.2.7]:4711".parse().expect("an address");
    let arrival = Arrival { client, secure: true, started_at: now, ended_at: now };
    Transaction::new(Arc::new(host), Arc::new(deployment), arrival, Message::request(verb, uri))
}

fn engine(clock: &Arc<dyn Clock>, entropy: &Arc<dyn Entropy>) -> Arc<Engine> {
    let store = Arc::new(MemoryStore::new(Arc::clone(clock), &**entropy));
    let root = Root::new([7; 32]);
    let sealing = root.id();
    let parts = (Arc::clone(clock), Arc::clone(entropy));
    let start = Engine::start(store, (vec![root], sealing), "local", parts, Settings::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(start).expect("an engine")
}
