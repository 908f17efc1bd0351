//! MessageLogging: accepted and without effect (Apigee: "MessageLogging policy").

use crate::compile_context::CompileContext;
use crate::registry::{Compiled, PolicyKind};
use crate::sink::compile_sink;
use dormouse_bundle::Policy;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "MessageLogging",
    summary: "Accepted without effect: no log server is written to.",
    failure_prefix: "messagelogging",
    may_continue: true,
    compile,
};

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    compile_sink(policy, "log server")
}
