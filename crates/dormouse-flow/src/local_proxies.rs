//! The port for requests to proxies of the same program, which need no connection (Apigee: "Chaining API proxies together").

use crate::context::Arrival;
use crate::message::Message;
use crate::value::Text;
use std::pin::Pin;
use std::sync::Arc;

/// The deployed proxies, as a flow calls them.
pub trait LocalProxies: Send + Sync {
    /// Answers one request. Dropping the future gives the call up.
    fn call(self: Arc<Self>, call: LocalCall) -> LocalCallFuture;
}

/// The response to a local call; `None` when no such proxy is deployed. It stays on its thread, as transactions do.
pub type LocalCallFuture = Pin<Box<dyn Future<Output = Option<Message>>>>;

/// One request to a proxy of the same program.
pub struct LocalCall {
    /// Verb, path with query, headers and body.
    pub request: Message,
    /// Which proxy answers.
    pub target: LocalTarget,
    /// How the request of the calling transaction came in.
    pub arrival: Arrival,
    /// How many local calls contain this one, itself included.
    pub depth: usize,
}

/// How a `LocalTargetConnection` names its proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalTarget {
    /// `Path`: the proxy with the request's base path.
    BasePath,
    /// `APIProxy` and `ProxyEndpoint`; the request's path is what follows its base path.
    Endpoint {
        /// The name under which the proxy is deployed.
        proxy: Text,
        /// The name of its endpoint.
        endpoint: Text,
    },
}
