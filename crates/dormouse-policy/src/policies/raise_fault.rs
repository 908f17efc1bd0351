//! RaiseFault: ends the flow with a response of the bundle's choice (Apigee: "RaiseFault policy").

use crate::compile_context::CompileContext;
use crate::message_actions::{ActionError, MessageActions};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::Policy;
use dormouse_flow::{
    Executable, Fault, Host, ImmediatePolicy, Message, Outcome, Phase, TemplateError, Text, Transaction,
    Unresolved, standard_message,
};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "RaiseFault",
    summary: "Ends the flow with a response of the bundle's choice.",
    failure_prefix: "raisefault",
    may_continue: false,
    compile,
};

struct RaiseFault {
    text: String,
    unresolved: Unresolved,
    actions: Option<MessageActions>,
    failed: Text,
}

fn compile(policy: &Policy, context: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let is = |name: &str, truth: &str| {
        policy.element.element_text(name).is_some_and(|text| text.as_str().eq_ignore_ascii_case(truth))
    };
    let response = policy.element.element("FaultResponse");
    let raise = RaiseFault {
        text: if is("ShortFaultReason", "true") {
            policy.name.clone()
        } else {
            format!("Raising fault. Fault name : {}", policy.name)
        },
        unresolved: if is("IgnoreUnresolvedVariables", "false") {
            Unresolved::Error
        } else {
            Unresolved::Empty
        },
        actions: response.map(|response| MessageActions::compile(response, context, &mut problems)),
        failed: "raisefault.failed".into(),
    };
    (Some(Executable::Immediate(Box::new(raise))), problems)
}

impl ImmediatePolicy for RaiseFault {
    fn run(&self, transaction: &mut Transaction, _: &Host) -> Outcome {
        transaction.note(&self.failed, true);
        let fault = Fault::step(CODE, self.text.clone());
        let Some(actions) = &self.actions else { return fault.into() };
        let id = transaction.add_message(self.first_message(transaction, actions));
        match actions.run(transaction, id, self.unresolved) {
            Ok(()) => {
                let response = transaction.message(id).clone();
                fault.with_status(response.status().unwrap_or(500)).with_response(response).into()
            }
            Err(error) => failure(&error).into(),
        }
    }
}

impl RaiseFault {
    /// In a fault rule, what an earlier fault wrote stays where this one writes nothing. A Set without a payload means
    /// an empty body; without any Set the standard body says what happened.
    fn first_message(&self, transaction: &Transaction, actions: &MessageActions) -> Message {
        match transaction.error_message().filter(|_| transaction.phase() == Phase::Error) {
            Some(earlier) => earlier.clone(),
            None if actions.has_set() => Message::response(500),
            None => standard_message(500, CODE, &self.text),
        }
    }
}

fn failure(error: &ActionError) -> Fault {
    let code = match error {
        ActionError::Template(TemplateError::Unresolved(_)) => "steps.raisefault.UnresolvedVariable",
        _ => "steps.raisefault.SetVariableFailed",
    };
    Fault::step(code, error.to_string())
}

const CODE: &str = "steps.raisefault.RaiseFault";
