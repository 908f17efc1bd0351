//! Sends the request to its target and takes the response (Apigee: "API proxy configuration reference", "Handling
//! faults").

use super::flow::Walk;
use crate::faults;
use dormouse_flow::{Fault, Text, Transaction, Value};
use dormouse_policy::HttpConnection;
use http::header::HOST;
use std::borrow::Cow;

/// What a target endpoint began with, so that what its flow changes can be told apart.
pub(super) struct Entered {
    url: Option<Text>,
    host: Option<String>,
}

/// Sets the variables that a target's request flow may read and change.
pub(super) fn enter(connection: Option<&HttpConnection>, transaction: &mut Transaction) -> Entered {
    let url = connection.and_then(|connection| connection.url(transaction));
    transaction.note(&"target.url".into(), Value::from(url.clone()));
    let host = transaction.request().headers().first(&HOST).map(Cow::into_owned);
    Entered { url, host }
}

/// Sends the request. A status that is no success is a fault, whose response is the target's own.
pub(super) async fn call(
    connection: &HttpConnection,
    entered: &Entered,
    walk: &mut Walk<'_>,
) -> Result<(), Fault> {
    let transaction = &mut *walk.transaction;
    let url = transaction.text_of(transaction.get("target.url"));
    let replaced = url.filter(|url| !url.is_empty() && Some(url) != entered.url.as_ref());
    let mut request = transaction.request().clone();
    // The author of a URL has written all of it.
    let copies = |name: &str| replaced.is_none() && transaction.get(name).as_bool() != Some(false);
    let suffix = if copies("target.copy.pathsuffix") { &*transaction.place.path_suffix } else { "" };
    request.set_path(suffix);
    if !copies("target.copy.queryparams") {
        request.set_query("");
    }
    let headers = request.headers_mut();
    if headers.first(&HOST).as_deref() == entered.host.as_deref() {
        headers.remove(&HOST);
    }
    let own: Vec<_> = headers.lines().map(|(name, _)| name.clone()).collect();
    for name in own.iter().filter(|name| name.as_str().starts_with("x-apigee-")) {
        headers.remove(name);
    }
    let host = std::sync::Arc::clone(transaction.host());
    let sent = match &replaced {
        Some(url) => connection.send_to(url, request, &host).await,
        None => connection.send(request, transaction, &host).await,
    };
    let response = sent.map_err(|error| faults::connection_failed(&error))?;
    let status = response.status().unwrap_or_default();
    let fault = (!connection.is_success(status)).then(|| faults::error_response(status, response.clone()));
    transaction.set_response(response);
    fault.map_or(Ok(()), Err)
}
