//! What a policy wants to happen next. A policy never calls the gateway; the gateway reads this.

use crate::fault::Fault;
use crate::value::{Text, Value};

/// The result of one policy.
pub enum Outcome {
    /// Go on with the next step.
    Continue,
    /// The response of the transaction exists: go on with the proxy's response flow, without target.
    Respond,
    /// Run a shared flow, then go on with the next step.
    CallFlow(FlowCall),
    /// The response of the transaction exists: go on in the response flow with the step that runs this policy.
    SkipTo(Text),
    /// Stop here and enter the error flow, unless the step says `continueOnError`.
    Fault(Box<Fault>),
}

/// A call of a shared flow.
pub struct FlowCall {
    /// The name of the shared flow's bundle.
    pub shared_flow: Text,
    /// Variables that exist during the call only.
    pub parameters: Vec<(Text, Value)>,
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl From<Result<(), Fault>> for Outcome {
    fn from(result: Result<(), Fault>) -> Self {
        result.map_or_else(Self::from, |()| Self::Continue)
    }
}
