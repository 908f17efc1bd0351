//! What policies may use of the process that runs them.

use crate::http_client::HttpClient;
use crate::node_state::NodeState;
use crate::quota::QuotaCounters;
use crate::value::Text;
use dormouse_engine::Engine;
use dormouse_token::{Clock, Entropy};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The environment that every transaction of a program shares.
#[derive(Clone)]
pub struct Host {
    /// Time; the only one that policies may ask.
    pub clock: Arc<dyn Clock>,
    /// Randomness; cryptographic in production.
    pub entropy: Arc<dyn Entropy>,
    /// Name of the Apigee organization.
    pub organization: Text,
    /// Name of the Apigee environment.
    pub environment: Text,
    /// The zone of `system.time` and of the template functions that print local time.
    pub time_zone: jiff::tz::TimeZone,
    /// Property sets of the environment; those of a proxy come first.
    pub property_sets: PropertySets,
    /// The token engine, for the OAuth policies alone.
    pub engine: Arc<Engine>,
    /// Sends requests to targets, callouts and on behalf of scripts.
    pub http_client: Arc<dyn HttpClient>,
    /// What Quota policies have used.
    pub quota_counters: Arc<QuotaCounters>,
    /// What other policies remember between requests.
    pub node_state: Arc<NodeState>,
}

/// Property sets by name: `propertyset.SET.KEY`.
pub type PropertySets = BTreeMap<Box<str>, BTreeMap<Box<str>, Text>>;

/// The deployed proxy that a transaction runs.
#[derive(Clone, Default)]
pub struct Deployment {
    /// `apiproxy.name`: the name it was deployed under.
    pub name: Text,
    /// `apiproxy.revision`
    pub revision: Text,
    /// Its own property sets.
    pub property_sets: PropertySets,
}
