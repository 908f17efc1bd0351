//! Who acts: known to the task that answers a request, so that nothing in between has to pass it on.

use serde_json::{Value, json};
use std::net::IpAddr;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever holds the admin token, from an address.
    Admin(IpAddr),
    /// The command line on a data directory that nothing serves.
    CommandLine,
    /// A client of the native endpoints, from an address.
    Client(IpAddr),
    /// A bundle's proxy for a caller from an address.
    Proxy(String, IpAddr),
    /// The service itself.
    Service,
}

impl Actor {
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Admin(address) => json!({ "kind": "admin", "address": address.to_string() }),
            Self::CommandLine => json!({ "kind": "command-line" }),
            Self::Client(address) => json!({ "kind": "client", "address": address.to_string() }),
            Self::Proxy(proxy, address) => {
                json!({ "kind": "proxy", "proxy": proxy, "address": address.to_string() })
            }
            Self::Service => json!({ "kind": "service" }),
        }
    }
}

/// Answers a request on somebody's behalf.
pub(crate) async fn acting<T>(actor: Actor, answer: impl Future<Output = T>) -> T {
    ACTOR.scope(actor, answer).await
}

/// Who acts now.
pub(crate) fn current() -> Actor {
    ACTOR.try_with(Clone::clone).unwrap_or(Actor::Service)
}

tokio::task_local! {
    static ACTOR: Actor;
}
