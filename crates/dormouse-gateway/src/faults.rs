//! Faults of the gateway itself (Apigee: "Runtime errors").

use dormouse_flow::{CallError, Category, EvaluationError, Fault, Message};
use dormouse_policy::ConnectionError;

/// No proxy is deployed at the path.
pub(crate) fn application_not_found(path: &str, secure: bool) -> Fault {
    let host = if secure { "secure" } else { "default" };
    let text = format!("Unable to identify proxy for host: {host} and url: {path}");
    Fault::messaging(404, "messaging.adaptors.http.flow.ApplicationNotFound", text)
}

/// No route rule is true.
pub(crate) fn route_failed() -> Fault {
    let text = "Unable to route the message to a TargetEndpoint";
    Fault::messaging(500, "messaging.runtime.RouteFailed", text)
}

/// A route rule names a target endpoint that the bundle does not have.
pub(crate) fn target_missing(name: &str) -> Fault {
    Fault::messaging(500, "messaging.runtime.TargetMissing", format!("TargetEndpoint {name} does not exist"))
}

/// The target cannot be reached.
pub(crate) fn service_unavailable() -> Fault {
    let code = "messaging.adaptors.http.flow.ServiceUnavailable";
    Fault {
        category: Category::Transport,
        ..Fault::messaging(503, code, "The Service is temporarily unavailable")
    }
}

/// A target did not answer as HTTP wants it.
pub(crate) fn connection_failed(error: &ConnectionError) -> Fault {
    let fault = |status, code: &'static str, text: &str| Fault {
        category: Category::Transport,
        ..Fault::messaging(status, code, text)
    };
    let ConnectionError::Call(error) = error else {
        return match error {
            ConnectionError::NoActiveTargets => fault(
                503,
                "messaging.adaptors.http.flow.NoActiveTargets",
                "The Service is temporarily unavailable",
            ),
            _ => service_unavailable(),
        };
    };
    match error {
        CallError::InvalidRequest(_) => fault(400, "protocol.http.BadPath", "Invalid request path"),
        CallError::TlsHandshake(reason) => fault(
            503,
            "messaging.adaptors.http.flow.SslHandshakeFailed",
            &format!("SSL Handshake failed {reason}"),
        ),
        CallError::Timeout => fault(504, "messaging.adaptors.http.flow.GatewayTimeout", "Gateway Timeout"),
        CallError::ClosedEarly => {
            fault(502, "messaging.adaptors.http.flow.UnexpectedEOFAtTarget", "Unexpected EOF at target")
        }
        CallError::Malformed(_) => {
            fault(502, "protocol.http.BadResponse", "Malformed response of the target")
        }
        CallError::HeadTooLarge => {
            fault(502, "protocol.http.TooBigHeaders", "response headers size exceeding")
        }
        CallError::BodyTooLarge => fault(502, "protocol.http.TooBigBody", "Body buffer overflow"),
        CallError::Offline
        | CallError::Unresolved(_)
        | CallError::Unreachable(_)
        | CallError::ConnectTimeout => service_unavailable(),
    }
}

/// A target answered with a status that is no success; its own response goes out unless a fault rule changes it.
pub(crate) fn error_response(status: u16, response: Message) -> Fault {
    let text = format!("The target answered with status {status}");
    Fault::messaging(status, "messaging.adaptors.http.flow.ErrorResponseCode", text).with_response(response)
}

/// A FlowCallout names a shared flow that is not deployed.
pub(crate) fn shared_flow_not_found(name: &str) -> Fault {
    Fault::step("flow.SharedFlowNotFound", format!("Shared Flow {name} Not Found"))
}

/// Shared flows call each other without end.
pub(crate) fn shared_flows_too_deep(name: &str) -> Fault {
    Fault::step("flow.SharedFlowRecursion", format!("Shared flow {name} is called too deeply"))
}

/// Proxies call each other without end.
pub(crate) fn local_calls_too_deep() -> Fault {
    Fault::messaging(500, "messaging.runtime.LocalCallsTooDeep", "Proxies call each other too deeply")
}

/// A condition could not be evaluated.
pub(crate) fn condition_failed(error: &EvaluationError) -> Fault {
    let code = "messaging.runtime.ConditionEvaluationFailed";
    Fault { category: Category::System, ..Fault::messaging(500, code, error.to_string()) }
}

/// A step runs a policy that this version cannot run.
pub(crate) fn policy_not_runnable(text: String) -> Fault {
    Fault { category: Category::System, ..Fault::step("steps.runtime.PolicyNotRunnable", text) }
}
