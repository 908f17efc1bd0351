//! Apigee bundles without running them: an element tree with positions, the bundle model, syntax trees of
//! conditions and message templates, the typed configuration of the OAuth policies, and every problem that can
//! be told without traffic.
//!
//! Invariants: reading never fails, it returns what was understood and a list of problems; everything read
//! keeps its place in its file; nothing here knows sockets, time or policies' behaviour.

mod condition;
mod condition_lexer;
mod condition_parser;
mod element;
mod model;
mod problem;
mod source;
mod source_text;
mod template;

pub use condition::{Condition, Number, NumberValue, Operand, Operator};
pub use condition_parser::{ConditionError, ConditionErrorKind, ParsedCondition, parse_condition};
pub use element::{Attribute, Element, Node};
pub use model::{
    Bundle, BundleKind, ConditionSource, DefaultFaultRule, EndpointFlows, FaultRule, Flow,
    HttpTargetConnection, LoadBalancer, LoadBalancerServer, LocalTargetConnection, Policy, Property,
    ProxyEndpoint, Resource, RouteRule, RouteTarget, SharedFlow, Step, TargetConnection, TargetEndpoint,
};
pub use problem::{Level, Problem, sort_problems};
pub use source::{Located, Position, SourceFile, Span};
pub use source_text::SourceText;
pub use template::{Argument, Delimiters, Part, Template};
