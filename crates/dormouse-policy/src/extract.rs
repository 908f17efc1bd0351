//! What the ExtractVariables policy is made of. The policy itself is in `policies`.

mod pattern;
mod target;

pub(crate) use pattern::{CapturePattern, PatternKind};
pub(crate) use target::{Cast, cast};
