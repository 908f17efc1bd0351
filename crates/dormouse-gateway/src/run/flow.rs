//! Walks flows and their steps, and reads the outcomes of policies.

use crate::faults;
use crate::program::{Deployed, Flows, Step, StepPolicy, Work};
use dormouse_flow::{Condition, Fault, FlowCall, Outcome, Phase, Text, Transaction};

/// A transaction on its way.
pub(super) struct Walk<'a> {
    deployed: &'a Deployed,
    pub(super) transaction: &'a mut Transaction,
    /// Steps are left out up to the one that runs this policy.
    pub(super) skip_to: Option<Text>,
    /// How many shared flows are running inside each other.
    depth: usize,
}

/// Which half of flows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Response,
}

/// How to go on after steps.
pub(super) enum Next {
    /// With what comes next.
    Step,
    /// With the response flow of the proxy.
    Respond,
    /// With the step of the response flow that runs this policy.
    SkipTo(Text),
}

impl<'a> Walk<'a> {
    pub(super) fn new(deployed: &'a Deployed, transaction: &'a mut Transaction) -> Self {
        Self { deployed, transaction, skip_to: None, depth: 0 }
    }

    pub(super) fn skip_to(&mut self, policy: Text) {
        self.skip_to = Some(policy);
    }

    /// PreFlow, the first conditional flow that is true now, PostFlow.
    pub(super) async fn flows(&mut self, flows: &Flows, side: Side) -> Result<Next, Fault> {
        self.transaction.place.flow = flows.pre_flow.name.clone();
        match self.steps(flows.pre_flow.side(side)).await? {
            Next::Step => {}
            other => return Ok(other),
        }
        for flow in &flows.conditional {
            if self.holds(flow.condition.as_ref())? {
                self.transaction.place.flow = flow.name.clone();
                match self.steps(flow.side(side)).await? {
                    Next::Step => break,
                    other => return Ok(other),
                }
            }
        }
        self.transaction.place.flow = flows.post_flow.name.clone();
        self.steps(flows.post_flow.side(side)).await
    }

    /// Steps in order.
    pub(super) async fn steps(&mut self, steps: &[Step]) -> Result<Next, Fault> {
        for step in steps {
            if self.skip_to.as_ref().is_some_and(|wanted| *wanted != step.policy.name) {
                continue;
            }
            self.skip_to = None;
            if !self.holds(step.condition.as_ref())? {
                continue;
            }
            match self.policy(&step.policy).await? {
                Next::Step => {}
                // Only the request side can go over to the response.
                _ if self.transaction.phase() != Phase::Request => {}
                other => return Ok(other),
            }
        }
        Ok(Next::Step)
    }

    /// An absent condition holds.
    pub(super) fn holds(&self, condition: Option<&Condition>) -> Result<bool, Fault> {
        let holds = condition.map(|condition| condition.holds(self.transaction));
        holds.unwrap_or(Ok(true)).map_err(|error| faults::condition_failed(&error))
    }

    async fn policy(&mut self, policy: &StepPolicy) -> Result<Next, Fault> {
        let fault = match &policy.work {
            Work::Disabled => return Ok(Next::Step),
            Work::Fault(text) => faults::policy_not_runnable(text.clone()),
            Work::Run(executable) => match executable.run(self.transaction, &self.deployed.host).await {
                Outcome::Continue => return Ok(Next::Step),
                Outcome::Respond => return Ok(Next::Respond),
                Outcome::SkipTo(wanted) => return Ok(Next::SkipTo(wanted)),
                Outcome::Fault(fault) => *fault,
                Outcome::CallFlow(call) => match Box::pin(self.call(call)).await {
                    Ok(next) => return Ok(next),
                    Err(fault) => fault,
                },
            },
        };
        self.transaction.note(&policy.failed, true);
        if policy.continue_on_error { Ok(Next::Step) } else { Err(fault) }
    }

    /// Runs a shared flow. Its parameters exist while it runs.
    async fn call(&mut self, call: FlowCall) -> Result<Next, Fault> {
        let deployed = self.deployed;
        let Some(steps) = deployed.shared_flows.get(&call.shared_flow) else {
            return Err(faults::shared_flow_not_found(&call.shared_flow));
        };
        if self.depth == DEPTH_MAX {
            return Err(faults::shared_flows_too_deep(&call.shared_flow));
        }
        let mut before = Vec::with_capacity(call.parameters.len());
        for (name, value) in call.parameters {
            before.push((name.clone(), self.transaction.get(&name)));
            self.transaction.note(&name, value);
        }
        let caller = self.transaction.place.shared_flow.replace(call.shared_flow);
        self.depth += 1;
        let result = self.steps(steps).await;
        self.depth -= 1;
        self.transaction.place.shared_flow = caller;
        for (name, value) in before.into_iter().rev() {
            self.transaction.note(&name, value);
        }
        result
    }
}

impl Flows {
    /// Whether a step of a response flow runs this policy.
    pub(super) fn responds_with(&self, policy: &str) -> bool {
        let mut flows = [&self.pre_flow, &self.post_flow].into_iter().chain(&self.conditional);
        flows.any(|flow| flow.response.iter().any(|step| *step.policy.name == *policy))
    }
}

impl crate::program::Flow {
    fn side(&self, side: Side) -> &[Step] {
        match side {
            Side::Request => &self.request,
            Side::Response => &self.response,
        }
    }
}

/// Deeper than any design; stops shared flows that call each other for ever.
const DEPTH_MAX: usize = 16;
