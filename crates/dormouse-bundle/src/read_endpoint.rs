//! Proxy endpoints, target endpoints and shared flows from their root elements ("API proxy configuration
//! reference").

use crate::element::Element;
use crate::model::{
    HttpTargetConnection, LoadBalancer, LoadBalancerServer, LocalTargetConnection, Property, ProxyEndpoint,
    RouteRule, RouteTarget, SharedFlow, Step, TargetConnection, TargetEndpoint,
};
use crate::problem::Problem;
use crate::read_flow::{check_children, condition, endpoint_flows, name_of, steps, text_of};
use crate::source::Located;
use crate::source_text::SourceText;

/// A proxy endpoint.
pub(crate) fn proxy_endpoint(name: String, element: Element, problems: &mut Vec<Problem>) -> ProxyEndpoint {
    check_children(&element, PROXY_CHILDREN, problems);
    let connections: Vec<&Element> = element.elements_named("HTTPProxyConnection").collect();
    let virtual_hosts = connections.iter().flat_map(|connection| connection.elements_named("VirtualHost"));
    let properties = connections.iter().flat_map(|connection| properties(connection)).collect();
    let routes: Vec<&Element> = element.elements_named("RouteRule").collect();
    ProxyEndpoint {
        name,
        base_path: base_path(&element, &connections, problems),
        virtual_hosts: virtual_hosts.map(|host| located(&host.text().trimmed())).collect(),
        properties,
        flows: endpoint_flows(&element, problems),
        post_client_flow: post_client_flow(&element, problems),
        route_rules: routes.into_iter().map(|rule| route_rule(rule, problems)).collect(),
        element,
    }
}

/// A target endpoint.
pub(crate) fn target_endpoint(name: String, element: Element, problems: &mut Vec<Problem>) -> TargetEndpoint {
    check_children(&element, TARGET_CHILDREN, problems);
    let connection = element.elements().find_map(connection);
    TargetEndpoint { name, connection, flows: endpoint_flows(&element, problems), element }
}

/// A shared flow.
pub(crate) fn shared_flow(name: String, element: Element, problems: &mut Vec<Problem>) -> SharedFlow {
    let steps = steps(&element, &["Description", "DisplayName"], problems);
    SharedFlow { name, steps, element }
}

fn base_path(endpoint: &Element, connections: &[&Element], problems: &mut Vec<Problem>) -> Located<String> {
    let written = connections.iter().find_map(|connection| text_of(connection, "BasePath"));
    let Some(path) = written else { return Located::new("/".to_owned(), endpoint.name_span.clone()) };
    let wrong = if !path.value.starts_with('/') {
        Some("does not begin with `/`")
    } else if path.value.contains("**") {
        Some("holds `**`; only `*` for one segment is allowed")
    } else if path.value.starts_with("/*") {
        Some("begins with `*`; the first segment must be literal")
    } else if path.value.contains(['?', '#', '{', '}']) || path.value.contains(char::is_whitespace) {
        Some("holds a character that no base path may have")
    } else {
        None
    };
    if let Some(wrong) = wrong {
        let message = format!("the base path `{}` {wrong}", path.value);
        problems.push(Problem::error("base-path", message).at(path.span.clone()));
    }
    path
}

fn post_client_flow(endpoint: &Element, problems: &mut Vec<Problem>) -> Vec<Step> {
    let mut found = Vec::new();
    for flow in endpoint.elements_named("PostClientFlow") {
        check_children(flow, &["Condition", "Description", "Request", "Response"], problems);
        for request in flow.elements_named("Request").filter(|request| !request.is_empty()) {
            let message = "a PostClientFlow has no request phase; these steps never run";
            problems.push(Problem::warning("post-client-request", message).at(request.name_span.clone()));
        }
        for response in flow.elements_named("Response") {
            found.extend(steps(response, &[], problems));
        }
    }
    found
}

