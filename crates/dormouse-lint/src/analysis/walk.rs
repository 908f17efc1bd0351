//! Walks all ways that a request can take through a bundle ("Flow configuration reference"): the first conditional
//! flow whose condition is true, steps in order, faults that end a flow, shared flows where they are called.

use super::effects::writes;
use super::logic::Formula;
use super::occurrence::{After, FlowPlace, MissingCall, Occurrence, Walk};
use super::state::{Origin, State, Write};
use super::unit::{Unit, grant_variable};
use dormouse_bundle::{ConditionSource, EndpointFlows, Flow, ProxyEndpoint, RouteTarget, Span, Step};
use std::collections::HashMap;

/// Walks the endpoints of a bundle, and its shared flow unless one of the bundles calls it.
pub(crate) fn walk<'a>(units: &'a [Unit<'a>], unit: usize, is_called: bool) -> Walk<'a> {
    let mut walker = Walker {
        units,
        root: unit,
        found: Walk::default(),
        places: HashMap::new(),
        calls: Vec::new(),
        flows: 0,
        budget: STEPS_MAX,
    };
    let Some(bundle) = units.get(unit).map(|unit| unit.bundle) else { return walker.found };
    for endpoint in &bundle.proxies {
        walker.proxy(endpoint);
    }
    for flow in bundle.shared_flows.iter().filter(|_| !is_called) {
        let place = walker.place(&flow.name, None, true);
        walker.steps(unit, &flow.steps, (place, &mut State::default()));
    }
    if !units.get(unit).is_some_and(Unit::has_flows) {
        walker.loose_policies();
    }
    walker.found
}

struct Walker<'a> {
    units: &'a [Unit<'a>],
    root: usize,
    found: Walk<'a>,
    /// Occurrences by step and flow.
    places: HashMap<(usize, usize), usize>,
    /// The shared flows that are running, from the outermost.
    calls: Vec<usize>,
    flows: usize,
    budget: usize,
}

