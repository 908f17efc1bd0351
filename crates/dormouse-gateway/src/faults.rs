//! Faults of the gateway itself (Apigee: "Runtime errors").

use dormouse_flow::{Category, EvaluationError, Fault};

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

/// A FlowCallout names a shared flow that is not deployed.
pub(crate) fn shared_flow_not_found(name: &str) -> Fault {
    Fault::step("flow.SharedFlowNotFound", format!("Shared Flow {name} Not Found"))
}

/// Shared flows call each other without end.
pub(crate) fn shared_flows_too_deep(name: &str) -> Fault {
    Fault::step("flow.SharedFlowRecursion", format!("Shared flow {name} is called too deeply"))
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
