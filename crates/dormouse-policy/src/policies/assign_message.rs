//! AssignMessage: makes or changes a message, and sets variables (Apigee: "AssignMessage policy").

use crate::compile_context::CompileContext;
use crate::message_actions::{ActionError, MessageActions};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Element, Policy, Problem};
use dormouse_flow::{
    Executable, Fault, Host, ImmediatePolicy, Message, MessageId, MessageKind, Outcome, Phase, TemplateError,
    Text, Transaction, Unresolved, Value, Variable,
};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "AssignMessage",
    summary: "Makes or changes a message, and sets variables.",
    failure_prefix: "assignmessage",
    may_continue: true,
    compile,
};

struct AssignMessage {
    name: Text,
    target: Target,
    unresolved: Unresolved,
    actions: MessageActions,
}

/// `AssignTo`.
struct Target {
    /// The variable that is or becomes the message; `None` is the ambient one.
    variable: Option<Variable>,
    create_new: Option<bool>,
    kind: Option<MessageKind>,
}

fn compile(policy: &Policy, context: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let ignore = policy.element.element_text("IgnoreUnresolvedVariables");
    let ignore = ignore.is_some_and(|text| text.as_str().eq_ignore_ascii_case("true"));
    let assign = AssignMessage {
        name: policy.name.as_str().into(),
        target: Target::compile(policy.element.element("AssignTo"), &mut problems),
        unresolved: if ignore { Unresolved::Empty } else { Unresolved::Error },
        actions: MessageActions::compile(&policy.element, context, &mut problems),
    };
    (Some(Executable::Immediate(Box::new(assign))), problems)
}

impl Target {
    fn compile(element: Option<&Element>, problems: &mut Vec<Problem>) -> Self {
        let Some(element) = element else { return Self { variable: None, create_new: None, kind: None } };
        let name = element.text().trimmed();
        if name.as_str().contains(char::is_whitespace) {
            let message = format!("{:?} is no variable name (Apigee: InvalidVariableName)", name.as_str());
            problems.push(Problem::error("invalid-variable-name", message).at(name.span()));
        }
        let create_new =
            element.attribute_value("createNew").map(|text| text.trim().eq_ignore_ascii_case("true"));
        let kind = element.attribute_value("type").and_then(|text| {
            match text.trim().to_ascii_lowercase().as_str() {
                "request" => Some(MessageKind::Request),
                "response" => Some(MessageKind::Response),
                _ => None,
            }
        });
        let variable = (!name.as_str().is_empty()).then(|| Variable::parse(name.as_str()));
        Self { variable, create_new, kind }
    }

    /// The message to work on, or `None` when the named variable holds something else.
    fn resolve(&self, transaction: &mut Transaction) -> Option<MessageId> {
        let in_error_flow = transaction.phase() == Phase::Error;
        let Some(variable) =
            self.variable.as_ref().filter(|variable| !(in_error_flow && &**variable.name() == "response"))
        else {
            return Some(self.ambient(transaction, in_error_flow));
        };
        if self.create_new != Some(true) {
            match (transaction.read(variable), self.create_new) {
                (Value::Message(id), _) => return Some(id),
                (_, Some(false)) => return None,
                _ => {}
            }
        }
        let kind = self.kind.unwrap_or_else(|| kind_of_phase(transaction));
        create(transaction, variable, kind)
    }

    fn ambient(&self, transaction: &mut Transaction, in_error_flow: bool) -> MessageId {
        // In fault rules the error message is changed, whatever the attributes say.
        if in_error_flow || self.create_new != Some(true) {
            return transaction.ambient();
        }
        if (transaction.phase(), self.kind) == (Phase::Request, Some(MessageKind::Response)) {
            return transaction.set_response(Message::new(MessageKind::Response));
        }
        let kind = kind_of_phase(transaction);
        transaction.set_ambient(Message::new(kind))
    }
}

/// Makes the named message.
fn create(transaction: &mut Transaction, variable: &Variable, kind: MessageKind) -> Option<MessageId> {
    match &**variable.name() {
        "request" => return Some(transaction.set_request(Message::new(MessageKind::Request))),
        "response" => return Some(transaction.set_response(Message::new(MessageKind::Response))),
        "message" => return Some(transaction.set_ambient(Message::new(kind))),
        _ => {}
    }
    let id = transaction.add_message(Message::new(kind));
    transaction.write(variable, id).is_ok().then_some(id)
}

fn kind_of_phase(transaction: &Transaction) -> MessageKind {
    match transaction.phase() {
        Phase::Request => MessageKind::Request,
        _ => MessageKind::Response,
    }
}

impl ImmediatePolicy for AssignMessage {
    fn run(&self, transaction: &mut Transaction, _: &Host) -> Outcome {
        let Some(target) = self.target.resolve(transaction) else {
            let variable = self.target.variable.as_ref().map_or("", |variable| variable.name());
            let text =
                format!("AssignMessage[{}]: value of variable {variable} is not of type Message", self.name);
            return Fault::step("steps.assignmessage.VariableOfNonMsgType", text).into();
        };
        self.actions.run(transaction, target, self.unresolved).map_err(|error| self.fault(&error)).into()
    }
}

impl AssignMessage {
    fn fault(&self, error: &ActionError) -> Fault {
        let code = match error {
            ActionError::Template(TemplateError::Unresolved(_)) => "steps.assignmessage.UnresolvedVariable",
            _ => "steps.assignmessage.SetVariableFailed",
        };
        Fault::step(code, format!("AssignMessage[{}]: {error}", self.name))
    }
}
