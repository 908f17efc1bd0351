//! DataCapture: accepted and without effect (Apigee: "DataCapture policy").

use crate::compile_context::CompileContext;
use crate::registry::{Compiled, PolicyKind};
use crate::sink::compile_sink;
use dormouse_bundle::Policy;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "DataCapture",
    summary: "Accepted without effect: nothing is captured.",
    failure_prefix: "datacapture",
    may_continue: true,
    compile,
};

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    compile_sink(policy, "analytics service")
}
