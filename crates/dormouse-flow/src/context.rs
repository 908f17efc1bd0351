//! Where a transaction is: who asked, and which endpoint and flow are running. The gateway keeps this up to date;
//! variables such as `proxy.pathsuffix` and `current.flow.name` read it.

use crate::value::Text;
use dormouse_token::Timestamp;
use std::net::SocketAddr;

/// How a request came in.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The peer of the connection.
    pub client: SocketAddr,
    /// Whether the connection is encrypted.
    pub secure: bool,
    /// When the head was read.
    pub started_at: Timestamp,
    /// When the body was read.
    pub ended_at: Timestamp,
}

/// The endpoint and flow that are running.
#[derive(Clone, Default)]
pub struct Place {
    /// `proxy.name`
    pub proxy_endpoint: Text,
    /// `proxy.basepath`: the configured pattern.
    pub base_path: Text,
    /// `proxy.pathsuffix`
    pub path_suffix: Text,
    /// `current.flow.name`
    pub flow: Text,
    /// `current.flow.description`
    pub flow_description: Text,
    /// `apigee.edge.sharedflow.name`
    pub shared_flow: Option<Text>,
    /// Whether the flows and fault rules of a target endpoint run.
    pub in_target: bool,
    /// `route.name`
    pub route: Option<Text>,
    /// `route.target`
    pub route_target: Option<Text>,
}

/// The phases of a transaction. They decide which message `message` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Flows on the way to the target.
    Request,
    /// Flows on the way back.
    Response,
    /// Fault rules.
    Error,
    /// After the response was sent.
    PostClient,
}
