//! Walks all ways that a request can take through a bundle ("Flow configuration reference"): the first conditional
//! flow whose condition is true, steps in order, faults that end a flow, shared flows where they are called.

use super::effects::writes;
use super::logic::Formula;
use super::state::{Origin, State, Value, Write};
use super::unit::{Unit, grant_variable};
use dormouse_bundle::{ConditionSource, EndpointFlows, Flow, ProxyEndpoint, RouteTarget, Span, Step};
use std::collections::HashMap;

/// One place where an OAuth policy is attached to a flow of an endpoint, directly or through shared flows.
pub(crate) struct Occurrence<'a> {
    /// Which bundle's policy.
    pub(crate) unit: usize,
    /// Which policy of the bundle.
    pub(crate) policy: usize,
    /// Absent for a policy without any flows around it.
    pub(crate) step: Option<&'a Step>,
    pub(crate) flow: FlowPlace<'a>,
    /// The ways that lead here, possible or not. None if the policy is disabled.
    pub(crate) ways: Vec<State>,
    /// What runs behind it on these ways.
    pub(crate) after: Vec<After>,
}

/// A flow of an endpoint, or a shared flow that nobody calls.
#[derive(Clone, Copy)]
pub(crate) struct FlowPlace<'a> {
    /// The bundle whose endpoint it is.
    pub(crate) unit: usize,
    /// Counts the flows of the bundle; request and response phase of a flow have the same number.
    pub(crate) number: usize,
    pub(crate) name: &'a str,
    pub(crate) condition: Option<&'a ConditionSource>,
    pub(crate) in_request: bool,
}

/// A step that runs after an occurrence.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct After {
    pub(crate) unit: usize,
    pub(crate) policy: usize,
    /// Whether its condition may keep it from running.
    pub(crate) conditional: bool,
    pub(crate) in_request: bool,
}

/// A call of a shared flow that is not among the bundles.
pub(crate) struct MissingCall<'a> {
    pub(crate) unit: usize,
    pub(crate) policy: usize,
    pub(crate) flow: FlowPlace<'a>,
}

/// What walking a bundle has found.
#[derive(Default)]
pub(crate) struct Walk<'a> {
    pub(crate) occurrences: Vec<Occurrence<'a>>,
    pub(crate) missing_calls: Vec<MissingCall<'a>>,
    /// Whether the bundle was too large to be walked to its end.
    pub(crate) exhausted: bool,
}

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
        let mut exits = Vec::new();
        for (number, flow) in flows.conditional.iter().enumerate() {
            let mut state = start.clone();
            choose(&mut state, &flows.conditional, Some(number));
            self.steps(self.root, &flow.request, (place(self, flow, number + 2, true), &mut state));
            exits.push(Some(state));
        }
        choose(&mut start, &flows.conditional, None);
        exits.push(Some(start));
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
        let mut ends = Vec::new();
        for (number, flow) in flows.conditional.iter().enumerate() {
            let place = place(self, flow, number + 2, false);
            ends.extend(self.response(&exits, &flows.conditional, (number, place)));
        }
        for state in exits.into_iter().flatten() {
            let mut state = state;
            choose(&mut state, &flows.conditional, None);
            ends.push(state);
        }
        for mut state in ends.into_iter().filter(State::is_possible) {
            self.steps(
                self.root,
                &flows.post_flow.response,
                (place(self, &flows.post_flow, 1, false), &mut state),
            );
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

    /// The response phase of a conditional flow, after whichever request phase can come before it.
    fn response(
        &mut self,
        exits: &[Option<State>],
        flows: &'a [Flow],
        (number, place): (usize, FlowPlace<'a>),
    ) -> Vec<State> {
        let Some(flow) = flows.get(number) else { return Vec::new() };
        let mut ends = Vec::new();
        for (other, exit) in exits.iter().enumerate() {
            let Some(exit) = exit else { continue };
            if other != number && flows.len() > CROSSED_FLOWS_MAX {
                continue;
            }
            let mut state = exit.clone();
            choose(&mut state, flows, Some(number));
            if other == number || state.is_possible() {
                self.steps(self.root, &flow.response, (place, &mut state));
                ends.push(state);
            }
        }
        ends
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
                let before = state.writes_len();
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
        let before = state.writes_len();
        let start = state.clone();
        for (number, flow) in flows.conditional.iter().enumerate() {
            let mut chosen = start.clone();
            choose(&mut chosen, &flows.conditional, Some(number));
            self.steps(self.root, steps(flow), (place(self, flow, number + 2), &mut chosen));
            state.write_perhaps(&chosen, before);
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
                    let value = write.value.filter(|_| !conditional).map(|value| match value {
                        Value::Variable(name) => state.value(&name),
                        text @ Value::Text(_) => text,
                    });
                    state.write(Write { target: write.target, value });
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
        let (facts, writes) = (inner.facts().len(), inner.writes_len());
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

/// The flow of that number is taken, or none.
fn choose(state: &mut State, flows: &[Flow], chosen: Option<usize>) {
    for flow in flows.get(..chosen.unwrap_or(flows.len())).unwrap_or_default() {
        let passed_over = state.formula(flow.condition.as_ref()).negated();
        state.assume(passed_over, Origin::EarlierFlow(flow.span.clone()));
    }
    if let Some(flow) = chosen.and_then(|chosen| flows.get(chosen)) {
        let formula = state.formula(flow.condition.as_ref());
        if let Some(source) = &flow.condition {
            state.assume(formula, Origin::Condition(source.text.span()));
        }
    }
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
