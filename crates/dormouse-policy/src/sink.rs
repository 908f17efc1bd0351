//! Policies that hand data to systems outside the gateway, which do not exist here. They are accepted, say so once when
//! their bundle is loaded, and do nothing: what they would send may be confidential, and belongs in no local file.

use crate::registry::Compiled;
use dormouse_bundle::{Policy, Problem};
use dormouse_flow::{Executable, Host, ImmediatePolicy, Outcome, Transaction};

struct Sink;

/// A policy that only tells that it has no effect.
pub(crate) fn compile_sink(policy: &Policy, receiver: &str) -> Compiled {
    let message = format!("{} {} has no effect: there is no {receiver} to send to", policy.kind, policy.name);
    let problem = Problem::info("no-effect", message).at(policy.span());
    (Some(Executable::Immediate(Box::new(Sink))), vec![problem])
}

impl ImmediatePolicy for Sink {
    fn run(&self, _: &mut Transaction, _: &Host) -> Outcome {
        Outcome::Continue
    }
}
