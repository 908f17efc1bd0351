//! AssertCondition: evaluates a condition into a variable (Apigee: "AssertCondition policy").
//!
//! Variables: `assertcondition.P.truthValue`; `AssertCondition.P.failed`. Faults:
//! `steps.assertcondition.ConditionEvaluationFailed`, status 500.

use crate::compile_context::{CompileContext, compile_condition};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{ConditionSource, Policy, Problem};
use dormouse_flow::{Condition, Executable, Fault, Host, ImmediatePolicy, Outcome, Text, Transaction};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "AssertCondition",
    summary: "Evaluates a condition into a variable.",
    failure_prefix: "AssertCondition",
    may_continue: true,
    compile,
};

struct AssertCondition {
    name: Text,
    truth: Text,
    condition: Condition,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let text = policy.element.element_text("Condition").filter(|text| !text.as_str().is_empty());
    let Some(text) = text else {
        let message = "the policy has no Condition";
        return (None, vec![Problem::error("no-condition", message).at(policy.span())]);
    };
    let parsed = dormouse_bundle::parse_condition(text.as_str());
    if let Err(error) = &parsed.condition {
        let message = format!("the condition cannot be read: {error}");
        problems.push(Problem::error("condition-syntax", message).at(text.span()));
    }
    let source = ConditionSource { text, parsed: parsed.condition, tolerated: parsed.tolerated };
    let assert = AssertCondition {
        name: policy.name.as_str().into(),
        truth: format!("assertcondition.{}.truthValue", policy.name).into(),
        condition: compile_condition(&source, &mut problems),
    };
    (Some(Executable::Immediate(Box::new(assert))), problems)
}

impl ImmediatePolicy for AssertCondition {
    fn run(&self, transaction: &mut Transaction, _: &Host) -> Outcome {
        match self.condition.holds(transaction) {
            Ok(truth) => {
                transaction.note(&self.truth, truth);
                Outcome::Continue
            }
            Err(error) => {
                let text =
                    format!("AssertCondition[{}]: the condition cannot be evaluated: {error}", self.name);
                Fault::step("steps.assertcondition.ConditionEvaluationFailed", text).into()
            }
        }
    }
}
