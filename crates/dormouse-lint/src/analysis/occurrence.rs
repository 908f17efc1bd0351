//! What a walk through a bundle brings home: where OAuth policies are attached, and what leads there.

use super::state::State;
use dormouse_bundle::{ConditionSource, Step};

/// One place where an OAuth policy is attached to a flow of an endpoint, directly or through shared flows.
pub(crate) struct Occurrence<'a> {
    /// Which bundle's policy.
    pub(crate) unit: usize,
    /// Which policy of the bundle.
    pub(crate) policy: usize,
    /// Absent for a policy without any flows around it.
    pub(crate) step: Option<&'a Step>,
    pub(crate) flow: FlowPlace<'a>,
    /// The ways that lead here, possible or not. None if the policy is disabled.
    pub(crate) ways: Vec<State>,
    /// What runs behind it on these ways.
    pub(crate) after: Vec<After>,
}

/// A flow of an endpoint, or a shared flow that nobody calls.
#[derive(Clone, Copy)]
pub(crate) struct FlowPlace<'a> {
    /// The bundle whose endpoint it is.
    pub(crate) unit: usize,
    /// Counts the flows of the bundle; request and response phase of a flow have the same number.
    pub(crate) number: usize,
    pub(crate) name: &'a str,
    pub(crate) condition: Option<&'a ConditionSource>,
    pub(crate) in_request: bool,
}

/// A step that runs after an occurrence.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct After {
    pub(crate) unit: usize,
    pub(crate) policy: usize,
    /// Whether its condition may keep it from running.
    pub(crate) conditional: bool,
    pub(crate) in_request: bool,
}

/// A call of a shared flow that is not among the bundles.
pub(crate) struct MissingCall<'a> {
    pub(crate) unit: usize,
    pub(crate) policy: usize,
    pub(crate) flow: FlowPlace<'a>,
}

/// What walking a bundle has found.
#[derive(Default)]
pub(crate) struct Walk<'a> {
    pub(crate) occurrences: Vec<Occurrence<'a>>,
    pub(crate) missing_calls: Vec<MissingCall<'a>>,
    /// Whether the bundle was too large to be walked to its end.
    pub(crate) exhausted: bool,
}
