//! Apigee bundles without running them: an element tree with positions, the bundle model, syntax trees of
//! conditions and message templates, the typed configuration of the OAuth policies, and every problem that can
//! be told without traffic.
//!
//! Invariants: reading never fails, it returns what was understood and a list of problems; everything read
//! keeps its place in its file; nothing here knows sockets, time or policies' behaviour.

mod archive;
mod bundle_source;
mod condition;
mod condition_lexer;
mod condition_parser;
mod decode;
mod diagnose;
mod directory;
mod element;
mod file_tree;
mod load;
mod loose;
mod model;
mod oauth_info;
mod oauth_operation;
mod oauth_policy;
mod oauth_reader;
mod oauth_v2;
mod oauth_v2_reader;
mod problem;
mod read_endpoint;
mod read_flow;
mod source;
mod source_text;
mod template;
mod walk;
mod xml;
mod xml_outline;

pub use bundle_source::{BundleSource, BundleSourceError};
pub use condition::{Condition, Number, NumberValue, Operand, Operator};
pub use condition_parser::{ConditionError, ConditionErrorKind, ParsedCondition, parse_condition};
pub use diagnose::diagnose;
pub use element::{Attribute, Element, Node};
pub use load::load;
pub use loose::{LooseFile, load_loose};
pub use model::{
    Bundle, BundleKind, ConditionSource, DefaultFaultRule, EndpointFlows, FaultRule, Flow,
    HttpTargetConnection, LoadBalancer, LoadBalancerServer, LocalTargetConnection, Policy, Property,
    ProxyEndpoint, Resource, RouteRule, RouteTarget, SharedFlow, Step, TargetConnection, TargetEndpoint,
};
pub use oauth_info::{DeleteOAuthV2Info, GetOAuthV2Info, InfoSubject, RevokeOAuthV2, SetOAuthV2Info};
pub use oauth_operation::{Algorithm, Grant, Operation};
pub use oauth_policy::{OAuthPolicy, oauth_policy};
pub use oauth_reader::{Lifetime, TokenAttribute, ValueOrReference};
pub use oauth_v2::{GeneratedResponse, OAuthV2, ResponseFormat, TokenKind, TokenReference};
pub use problem::{Level, Problem, sort_problems};
pub use source::{Located, Position, SourceFile, Span};
pub use source_text::SourceText;
pub use template::{Argument, Delimiters, Part, Template};
pub use xml::parse_xml;