fn route_rule(element: &Element, problems: &mut Vec<Problem>) -> RouteRule {
    check_children(element, ROUTE_CHILDREN, problems);
    let target = text_of(element, "TargetEndpoint").map(RouteTarget::TargetEndpoint);
    let target = target.or_else(|| text_of(element, "URL").map(RouteTarget::Url));
    let target =
        target.or_else(|| text_of(element, "IntegrationEndpoint").map(RouteTarget::IntegrationEndpoint));
    RouteRule {
        name: name_of(element),
        condition: condition(element, problems),
        target: target.unwrap_or(RouteTarget::Null),
        span: element.name_span.clone(),
    }
}

fn connection(element: &Element) -> Option<TargetConnection> {
    match element.name.as_str() {
        "HTTPTargetConnection" => Some(TargetConnection::Http(Box::new(HttpTargetConnection {
            url: text_of(element, "URL"),
            load_balancer: element.element("LoadBalancer").map(load_balancer),
            path: text_of(element, "Path"),
            properties: properties(element),
            element: element.clone(),
        }))),
        "LocalTargetConnection" => Some(TargetConnection::Local(Box::new(LocalTargetConnection {
            api_proxy: text_of(element, "APIProxy"),
            proxy_endpoint: text_of(element, "ProxyEndpoint"),
            path: text_of(element, "Path"),
            element: element.clone(),
        }))),
        name if UNSUPPORTED_CONNECTIONS.contains(&name) => {
            Some(TargetConnection::Unsupported(Box::new(element.clone())))
        }
        _ => None,
    }
}

fn load_balancer(element: &Element) -> LoadBalancer {
    LoadBalancer {
        algorithm: text_of(element, "Algorithm"),
        servers: element.elements_named("Server").map(server).collect(),
        max_failures: text_of(element, "MaxFailures"),
        retry_enabled: text_of(element, "RetryEnabled").is_none_or(|text| text.value != "false"),
        element: element.clone(),
    }
}

fn server(element: &Element) -> LoadBalancerServer {
    let flag = |name| text_of(element, name).map(|text| text.value == "true");
    let name = element.attribute("name").map(|attribute| located(&attribute.value.trimmed()));
    LoadBalancerServer {
        name: name.unwrap_or_else(|| Located::new(String::new(), element.name_span.clone())),
        weight: text_of(element, "Weight").and_then(|text| text.value.parse().ok()).unwrap_or(1),
        is_fallback: flag("IsFallback").unwrap_or(false),
        is_enabled: flag("IsEnabled").unwrap_or(true),
    }
}

/// All properties of a connection; real bundles repeat the list.
fn properties(connection: &Element) -> Vec<Property> {
    let lists = connection.elements_named("Properties");
    let elements = lists.flat_map(|list| list.elements_named("Property"));
    elements
        .map(|element| Property { name: name_of(element), value: located(&element.text().trimmed()) })
        .collect()
}

fn located(text: &SourceText) -> Located<String> {
    Located::new(text.as_str().to_owned(), text.span())
}

const PROXY_CHILDREN: &[&str] = &[
    "DefaultFaultRule",
    "Description",
    "DisplayName",
    "FaultRules",
    "Flows",
    "HTTPProxyConnection",
    "PostClientFlow",
    "PostFlow",
    "PreFlow",
    "RouteRule",
    "Statistics",
];
const TARGET_CHILDREN: &[&str] = &[
    "DefaultFaultRule",
    "Description",
    "DisplayName",
    "EventFlow",
    "FaultRules",
    "Flows",
    "HostedTarget",
    "HTTPTargetConnection",
    "IntegrationEndpoint",
    "LocalTargetConnection",
    "PostFlow",
    "PreFlow",
    "ScriptTarget",
];
const ROUTE_CHILDREN: &[&str] = &["Condition", "Description", "IntegrationEndpoint", "TargetEndpoint", "URL"];
/// They need Google's services, or Edge's retired Node.js.
const UNSUPPORTED_CONNECTIONS: [&str; 3] = ["HostedTarget", "IntegrationEndpoint", "ScriptTarget"];
