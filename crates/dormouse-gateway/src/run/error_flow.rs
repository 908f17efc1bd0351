//! Fault rules: which one runs after a fault, and what ends them (Apigee: "Handling faults").

use super::flow::Walk;
use crate::program::{FaultRule, Flows, Step};
use dormouse_flow::{Condition, Fault};

/// Runs the fault rules of the endpoint in which a fault happened. Afterwards the error message is the response.
pub(super) async fn run_error_flow(flows: &Flows, fault: Fault, walk: &mut Walk<'_>) {
    walk.transaction.enter_error_flow(fault);
    let chosen = flows.fault_rules.iter().find(|rule| holds(rule.condition.as_ref(), walk));
    if let Some(FaultRule { steps, .. }) = chosen
        && run_steps(steps, walk).await == Ended::ByFault
    {
        return;
    }
    let Some(default) = &flows.default_fault_rule else { return };
    if (chosen.is_none() || default.always_enforce) && holds(default.rule.condition.as_ref(), walk) {
        run_steps(&default.rule.steps, walk).await;
    }
}

/// How the steps of a rule ended.
#[derive(PartialEq, Eq)]
enum Ended {
    ByFault,
    Normally,
}

/// A fault inside a rule, RaiseFault above all, replaces the first one and ends the error flow.
async fn run_steps(steps: &[Step], walk: &mut Walk<'_>) -> Ended {
    match walk.steps(steps).await {
        Ok(_) => Ended::Normally,
        Err(fault) => {
            walk.transaction.enter_error_flow(fault);
            Ended::ByFault
        }
    }
}

/// A condition that cannot be evaluated chooses no rule: there is no further error flow to go to.
fn holds(condition: Option<&Condition>, walk: &Walk<'_>) -> bool {
    walk.holds(condition).unwrap_or(false)
}
