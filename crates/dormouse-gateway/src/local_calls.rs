//! Proxies that call each other without a connection (Apigee: "Chaining API proxies together").

use crate::faults;
use crate::program::{Deployed, Endpoint};
use crate::reply::Sent;
use crate::run;
use dormouse_flow::{
    LocalCall, LocalCallFuture, LocalProxies, LocalTarget, Message, Place, Text, Transaction,
};
use std::sync::Arc;

impl LocalProxies for Deployed {
    fn call(self: Arc<Self>, call: LocalCall) -> LocalCallFuture {
        Box::pin(answer(self, call))
    }
}

async fn answer(deployed: Arc<Deployed>, call: LocalCall) -> Option<Message> {
    if call.depth > DEPTH_MAX {
        return Some(faults::local_calls_too_deep().into_message());
    }
    let LocalCall { mut request, target, arrival, depth } = call;
    let path = request.path().unwrap_or_default().to_owned();
    let (endpoint, suffix) = match target {
        LocalTarget::BasePath => {
            let (endpoint, suffix) = deployed.find(&path)?;
            (Arc::clone(endpoint), Text::from(suffix))
        }
        LocalTarget::Endpoint { proxy, endpoint } => {
            let is_meant = |own: &&Arc<Endpoint>| own.deployment.name == proxy && own.name == endpoint;
            let endpoint = Arc::clone(deployed.endpoints.iter().find(is_meant)?);
            request.set_path(&format!("{}{path}", endpoint.base_path.text.trim_end_matches('/')));
            (endpoint, Text::from(path))
        }
    };
    let mut transaction = begin(&deployed, &endpoint, suffix, (request, arrival, depth));
    run::run(&deployed, &endpoint, &mut transaction).await;
    let response = transaction.error_message().or_else(|| transaction.response()).cloned();
    if !endpoint.post_client_flow.is_empty() {
        let now = deployed.host.clock.now();
        let sent = Sent { started_at: now, ended_at: now };
        run::run_post_client_flow(&deployed, &endpoint, &mut transaction, sent).await;
    }
    Some(response.unwrap_or_else(|| Message::response(200)))
}

/// A transaction at the beginning of an endpoint: its request, how that came in, and how many local calls contain it.
pub(crate) fn begin(
    deployed: &Arc<Deployed>,
    endpoint: &Endpoint,
    path_suffix: Text,
    (request, arrival, depth): (Message, dormouse_flow::Arrival, usize),
) -> Transaction {
    let (host, deployment) = (Arc::clone(&deployed.host), Arc::clone(&endpoint.deployment));
    let mut transaction = Transaction::new(host, deployment, arrival, request);
    transaction.set_local_proxies(Arc::clone(deployed) as Arc<dyn LocalProxies>, depth);
    transaction.place = Place {
        proxy_endpoint: endpoint.name.clone(),
        base_path: endpoint.base_path.text.clone(),
        path_suffix,
        ..Place::default()
    };
    transaction
}

/// Deeper than any design; stops proxies that call each other for ever.
const DEPTH_MAX: usize = 8;
