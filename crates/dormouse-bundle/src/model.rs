//! What a bundle holds, read from its files: the "API proxy configuration reference" with the order of children
//! ignored wherever order is no behaviour. Files decide; the manifest only gives name and revision.

use std::sync::Arc;

use crate::condition::Condition;
use crate::condition_parser::ConditionError;
use crate::element::Element;
use crate::source::{Located, SourceFile, Span};
use crate::source_text::SourceText;

/// A bundle: everything that is deployed under one name.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Proxy or shared flow.
    pub kind: BundleKind,
    /// The name it is deployed under: the one given at load, else the manifest's, else the directory's.
    pub name: String,
    /// The manifest's revision, `1` without one.
    pub revision: String,
    /// Where it was read from, as given.
    pub path: String,
    /// The manifest, if there is a readable one.
    pub manifest: Option<Element>,
    /// In the order of file names.
    pub proxies: Vec<ProxyEndpoint>,
    /// In the order of file names.
    pub targets: Vec<TargetEndpoint>,
    /// In the order of file names.
    pub shared_flows: Vec<SharedFlow>,
    /// In the order of file names. Names may repeat; the first one counts.
    pub policies: Vec<Policy>,
    /// In the order of types and names.
    pub resources: Vec<Resource>,
    /// All XML files of the bundle, broken ones included.
    pub files: Vec<Arc<SourceFile>>,
}

impl Bundle {
    /// The policy of that name.
    pub fn policy(&self, name: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.name == name)
    }

    /// The proxy endpoint of that name.
    pub fn proxy_endpoint(&self, name: &str) -> Option<&ProxyEndpoint> {
        self.proxies.iter().find(|proxy| proxy.name == name)
    }

    /// The target endpoint of that name.
    pub fn target_endpoint(&self, name: &str) -> Option<&TargetEndpoint> {
        self.targets.iter().find(|target| target.name == name)
    }

    /// The resource of that type (`jsc`, `oas`, …) and name (relative to the type's folder).
    pub fn resource(&self, kind: &str, name: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.kind == kind && resource.name == name)
    }

    /// The shared flow that a FlowCallout runs: `default`, or the only one.
    pub fn shared_flow(&self) -> Option<&SharedFlow> {
        let default = self.shared_flows.iter().find(|flow| flow.name == "default");
        default.or_else(|| self.shared_flows.first())
    }
}

/// What kind of bundle it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BundleKind {
    /// `apiproxy/`
    Proxy,
    /// `sharedflowbundle/`
    SharedFlow,
}

/// Where requests come in.
#[derive(Clone, Debug)]
pub struct ProxyEndpoint {
    /// The `name` attribute.
    pub name: String,
    /// `HTTPProxyConnection/BasePath`, `/` without one. May hold `*` for one segment.
    pub base_path: Located<String>,
    /// Names of Edge's virtual hosts.
    pub virtual_hosts: Vec<Located<String>>,
    /// `HTTPProxyConnection/Properties`.
    pub properties: Vec<Property>,
    /// Steps and error handling, as target endpoints have them too.
    pub flows: EndpointFlows,
    /// `PostClientFlow/Response`: runs after the response has been sent.
    pub post_client_flow: Vec<Step>,
    /// In order.
    pub route_rules: Vec<RouteRule>,
    /// The whole endpoint.
    pub element: Element,
}

/// Where requests go out.
#[derive(Clone, Debug)]
pub struct TargetEndpoint {
    /// The `name` attribute.
    pub name: String,
    /// The connection; absent if the file has none.
    pub connection: Option<TargetConnection>,
    /// Steps and error handling.
    pub flows: EndpointFlows,
    /// The whole endpoint.
    pub element: Element,
}

/// The steps of an endpoint.
#[derive(Clone, Debug, Default)]
pub struct EndpointFlows {
    /// Always runs first.
    pub pre_flow: Flow,
    /// The first whose condition is true runs.
    pub conditional: Vec<Flow>,
    /// Always runs last.
    pub post_flow: Flow,
    /// `EventFlow` of a target: runs for each server-sent event.
    pub event_flow: Vec<Step>,
    /// In document order.
    pub fault_rules: Vec<FaultRule>,
    /// What runs if no fault rule does, or always.
    pub default_fault_rule: Option<DefaultFaultRule>,
}

/// A flow: steps for the request and steps for the response.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// The `name` attribute; absent and empty ones are the same.
    pub name: String,
    /// When a conditional flow runs; absent means always.
    pub condition: Option<ConditionSource>,
    /// In order.
    pub request: Vec<Step>,
    /// In order.
    pub response: Vec<Step>,
    /// Where the flow stands; absent for a flow that the file does not have.
    pub span: Option<Span>,
}

/// A step: run this policy if the condition is true.
#[derive(Clone, Debug)]
pub struct Step {
    /// The policy's name, and where it is named.
    pub policy: Located<String>,
    /// Absent means always.
    pub condition: Option<ConditionSource>,
    /// The whole step.
    pub span: Span,
}

/// A condition as it stands in a file, and what it means.
#[derive(Clone, Debug)]
pub struct ConditionSource {
    /// The decoded, trimmed text.
    pub text: SourceText,
    /// The condition, or why there is none.
    pub parsed: Result<Condition, ConditionError>,
    /// What was odd about the text though it could be understood.
    pub tolerated: Vec<ConditionError>,
}

