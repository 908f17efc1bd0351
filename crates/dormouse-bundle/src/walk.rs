//! Walks over everything in a bundle that names a policy or holds a condition.

use std::collections::HashSet;

use crate::model::{Bundle, ConditionSource, EndpointFlows, Flow, Step};

impl Bundle {
    /// All steps of all flows and fault rules, in the order of files, then roughly of the text.
    pub fn steps(&self) -> Vec<&Step> {
        let mut steps = Vec::new();
        for proxy in &self.proxies {
            endpoint_steps(&proxy.flows, &mut steps);
            steps.extend(&proxy.post_client_flow);
        }
        for target in &self.targets {
            endpoint_steps(&target.flows, &mut steps);
        }
        steps.extend(self.shared_flows.iter().flat_map(|flow| &flow.steps));
        steps
    }

    /// The names of all policies that some step runs, disabled ones included.
    pub fn attached(&self) -> HashSet<&str> {
        self.steps().into_iter().map(|step| step.policy.value.as_str()).collect()
    }

    /// All conditions of flows, steps, fault rules and route rules.
    pub fn conditions(&self) -> Vec<&ConditionSource> {
        let mut conditions = Vec::new();
        for proxy in &self.proxies {
            endpoint_conditions(&proxy.flows, &mut conditions);
            conditions.extend(proxy.route_rules.iter().filter_map(|rule| rule.condition.as_ref()));
        }
        for target in &self.targets {
            endpoint_conditions(&target.flows, &mut conditions);
        }
        conditions.extend(self.steps().into_iter().filter_map(|step| step.condition.as_ref()));
        conditions
    }
}

fn endpoint_steps<'a>(flows: &'a EndpointFlows, steps: &mut Vec<&'a Step>) {
    for flow in all_flows(flows) {
        steps.extend(flow.request.iter().chain(&flow.response));
    }
    steps.extend(&flows.event_flow);
    steps.extend(flows.fault_rules.iter().flat_map(|rule| &rule.steps));
    steps.extend(flows.default_fault_rule.iter().flat_map(|rule| &rule.steps));
}

fn endpoint_conditions<'a>(flows: &'a EndpointFlows, conditions: &mut Vec<&'a ConditionSource>) {
    conditions.extend(all_flows(flows).filter_map(|flow| flow.condition.as_ref()));
    conditions.extend(flows.fault_rules.iter().filter_map(|rule| rule.condition.as_ref()));
    conditions.extend(flows.default_fault_rule.iter().filter_map(|rule| rule.condition.as_ref()));
}

fn all_flows(flows: &EndpointFlows) -> impl Iterator<Item = &Flow> {
    [&flows.pre_flow].into_iter().chain(&flows.conditional).chain([&flows.post_flow])
}
