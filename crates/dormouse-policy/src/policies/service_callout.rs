//! ServiceCallout: sends a request to another server and keeps its response (Apigee: "ServiceCallout policy").

use crate::compile_context::CompileContext;
use crate::connection::{ConnectionError, HttpConnection};
use crate::message_actions::MessageActions;
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Policy, Problem};
use dormouse_flow::{
    Executable, Fault, Host, Message, MessageId, MessageKind, OutcomeFuture, Text, Transaction, Unresolved,
    Value, Variable, WaitingPolicy,
};
use std::time::Duration;
use tokio::sync::Semaphore;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "ServiceCallout",
    summary: "Sends a request to another server and keeps its response.",
    failure_prefix: "servicecallout",
    may_continue: true,
    compile,
};

struct ServiceCallout {
    name: Text,
    connection: HttpConnection,
    request: Variable,
    actions: MessageActions,
    unresolved: Unresolved,
    clears_payload: bool,
    /// Where the response goes; without it, nobody asks how the call ended.
    response: Option<Variable>,
}

fn compile(policy: &Policy, context: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let request = policy.element.element("Request");
    let attribute = |name: &str| request.and_then(|request| request.attribute_value(name)).map(str::trim);
    let is_true = |text: &str| text.eq_ignore_ascii_case("true");
    let ignores = request.and_then(|request| request.element_text("IgnoreUnresolvedVariables"));
    let connection = match ["HTTPTargetConnection", "LocalTargetConnection"]
        .map(|name| policy.element.element(name))
    {
        [Some(http), _] => HttpConnection::compile(http, &mut problems),
        [None, Some(local)] => HttpConnection::compile_local(local, &mut problems),
        [None, None] => {
            let message = "ServiceCallout has neither HTTPTargetConnection nor LocalTargetConnection (Apigee: \
                           ConnectionInfoMissing)";
            return (None, vec![Problem::error("connection-info-missing", message).at(policy.span())]);
        }
    };
    let timeout = timeout(policy, &mut problems);
    let response = policy.element.element_text("Response").filter(|name| !name.as_str().is_empty());
    let Some(connection) = connection else { return (None, problems) };
    let callout = ServiceCallout {
        name: policy.name.as_str().into(),
        connection: connection.within(timeout),
        request: Variable::parse(attribute("variable").filter(|name| !name.is_empty()).unwrap_or(REQUEST)),
        actions: MessageActions::compile(request.unwrap_or(&policy.element), context, &mut problems),
        unresolved: match ignores {
            Some(text) if is_true(text.as_str()) => Unresolved::Empty,
            _ => Unresolved::Error,
        },
        clears_payload: attribute("clearPayload").is_some_and(is_true),
        response: response.map(|name| Variable::parse(name.as_str())),
    };
    (Some(Executable::Waiting(Box::new(callout))), problems)
}

fn timeout(policy: &Policy, problems: &mut Vec<Problem>) -> Duration {
    let Some(text) = policy.element.element_text("Timeout").filter(|text| !text.as_str().is_empty()) else {
        return TIMEOUT;
    };
    if let Some(ms) = text.as_str().parse().ok().filter(|ms| *ms > 0) {
        return Duration::from_millis(ms);
    }
    let message = format!("{:?} is no time in milliseconds (Apigee: InvalidTimeoutValue)", text.as_str());
    problems.push(Problem::error("invalid-timeout", message).at(text.span()));
    TIMEOUT
}

impl WaitingPolicy for ServiceCallout {
    fn run<'a>(&'a self, transaction: &'a mut Transaction, host: &'a Host) -> OutcomeFuture<'a> {
        Box::pin(async move { self.call(transaction, host).await.into() })
    }
}

impl ServiceCallout {
    async fn call(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Fault> {
        let id = self.request(transaction)?;
        let prepared = self.actions.run(transaction, id, self.unresolved);
        prepared.map_err(|error| self.failed(&error.to_string()))?;
        let request = transaction.message(id).clone();
        let url = self.connection.url(transaction);
        transaction.note(&format!("servicecallout.{}.target.url", self.name).into(), Value::from(url));
        transaction.note(&"servicecallout.requesturi".into(), request.uri().map(Text::from));
        if self.clears_payload {
            transaction.message_mut(id).set_body("");
        }
        let Some(variable) = &self.response else {
            self.send_alone(request, transaction, host).await;
            return Ok(());
        };
        let sent = self.connection.send(request, transaction, host).await;
        let response = sent.map_err(|error| self.failed(reason(&error)))?;
        let status = response.status().unwrap_or_default();
        // It is there for a flow that goes on after a status that counts as an error.
        let id = transaction.add_message(response);
        transaction.write(variable, id).map_err(|error| self.failed(&error.to_string()))?;
        if self.connection.is_success(status) {
            return Ok(());
        }
        Err(self.failed(&format!("ResponseCode {status} is treated as error")))
    }

    /// Nobody asks how the call ends, nor waits for it, except where it runs on this thread.
    async fn send_alone(&self, request: Message, transaction: &Transaction, host: &Host) {
        if self.connection.is_local() {
            drop(self.connection.send(request, transaction, host).await);
            return;
        }
        let Ok(permit) = ALONE.try_acquire() else {
            tracing::warn!(policy = %self.name, "too many calls that nobody waits for are under way; this one is left out");
            return;
        };
        if let Some(call) = self.connection.send_alone(request, transaction, host) {
            tokio::spawn(async move {
                drop(call.await);
                drop(permit);
            });
        }
    }

    /// The request to send: the variable's message, or a new empty one.
    fn request(&self, transaction: &mut Transaction) -> Result<MessageId, Fault> {
        let variable = self.request.name();
        let fault = |code: &'static str, kind: &str| {
            let text = format!(
                "ServiceCallout[{}]: request variable {variable} value is not of type {kind}",
                self.name
            );
            Err(Fault::step(code, text))
        };
        match transaction.read(&self.request) {
            Value::Message(id) if transaction.message(id).kind() == MessageKind::Request => Ok(id),
            Value::Message(_) => {
                fault("steps.servicecallout.RequestVariableNotRequestMessageType", "Request Message")
            }
            Value::Null => {
                let id = transaction.add_message(Message::new(MessageKind::Request));
                // A name that cannot be written only keeps later policies from reading the request.
                drop(transaction.write(&self.request, id));
                Ok(id)
            }
            _ => fault("steps.servicecallout.RequestVariableNotMessageType", "Message"),
        }
    }

    fn failed(&self, reason: &str) -> Fault {
        let text = format!("Execution of ServiceCallout {} failed. Reason: {reason}", self.name);
        Fault::step("steps.servicecallout.ExecutionFailed", text)
    }
}

/// Never the URL, which may hold a secret.
fn reason(error: &ConnectionError) -> &'static str {
    use dormouse_flow::CallError;
    match error {
        ConnectionError::InvalidUrl => "invalid URL",
        ConnectionError::NoSuchProxy => "no such proxy is deployed",
        ConnectionError::NoActiveTargets => "no active target server",
        ConnectionError::Call(CallError::Timeout | CallError::ConnectTimeout) => "timeout occurred",
        ConnectionError::Call(CallError::Unresolved(_)) => "Host not reachable",
        ConnectionError::Call(CallError::TlsHandshake(_)) => "SSL Handshake failed",
        ConnectionError::Call(_) => "connection failed",
    }
}

/// The request's variable when the policy names none.
const REQUEST: &str = "servicecallout.request";

/// Bounds the calls that nobody waits for.
static ALONE: Semaphore = Semaphore::const_new(1024);

/// Apigee's default.
const TIMEOUT: Duration = Duration::from_secs(55);
