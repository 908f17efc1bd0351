//! Compiles bundles: conditions, templates, patterns and the configuration of policies, once, at deployment. What is
//! wrong with the files themselves was told when they were loaded and diagnosed.

mod policies;

use crate::base_path::BasePath;
use crate::program::{
    DefaultFaultRule, Deployed, Destination, Endpoint, FaultRule, Flow, Flows, Program, RouteRule, Step,
    Target,
};
use crate::property_set::property_sets;
use dormouse_bundle::{
    Bundle, BundleKind, ConditionSource, EndpointFlows, Problem, RouteTarget, Span, TargetConnection,
    TargetEndpoint, sort_problems,
};
use dormouse_flow::{Condition, Deployment, Host, Text};
use dormouse_policy::{CompileContext, HttpConnection, Platform, Scripts, compile_condition};
use policies::Policies;
use std::collections::HashMap;
use std::sync::Arc;

/// What a program is compiled for.
#[derive(Clone)]
pub struct Settings {
    /// Time, randomness, names of organization and environment.
    pub host: Arc<Host>,
    /// Whose defaults hold.
    pub platform: Platform,
}

/// Compiles bundles into one program. The program can always run; with errors among the problems, what they concern
/// answers with faults.
pub fn compile(bundles: &[Bundle], settings: &Settings) -> (Program, Vec<Problem>) {
    let (mut endpoints, mut shared_flows, mut problems) = (Vec::new(), HashMap::new(), Vec::new());
    let scripts = Scripts::default();
    for bundle in bundles {
        let context =
            CompileContext { scripts: scripts.clone(), ..CompileContext::new(bundle, settings.platform) };
        let mut compiler = Compiler { bundle, policies: Policies::new(&context), problems: Vec::new() };
        match bundle.kind {
            BundleKind::Proxy => endpoints.extend(compiler.proxy()),
            BundleKind::SharedFlow => {
                let steps = bundle.shared_flow().map(|flow| compiler.steps(&flow.steps)).unwrap_or_default();
                shared_flows.entry(Text::from(bundle.name.as_str())).or_insert(steps);
            }
        }
        problems.append(&mut compiler.problems);
        problems.extend(compiler.policies.finish());
    }
    endpoints.sort_by_key(|endpoint| endpoint.base_path.specificity());
    sort_problems(&mut problems);
    let endpoints = endpoints.into_iter().map(Arc::new).collect();
    (Program(Arc::new(Deployed { host: Arc::clone(&settings.host), endpoints, shared_flows })), problems)
}

/// Compiles one bundle.
struct Compiler<'a> {
    bundle: &'a Bundle,
    policies: Policies<'a>,
    problems: Vec<Problem>,
}

impl Compiler<'_> {
    fn proxy(&mut self) -> Vec<Endpoint> {
        let bundle = self.bundle;
        let deployment = Arc::new(Deployment {
            name: bundle.name.as_str().into(),
            revision: bundle.revision.as_str().into(),
            property_sets: property_sets(bundle),
        });
        let targets =
            bundle.targets.iter().map(|target| (Text::from(target.name.as_str()), self.target(target)));
        let targets = Arc::new(targets.collect());
        let endpoint = |proxy: &dormouse_bundle::ProxyEndpoint| {
            let mut flows = self.flows(&proxy.flows);
            // Proxy endpoints try their fault rules from the last to the first.
            flows.fault_rules.reverse();
            Endpoint {
                deployment: Arc::clone(&deployment),
                name: proxy.name.as_str().into(),
                base_path: BasePath::parse(&proxy.base_path.value),
                flows,
                post_client_flow: self.steps(&proxy.post_client_flow),
                route_rules: proxy.route_rules.iter().map(|rule| self.route_rule(rule)).collect(),
                targets: Arc::clone(&targets),
            }
        };
        bundle.proxies.iter().map(endpoint).collect()
    }

    fn target(&mut self, target: &TargetEndpoint) -> Target {
        let connection = match &target.connection {
            Some(TargetConnection::Http(http)) => HttpConnection::compile(&http.element, &mut self.problems),
            Some(TargetConnection::Local(local)) => {
                HttpConnection::compile_local(&local.element, &mut self.problems)
            }
            Some(TargetConnection::Unsupported(element)) => self.unreachable(element.name_span.clone()),
            None => None,
        };
        Target { connection, flows: self.flows(&target.flows) }
    }

    /// Requests for such a target are answered with 503.
    fn unreachable(&mut self, span: Span) -> Option<HttpConnection> {
        let message = "connections of this kind cannot be made yet; requests for it are answered with 503";
        self.problems.push(Problem::warning("unsupported-connection", message).at(span));
        None
    }

    fn flows(&mut self, flows: &EndpointFlows) -> Flows {
        Flows {
            pre_flow: self.flow(&flows.pre_flow, "PreFlow"),
            conditional: flows.conditional.iter().map(|flow| self.flow(flow, "")).collect(),
            post_flow: self.flow(&flows.post_flow, "PostFlow"),
            fault_rules: flows
                .fault_rules
                .iter()
                .map(|rule| FaultRule {
                    condition: self.condition(rule.condition.as_ref()),
                    steps: self.steps(&rule.steps),
                })
                .collect(),
            default_fault_rule: flows.default_fault_rule.as_ref().map(|rule| DefaultFaultRule {
                always_enforce: rule.always_enforce,
                rule: FaultRule {
                    condition: self.condition(rule.condition.as_ref()),
                    steps: self.steps(&rule.steps),
                },
            }),
        }
    }

    /// `fixed_name` is what `current.flow.name` shows for the flows that have their names from Apigee.
    fn flow(&mut self, flow: &dormouse_bundle::Flow, fixed_name: &str) -> Flow {
        Flow {
            name: if fixed_name.is_empty() { flow.name.as_str().into() } else { fixed_name.into() },
            condition: self.condition(flow.condition.as_ref()),
            request: self.steps(&flow.request),
            response: self.steps(&flow.response),
        }
    }

    fn steps(&mut self, steps: &[dormouse_bundle::Step]) -> Vec<Step> {
        let step = |step: &dormouse_bundle::Step| Step {
            policy: self.policies.attached(&step.policy.value),
            condition: step.condition.as_ref().map(|source| compile_condition(source, &mut self.problems)),
        };
        steps.iter().map(step).collect()
    }

    fn condition(&mut self, source: Option<&ConditionSource>) -> Option<Condition> {
        source.map(|source| compile_condition(source, &mut self.problems))
    }

    fn route_rule(&mut self, rule: &dormouse_bundle::RouteRule) -> RouteRule {
        let destination = match &rule.target {
            RouteTarget::Null => Destination::Null,
            RouteTarget::TargetEndpoint(name) => Destination::Target(name.value.as_str().into()),
            RouteTarget::Url(url) => {
                Destination::Url(Box::new(HttpConnection::to_url(url, &mut self.problems)))
            }
            RouteTarget::IntegrationEndpoint(name) => {
                self.unreachable(name.span.clone());
                Destination::Unreachable
            }
        };
        RouteRule {
            name: rule.name.as_str().into(),
            condition: self.condition(rule.condition.as_ref()),
            destination,
        }
    }
}