impl<'a> Walker<'a> {
    fn proxy(&mut self, endpoint: &'a ProxyEndpoint) {
        let flows = &endpoint.flows;
        let first = self.flows;
        self.flows += flows.conditional.len() + 2;
        let place = |walker: &Self, flow: &'a Flow, offset: usize, in_request| FlowPlace {
            unit: walker.root,
            number: first + offset,
            name: &flow.name,
            condition: flow.condition.as_ref(),
            in_request,
        };
        let mut start = State::default();
        self.steps(self.root, &flows.pre_flow.request, (place(self, &flows.pre_flow, 0, true), &mut start));
        let mut exits: Vec<Option<State>> =
            choices(&start, &flows.conditional).into_iter().map(Some).collect();
        for (number, (flow, exit)) in flows.conditional.iter().zip(&mut exits).enumerate() {
            let Some(state) = exit else { continue };
            self.steps(self.root, &flow.request, (place(self, flow, number + 2, true), state));
        }
        for exit in &mut exits {
            let Some(state) = exit else { continue };
            self.steps(self.root, &flows.post_flow.request, (place(self, &flows.post_flow, 1, true), state));
            if !state.is_possible() {
                *exit = None;
            }
        }
        self.targets(endpoint, &mut exits);
        for state in exits.iter_mut().flatten() {
            self.steps(self.root, &flows.pre_flow.response, (place(self, &flows.pre_flow, 0, false), state));
        }
        for (number, exit) in exits.into_iter().enumerate() {
            let Some(state) = exit else { continue };
            self.response(flows, first, (number, &state));
        }
        self.errors(flows);
        let after = self.place("PostClientFlow", None, false);
        self.steps(self.root, &endpoint.post_client_flow, (after, &mut State::unknown()));
    }

    /// A folder of policies: any of them may be attached anywhere.
    fn loose_policies(&mut self) {
        let flow = self.place("", None, true);
        let policies = self.units.get(self.root).map_or(0, |unit| unit.policies.len());
        for policy in 0..policies {
            let (unit, ways, after) = (self.root, vec![State::unknown()], Vec::new());
            self.found.occurrences.push(Occurrence { unit, policy, step: None, flow, ways, after });
        }
    }

    /// The conditional flows and the PostFlow of the response, after the request phase of the flow of that number.
    /// The flow is chosen again, and policies may have changed what its condition looks at.
    fn response(&mut self, flows: &'a EndpointFlows, first: usize, (chosen, start): (usize, &State)) {
        let place = |walker: &Self, flow: &'a Flow, offset: usize| FlowPlace {
            unit: walker.root,
            number: first + offset,
            name: &flow.name,
            condition: flow.condition.as_ref(),
            in_request: false,
        };
        let conditional = &flows.conditional;
        let mut start = start.clone();
        start.in_response = true;
        let ways = if conditional.len() > CROSSED_FLOWS_MAX {
            vec![(chosen, start)]
        } else {
            let is_open = |(number, way): &(usize, State)| *number == chosen || way.is_possible();
            choices(&start, conditional).into_iter().enumerate().filter(is_open).collect()
        };
        for (number, mut state) in ways {
            if let Some(flow) = conditional.get(number) {
                self.steps(self.root, &flow.response, (place(self, flow, number + 2), &mut state));
            }
            if state.is_possible() {
                self.steps(
                    self.root,
                    &flows.post_flow.response,
                    (place(self, &flows.post_flow, 1), &mut state),
                );
            }
        }
    }

    /// The target endpoints that a route leads to, after each way through the proxy's request flows.
    fn targets(&mut self, endpoint: &'a ProxyEndpoint, exits: &mut [Option<State>]) {
        let Some(bundle) = self.units.get(self.root).map(|unit| unit.bundle) else { return };
        let routed = |name: &str| {
            endpoint.route_rules.iter().any(|rule| match &rule.target {
                RouteTarget::TargetEndpoint(target) => target.value == name || target.value.contains('{'),
                _ => false,
            })
        };
        for target in bundle.targets.iter().filter(|target| routed(&target.name)) {
            let flows = &target.flows;
            let first = self.flows;
            self.flows += flows.conditional.len() + 2;
            for exit in exits.iter_mut().flatten() {
                let mut state = exit.clone();
                let before = state.next_write();
                self.target_phase(flows, first, (true, &mut state));
                self.target_phase(flows, first, (false, &mut state));
                exit.write_perhaps(&state, before);
            }
            self.errors(flows);
            let place = self.place("EventFlow", None, false);
            self.steps(self.root, &flows.event_flow, (place, &mut State::unknown()));
        }
    }

    fn target_phase(
        &mut self,
        flows: &'a EndpointFlows,
        first: usize,
        (in_request, state): (bool, &mut State),
    ) {
        let steps = |flow: &'a Flow| if in_request { &flow.request } else { &flow.response };
        let place = |walker: &Self, flow: &'a Flow, offset: usize| FlowPlace {
            unit: walker.root,
            number: first + offset,
            name: &flow.name,
            condition: flow.condition.as_ref(),
            in_request,
        };
        self.steps(self.root, steps(&flows.pre_flow), (place(self, &flows.pre_flow, 0), state));
        let before = state.next_write();
        let ways = choices(state, &flows.conditional);
        for (number, (flow, mut way)) in flows.conditional.iter().zip(ways).enumerate() {
            self.steps(self.root, steps(flow), (place(self, flow, number + 2), &mut way));
            state.write_perhaps(&way, before);
        }
        self.steps(self.root, steps(&flows.post_flow), (place(self, &flows.post_flow, 1), state));
    }

    /// Fault rules run from any point.
    fn errors(&mut self, flows: &'a EndpointFlows) {
        let rules = flows.fault_rules.iter().map(|rule| (&rule.name, rule.condition.as_ref(), &rule.steps));
        let last =
            flows.default_fault_rule.iter().map(|rule| (&rule.name, rule.condition.as_ref(), &rule.steps));
        for (name, condition, steps) in rules.chain(last) {
            let place = self.place(name, condition, false);
            let mut state = State::unknown();
            let formula = state.formula(condition);
            if let Some(source) = condition {
                state.assume(formula, Origin::Condition(source.text.span()));
            }
            self.steps(self.root, steps, (place, &mut state));
        }
    }

    fn place(
        &mut self,
        name: &'a str,
        condition: Option<&'a ConditionSource>,
        in_request: bool,
    ) -> FlowPlace<'a> {
        self.flows += 1;
        FlowPlace { unit: self.root, number: self.flows - 1, name, condition, in_request }
    }

    /// Runs steps of a bundle on a way, and leaves the way as it is behind them.
    fn steps(&mut self, unit: usize, steps: &'a [Step], (place, state): (FlowPlace<'a>, &mut State)) {
        state.in_response = !place.in_request;
        for step in steps {
            let Some(left) = self.budget.checked_sub(1) else {
                self.found.exhausted = true;
                return;
            };
            self.budget = left;
            self.step(unit, step, (place, state));
        }
    }

    fn step(&mut self, unit: usize, step: &'a Step, (place, state): (FlowPlace<'a>, &mut State)) {
        let Some(home) = self.units.get(unit) else { return };
        let Some((number, typed)) = home.number(step).and_then(|it| Some((it, home.policies.get(it)?)))
        else {
            // Whatever the unreadable policy does.
            state.write_perhaps(&State::unknown(), 0);
            return;
        };
        let policy = typed.policy;
        if !policy.enabled {
            self.record((unit, number), step, (place, None));
            return;
        }
        let guard = state.formula(step.condition.as_ref());
        let guard_span = step.condition.as_ref().map_or_else(|| step.span.clone(), |it| it.text.span());
        let after =
            After { unit, policy: number, conditional: !guard.is_true(), in_request: place.in_request };
        self.follow(state, after);
        if OAUTH_KINDS.contains(&policy.kind.as_str()) {
            let mut here = state.clone();
            here.assume(guard.clone(), Origin::Condition(guard_span.clone()));
            let occurrence = self.record((unit, number), step, (place, Some(here)));
            state.passed.extend(occurrence);
        }
        match policy.kind.as_str() {
            "FlowCallout" => self.call((unit, number), (guard, guard_span), (place, state)),
            "RaiseFault" if !policy.continue_on_error => {
                state.assume(guard.negated(), Origin::Fault(step.span.clone()));
            }
            "OAuthV2" if !policy.continue_on_error => {
                if let Some(accepted) = self.accepted(unit, number, state) {
                    let passed = Formula::Or(vec![guard.negated(), accepted]);
                    state.assume(passed, Origin::Fault(step.span.clone()));
                }
            }
            _ => {
                let conditional = !guard.is_true();
                for write in writes(home, policy, place.in_request) {
                    if conditional {
                        state.write(Write { value: None, source: None, ..write });
                    } else {
                        state.write(write);
                    }
                }
            }
        }
    }

    /// What must be true of the grant type if the policy is not to raise a fault.
    fn accepted(&self, unit: usize, policy: usize, state: &State) -> Option<Formula> {
        let policy = self.units.get(unit)?.policies.get(policy)?.oauth_v2()?;
        let variable = grant_variable(policy);
        let operation = policy.operation.value;
        if policy.operation_inferred {
            None
        } else if operation.refreshes() {
            Some(state.equals(variable, "refresh_token"))
        } else if operation.generates_token() {
            let grants = policy.grants();
            Some(Formula::Or(grants.iter().map(|grant| state.equals(variable, grant.as_str())).collect()))
        } else {
            None
        }
    }

    fn call(
        &mut self,
        (unit, policy): (usize, usize),
        (guard, span): (Formula, Span),
        (place, state): (FlowPlace<'a>, &mut State),
    ) {
        let home = self.units.get(unit).and_then(|home| home.policies.get(policy));
        let called = home.and_then(|typed| called_flow(self.units, typed.policy));
        let steps = called.and_then(|called| Some((called, self.units.get(called)?.bundle.shared_flow()?)));
        let Some((called, flow)) = steps.filter(|(called, _)| self.can_call(*called)) else {
            if called.is_none() {
                self.found.missing_calls.push(MissingCall { unit, policy, flow: place });
            }
            state.write_perhaps(&State::unknown(), 0);
            return;
        };
        let mut inner = state.clone();
        let conditional = !guard.is_true();
        inner.assume(guard.clone(), Origin::Condition(span));
        let (facts, writes) = (inner.facts().len(), inner.next_write());
        self.calls.push(called);
        self.steps(called, &flow.steps, (place, &mut inner));
        self.calls.pop();
        if !conditional {
            *state = inner;
            return;
        }
        for fact in inner.facts().get(facts..).unwrap_or_default() {
            let formula = Formula::Or(vec![guard.negated(), (*fact.formula).clone()]);
            state.assume(formula, fact.origin.clone());
        }
        state.write_perhaps(&inner, writes);
        state.passed = inner.passed;
    }

    fn can_call(&self, called: usize) -> bool {
        self.calls.len() < CALLS_MAX && !self.calls.contains(&called)
    }

    /// Tells all occurrences on the way that a step runs behind them.
    fn follow(&mut self, state: &State, after: After) {
        for number in &state.passed {
            if let Some(passed) =
                self.found.occurrences.get_mut(*number).filter(|it| !it.after.contains(&after))
            {
                passed.after.push(after);
            }
        }
    }

    /// Notes an OAuth policy and the way that leads to it. Returns the occurrence's number.
    fn record(
        &mut self,
        (unit, policy): (usize, usize),
        step: &'a Step,
        (flow, way): (FlowPlace<'a>, Option<State>),
    ) -> Option<usize> {
        self.units.get(unit)?.policies.get(policy)?.oauth.as_ref()?;
        // Steps live as long as the bundles, so that an address tells them apart; shared flows occur in many flows.
        let key = (std::ptr::from_ref(step).addr(), flow.number);
        let number = *self.places.entry(key).or_insert_with(|| {
            let (ways, after) = (Vec::new(), Vec::new());
            self.found.occurrences.push(Occurrence { unit, policy, step: Some(step), flow, ways, after });
            self.found.occurrences.len() - 1
        });
        let occurrence = self.found.occurrences.get_mut(number)?;
        match occurrence.ways.len() {
            0..WAYS_MAX => occurrence.ways.extend(way),
            // One way more, of which nothing is known, stands for all others.
            WAYS_MAX => occurrence.ways.push(State::unknown()),
            _ => {}
        }
        Some(number)
    }
}

/// The bundle whose shared flow a FlowCallout runs.
pub(crate) fn called_flow(units: &[Unit<'_>], policy: &dormouse_bundle::Policy) -> Option<usize> {
    let name = policy.element.element_text("SharedFlowBundle")?;
    units.iter().position(|unit| unit.is_shared_flow() && unit.bundle.name == name.as_str())
}

/// For each flow the way on which it is taken, then the way on which none is.
fn choices(start: &State, flows: &[Flow]) -> Vec<State> {
    let mut passed_over = start.clone();
    let mut ways = Vec::new();
    for flow in flows {
        let formula = passed_over.formula(flow.condition.as_ref());
        let mut taken = passed_over.clone();
        passed_over.assume(formula.negated(), Origin::EarlierFlow(flow.span.clone()));
        if let Some(source) = &flow.condition {
            taken.assume(formula, Origin::Condition(source.text.span()));
        }
        ways.push(taken);
    }
    ways.push(passed_over);
    ways
}

const OAUTH_KINDS: [&str; 5] =
    ["DeleteOAuthV2Info", "GetOAuthV2Info", "OAuthV2", "RevokeOAuthV2", "SetOAuthV2Info"];
/// Bounds the work on one bundle.
const STEPS_MAX: usize = 200_000;
/// Shared flows within shared flows.
const CALLS_MAX: usize = 8;
/// With more flows, a response flow is taken to follow its own request flow only.
const CROSSED_FLOWS_MAX: usize = 40;
const WAYS_MAX: usize = 64;