/// Steps that run when an error matches.
#[derive(Clone, Debug)]
pub struct FaultRule {
    /// The `name` attribute, or empty.
    pub name: String,
    /// When the rule is chosen; absent means always.
    pub condition: Option<ConditionSource>,
    /// In order.
    pub steps: Vec<Step>,
    /// The whole rule.
    pub span: Span,
}

/// Steps that run when no fault rule is chosen.
#[derive(Clone, Debug)]
pub struct DefaultFaultRule {
    /// The `name` attribute, or empty.
    pub name: String,
    /// Run even if a fault rule was chosen.
    pub always_enforce: bool,
    /// Absent means always.
    pub condition: Option<ConditionSource>,
    /// In order.
    pub steps: Vec<Step>,
    /// The whole rule.
    pub span: Span,
}

/// Chooses a target.
#[derive(Clone, Debug)]
pub struct RouteRule {
    /// The `name` attribute, or empty.
    pub name: String,
    /// Absent means always.
    pub condition: Option<ConditionSource>,
    /// Where the request goes.
    pub target: RouteTarget,
    /// The whole rule.
    pub span: Span,
}

/// Where a route rule leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteTarget {
    /// Application Integration, which runs only at Google.
    IntegrationEndpoint(Located<String>),
    /// Nowhere: the proxy answers by itself.
    Null,
    /// A target endpoint of the bundle, by name.
    TargetEndpoint(Located<String>),
    /// Straight to a URL, without target flows; may hold a message template.
    Url(Located<String>),
}

/// How a target endpoint is reached. The elements hold the details.
#[derive(Clone, Debug)]
pub enum TargetConnection {
    /// `HTTPTargetConnection`
    Http(Box<HttpTargetConnection>),
    /// `LocalTargetConnection`: another proxy of the same gateway.
    Local(Box<LocalTargetConnection>),
    /// A kind of connection that runs only at Google or on Edge (`ScriptTarget`, `HostedTarget`, …).
    Unsupported(Box<Element>),
}

/// `HTTPTargetConnection`. Texts may hold message templates.
#[derive(Clone, Debug)]
pub struct HttpTargetConnection {
    /// `URL`.
    pub url: Option<Located<String>>,
    /// `LoadBalancer`, instead of a URL.
    pub load_balancer: Option<LoadBalancer>,
    /// `Path`, appended to a load balancer's server.
    pub path: Option<Located<String>>,
    /// `Properties`.
    pub properties: Vec<Property>,
    /// The whole connection, for `SSLInfo`, `Authentication` and `HealthMonitor`.
    pub element: Element,
}

/// `LoadBalancer` of a target connection.
#[derive(Clone, Debug)]
pub struct LoadBalancer {
    /// `Algorithm` as written: `RoundRobin` (the default), `Weighted` or `LeastConnections`.
    pub algorithm: Option<Located<String>>,
    /// In order.
    pub servers: Vec<LoadBalancerServer>,
    /// `MaxFailures`: how many failures take a server out; 0 means never.
    pub max_failures: Option<Located<String>>,
    /// `RetryEnabled`, true by default.
    pub retry_enabled: bool,
    /// The whole element.
    pub element: Element,
}

/// A server of a load balancer.
#[derive(Clone, Debug)]
pub struct LoadBalancerServer {
    /// The name of a target server of the environment.
    pub name: Located<String>,
    /// `Weight`, 1 by default.
    pub weight: u32,
    /// Used only when no other is left.
    pub is_fallback: bool,
    /// `IsEnabled`, true by default.
    pub is_enabled: bool,
}

/// `LocalTargetConnection`.
#[derive(Clone, Debug)]
pub struct LocalTargetConnection {
    /// `APIProxy`.
    pub api_proxy: Option<Located<String>>,
    /// `ProxyEndpoint`.
    pub proxy_endpoint: Option<Located<String>>,
    /// `Path`, instead of the two.
    pub path: Option<Located<String>>,
    /// The whole connection.
    pub element: Element,
}

/// A property: literal, never a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The `name` attribute.
    pub name: String,
    /// The trimmed text.
    pub value: Located<String>,
}

/// A shared flow: the same steps in request, response and error flow.
#[derive(Clone, Debug)]
pub struct SharedFlow {
    /// The `name` attribute.
    pub name: String,
    /// In order.
    pub steps: Vec<Step>,
    /// The whole shared flow.
    pub element: Element,
}

/// A policy file.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The `name` attribute, by which steps name it.
    pub name: String,
    /// The root tag: `OAuthV2`, `AssignMessage`, …
    pub kind: String,
    /// A disabled policy is skipped silently.
    pub enabled: bool,
    /// Whether the flow goes on when the policy fails.
    pub continue_on_error: bool,
    /// The whole policy.
    pub element: Element,
}

impl Policy {
    /// Where complaints about the policy as a whole point: its tag.
    pub fn span(&self) -> Span {
        self.element.name_span.clone()
    }
}

/// A file under `resources/`.
#[derive(Clone)]
pub struct Resource {
    /// The folder under `resources/`: `jsc`, `oas`, `properties`, …
    pub kind: String,
    /// The path below that folder, with `/`.
    pub name: String,
    /// The path to show to people.
    pub path: String,
    /// The content.
    pub bytes: Arc<[u8]>,
}

/// A resource may hold secrets, hence only its names and size.
impl std::fmt::Debug for Resource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Resource({}/{}, {} bytes)", self.kind, self.name, self.bytes.len())
    }
}
