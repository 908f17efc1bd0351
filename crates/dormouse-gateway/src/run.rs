//! The order of a transaction: request flows, route, response flows; at the first fault, the error flow (Apigee: "Flow
//! configuration", "Handling faults").

mod error_flow;
mod flow;
mod null_route;
mod target;

use crate::faults;
use crate::program::{Deployed, Destination, Endpoint, Flows, RouteRule, Target};
use crate::reply::Sent;
use dormouse_flow::{DateFormat, Fault, Phase, Text, Transaction};
use error_flow::run_error_flow;
use flow::{Next, Side, Walk};

/// Runs a transaction up to its response.
pub(crate) async fn run(deployed: &Deployed, endpoint: &Endpoint, transaction: &mut Transaction) {
    let mut walk = Walk::new(deployed, transaction);
    if let Err(failure) = pipeline(endpoint, &mut walk).await {
        run_error_flow(failure.flows, failure.fault, &mut walk).await;
    }
}

/// Runs PostClientFlow. Nothing that happens there changes the response, which is with the client already.
pub(crate) async fn run_post_client_flow(
    deployed: &Deployed,
    endpoint: &Endpoint,
    transaction: &mut Transaction,
    sent: Sent,
) {
    transaction.set_phase(Phase::PostClient);
    for (name, at) in [("start", sent.started_at), ("end", sent.ended_at)] {
        let zone = transaction.host().time_zone.clone();
        let format = DateFormat::parse("EEE, dd MMM yyyy HH:mm:ss z").ok();
        let time = format.and_then(|format| format.format(i64::try_from(at.as_ms()).ok()?, &zone));
        transaction.note(&format!("client.sent.{name}.timestamp").into(), at.as_ms());
        transaction.note(&format!("client.sent.{name}.time").into(), time);
    }
    transaction.place.flow = "PostClientFlow".into();
    // A fault ends the flow and has nobody left to go to.
    let _ended = Walk::new(deployed, transaction).steps(&endpoint.post_client_flow).await;
}

/// A fault and the endpoint in which it happened, whose fault rules decide.
struct Failure<'a> {
    fault: Fault,
    flows: &'a Flows,
}

async fn pipeline<'a>(endpoint: &'a Endpoint, walk: &mut Walk<'_>) -> Result<(), Failure<'a>> {
    let in_proxy = |fault| Failure { fault, flows: &endpoint.flows };
    match walk.flows(&endpoint.flows, Side::Request).await.map_err(in_proxy)? {
        Next::Step => route(endpoint, walk).await?,
        Next::Respond => {}
        Next::SkipTo(policy) => skip(endpoint, walk, policy).await?,
    }
    walk.transaction.place.in_target = false;
    walk.transaction.set_phase(Phase::Response);
    walk.flows(&endpoint.flows, Side::Response).await.map_err(in_proxy)?;
    Ok(())
}

/// Goes on in the response flow where a policy stands, when a policy of the proxy's request flow has the response. It may
/// stand in the response flow of the target that the request would have had.
async fn skip<'a>(endpoint: &'a Endpoint, walk: &mut Walk<'_>, policy: Text) -> Result<(), Failure<'a>> {
    if endpoint.flows.responds_with(&policy) {
        walk.skip_to(policy);
        return Ok(());
    }
    let in_proxy = |fault| Failure { fault, flows: &endpoint.flows };
    let Some(rule) = chosen_rule(endpoint, walk).map_err(in_proxy)? else { return Ok(()) };
    let Destination::Target(name) = &rule.destination else { return Ok(()) };
    let Some(target) = endpoint.targets.get(name) else { return Ok(()) };
    walk.transaction.place.route = Some(rule.name.clone());
    walk.transaction.place.route_target = Some(name.clone());
    answer(endpoint, walk, target, policy).await
}

/// The first route rule that is true.
fn chosen_rule<'a>(endpoint: &'a Endpoint, walk: &Walk<'_>) -> Result<Option<&'a RouteRule>, Fault> {
    for rule in &endpoint.route_rules {
        if walk.holds(rule.condition.as_ref())? {
            return Ok(Some(rule));
        }
    }
    Ok(None)
}

/// The response flow of a target whose response came from elsewhere, from the step on that runs a policy.
async fn answer<'a>(
    endpoint: &'a Endpoint,
    walk: &mut Walk<'_>,
    target: &'a Target,
    policy: Text,
) -> Result<(), Failure<'a>> {
    if !target.flows.responds_with(&policy) {
        // A policy without a place in any response flow has no flow to go on in but the whole of the proxy's.
        if endpoint.flows.responds_with(&policy) {
            walk.skip_to(policy);
        }
        return Ok(());
    }
    walk.transaction.place.in_target = true;
    walk.transaction.set_phase(Phase::Response);
    walk.skip_to(policy);
    let in_target = |fault| Failure { fault, flows: &target.flows };
    walk.flows(&target.flows, Side::Response).await.map_err(in_target)?;
    // Its conditional flow may not have been the one that ran.
    walk.skip_to = None;
    Ok(())
}

/// The chosen route rule decides where the request goes.
async fn route<'a>(endpoint: &'a Endpoint, walk: &mut Walk<'_>) -> Result<(), Failure<'a>> {
    let in_proxy = |fault| Failure { fault, flows: &endpoint.flows };
    let rule = chosen_rule(endpoint, walk).map_err(in_proxy)?;
    let rule = rule.ok_or_else(|| in_proxy(faults::route_failed()))?;
    walk.transaction.place.route = Some(rule.name.clone());
    match &rule.destination {
        Destination::Null => {
            if walk.transaction.response().is_none() {
                let response = null_route::response_from(walk.transaction.request());
                walk.transaction.set_response(response);
            }
            Ok(())
        }
        Destination::Target(name) => {
            let target = endpoint.targets.get(name).ok_or_else(|| in_proxy(faults::target_missing(name)))?;
            walk.transaction.place.route_target = Some(name.clone());
            walk.transaction.place.in_target = true;
            let in_target = |fault| Failure { fault, flows: &target.flows };
            let connection = target.connection.as_ref();
            let entered = target::enter(connection, walk.transaction);
            match walk.flows(&target.flows, Side::Request).await.map_err(in_target)? {
                Next::Step => {
                    let connection = connection.ok_or_else(|| in_target(faults::service_unavailable()))?;
                    target::call(connection, &entered, walk).await.map_err(in_target)?;
                    walk.transaction.set_phase(Phase::Response);
                    walk.flows(&target.flows, Side::Response).await.map_err(in_target)?;
                    Ok(())
                }
                Next::Respond => Ok(()),
                Next::SkipTo(policy) => answer(endpoint, walk, target, policy).await,
            }
        }
        Destination::Url(connection) => {
            let entered = target::enter(Some(connection), walk.transaction);
            target::call(connection, &entered, walk).await.map_err(in_proxy)
        }
        Destination::Unreachable => Err(in_proxy(faults::service_unavailable())),
    }
}
