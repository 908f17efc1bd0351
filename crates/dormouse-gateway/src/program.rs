//! The compiled form of all deployed bundles.

use crate::base_path::BasePath;
use crate::faults;
use crate::local_calls;
use crate::reply::{Reply, incoming};
use crate::run;
use bytes::Bytes;
use dormouse_flow::{Arrival, Condition, Deployment, Executable, Host, Text};
use dormouse_policy::HttpConnection;
use std::collections::HashMap;
use std::sync::Arc;

/// Everything that is deployed, ready to run. Cloning is cheap; threads may share it.
#[derive(Clone)]
pub struct Program(pub(crate) Arc<Deployed>);

/// What is deployed.
pub(crate) struct Deployed {
    pub(crate) host: Arc<Host>,
    /// The most specific base path first.
    pub(crate) endpoints: Vec<Arc<Endpoint>>,
    pub(crate) shared_flows: HashMap<Text, Vec<Step>>,
}

/// A proxy endpoint.
pub(crate) struct Endpoint {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) name: Text,
    pub(crate) base_path: BasePath,
    pub(crate) flows: Flows,
    pub(crate) post_client_flow: Vec<Step>,
    pub(crate) route_rules: Vec<RouteRule>,
    pub(crate) targets: Arc<HashMap<Text, Target>>,
}

/// A target endpoint.
pub(crate) struct Target {
    /// Absent when this version cannot make the connection, which was told at deployment.
    pub(crate) connection: Option<HttpConnection>,
    pub(crate) flows: Flows,
}

/// The flows and fault rules of an endpoint.
pub(crate) struct Flows {
    pub(crate) pre_flow: Flow,
    pub(crate) conditional: Vec<Flow>,
    pub(crate) post_flow: Flow,
    /// In the order in which they are tried.
    pub(crate) fault_rules: Vec<FaultRule>,
    pub(crate) default_fault_rule: Option<DefaultFaultRule>,
}

/// A flow.
pub(crate) struct Flow {
    pub(crate) name: Text,
    pub(crate) condition: Option<Condition>,
    pub(crate) request: Vec<Step>,
    pub(crate) response: Vec<Step>,
}

/// A step of a flow.
pub(crate) struct Step {
    pub(crate) policy: Arc<StepPolicy>,
    pub(crate) condition: Option<Condition>,
}

/// The policy of a step.
pub(crate) struct StepPolicy {
    pub(crate) name: Text,
    /// `<prefix>.P.failed`
    pub(crate) failed: Text,
    pub(crate) continue_on_error: bool,
    pub(crate) work: Work,
}

/// What a policy does when its turn comes.
pub(crate) enum Work {
    Run(Executable),
    /// `enabled="false"`: nothing.
    Disabled,
    /// It cannot run, for this reason.
    Fault(String),
}

/// A fault rule.
pub(crate) struct FaultRule {
    pub(crate) condition: Option<Condition>,
    pub(crate) steps: Vec<Step>,
}

/// The default fault rule.
pub(crate) struct DefaultFaultRule {
    pub(crate) always_enforce: bool,
    pub(crate) rule: FaultRule,
}

/// A route rule.
pub(crate) struct RouteRule {
    pub(crate) name: Text,
    pub(crate) condition: Option<Condition>,
    pub(crate) destination: Destination,
}

/// Where a route leads.
pub(crate) enum Destination {
    /// Nowhere: the proxy answers itself.
    Null,
    /// A target endpoint of the bundle.
    Target(Text),
    /// Straight to a URL, without target flows.
    Url(Box<HttpConnection>),
    /// Nowhere that this version can reach.
    Unreachable,
}

impl Program {
    /// Answers one request. Never fails: what goes wrong is a fault, which is an answer too.
    pub async fn handle(&self, request: http::Request<Bytes>, arrival: Arrival) -> Reply {
        let path = request.uri().path();
        let Some((endpoint, suffix)) = self.0.find(path) else {
            return Reply::from_message(&faults::application_not_found(path, arrival.secure).into_message());
        };
        let (endpoint, path_suffix) = (Arc::clone(endpoint), Text::from(suffix));
        let parts = (incoming(request), arrival, 0);
        let mut transaction = local_calls::begin(&self.0, &endpoint, path_suffix, parts);
        run::run(&self.0, &endpoint, &mut transaction).await;
        Reply::finish(Arc::clone(&self.0), endpoint, transaction)
    }

    /// The name of the proxy that answers at a path.
    pub fn proxy_of(&self, path: &str) -> Option<&str> {
        self.0.find(path).map(|(endpoint, _)| &*endpoint.deployment.name)
    }

    /// Base paths and the proxies behind them, for people: the most specific first.
    pub fn routes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.endpoints.iter().map(|endpoint| (&*endpoint.base_path.text, &*endpoint.deployment.name))
    }
}

impl Deployed {
    /// The endpoint with the most specific base path, and what follows that.
    pub(crate) fn find<'a>(&self, path: &'a str) -> Option<(&Arc<Endpoint>, &'a str)> {
        self.endpoints.iter().find_map(|endpoint| Some((endpoint, endpoint.base_path.suffix_of(path)?)))
    }
}
