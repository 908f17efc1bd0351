//! Judges loaded bundles, one by one and together: names that lead nowhere, names used twice, conditions that
//! cannot be understood, OAuth policies that could not be deployed. What no flow uses is at most a warning.
//! Kinds of policies that cannot run are judged where policies are registered.

use std::collections::{BTreeMap, HashSet};

use crate::condition_parser::ConditionError;
use crate::element::Element;
use crate::model::{
    Bundle, BundleKind, ConditionSource, Policy, RouteRule, RouteTarget, TargetConnection, TargetEndpoint,
};
use crate::oauth_policy::oauth_policy;
use crate::problem::{Level, Problem, limit_problems, sort_problems};
use crate::source::{Located, Span};

/// All problems of these bundles that can be told without traffic, in the order of files and places.
pub fn diagnose(bundles: &[Bundle]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let shared_flows = bundles.iter().filter(|bundle| bundle.kind == BundleKind::SharedFlow);
    let shared_flows: HashSet<&str> = shared_flows.map(|bundle| bundle.name.as_str()).collect();
    for bundle in bundles {
        endpoints(bundle, &mut problems);
        conditions(bundle, &mut problems);
        steps(bundle, &mut problems);
        policies(bundle, &shared_flows, &mut problems);
    }
    bundle_names(bundles, &mut problems);
    base_paths(bundles, &mut problems);
    sort_problems(&mut problems);
    limit_problems(&mut problems);
    problems
}

/// A bundle needs an endpoint, endpoints need different names, and routes and targets must lead somewhere.
fn endpoints(bundle: &Bundle, problems: &mut Vec<Problem>) {
    let missing = match bundle.kind {
        BundleKind::Proxy if bundle.proxies.is_empty() => Some("proxies/ has no readable ProxyEndpoint"),
        BundleKind::SharedFlow if bundle.shared_flows.is_empty() => {
            Some("sharedflows/ has no readable SharedFlow")
        }
        _ => None,
    };
    if let Some(missing) = missing {
        problems.push(Problem::error("no-endpoint", format!("{} cannot run: {missing}", bundle.name)));
    }
    let names = [
        ("proxy endpoint", bundle.proxies.iter().map(|it| (&it.name, &it.element)).collect::<Vec<_>>()),
        ("target endpoint", bundle.targets.iter().map(|it| (&it.name, &it.element)).collect()),
        ("shared flow", bundle.shared_flows.iter().map(|it| (&it.name, &it.element)).collect()),
    ];
    for (what, named) in names {
        for (first, second) in duplicates(named) {
            let message = format!("a second {what} with the name of the one in {}", first.span.file.path);
            problems.push(Problem::error("duplicate-endpoint", message).at(name_span(second)));
        }
    }
    let rules: Vec<&RouteRule> = bundle.proxies.iter().flat_map(|proxy| &proxy.route_rules).collect();
    for rule in &rules {
        route(bundle, &rule.target, problems);
    }
    for target in &bundle.targets {
        let routed = |rule: &&RouteRule| matches!(&rule.target, RouteTarget::TargetEndpoint(name) if name.value == target.name);
        let worst = if rules.iter().any(routed) { Level::Error } else { Level::Warning };
        let problem = target_problem(target);
        problems.extend(problem.map(|problem| Problem { level: problem.level.min(worst), ..problem }));
    }
}

fn route(bundle: &Bundle, target: &RouteTarget, problems: &mut Vec<Problem>) {
    match target {
        RouteTarget::TargetEndpoint(name) if bundle.target_endpoint(&name.value).is_none() => {
            if unreadable(bundle, "/targets/").contains(name.value.as_str()) {
                return;
            }
            let message = format!("there is no target endpoint `{}`", name.value);
            let known: Vec<&str> = bundle.targets.iter().map(|target| target.name.as_str()).collect();
            let problem = Problem::error("missing-target-endpoint", message).at(name.span.clone());
            problems.push(problem.help(choices("the bundle's target endpoints are", &known)));
        }
        RouteTarget::IntegrationEndpoint(name) => {
            let message = "an integration endpoint runs only on Apigee";
            problems.push(Problem::error("unsupported-target", message).at(name.span.clone()));
        }
        _ => {}
    }
}

/// Why a target endpoint leads nowhere.
fn target_problem(target: &TargetEndpoint) -> Option<Problem> {
    match &target.connection {
        None => {
            let message = format!("the target endpoint `{}` has no connection", target.name);
            let problem =
                Problem::error("target-without-connection", message).at(target.element.name_span.clone());
            Some(problem.help("add <HTTPTargetConnection><URL>…</URL></HTTPTargetConnection>"))
        }
        Some(TargetConnection::Http(http)) => {
            let no_server = http.load_balancer.as_ref().is_none_or(|balancer| balancer.servers.is_empty());
            if http.url.is_none() && no_server {
                let message = "this connection has neither a URL nor a LoadBalancer with a server";
                let at = http.element.name_span.clone();
                return Some(Problem::error("target-without-address", message).at(at));
            }
            let authentication = http.element.element("Authentication")?;
            let message = "Google's tokens cannot be made here; without credentials a call is a fault";
            Some(Problem::warning("google-authentication", message).at(authentication.name_span.clone()))
        }
        Some(TargetConnection::Local(_)) => None,
        Some(TargetConnection::Unsupported(element)) => {
            let message = format!("a {} runs only on Apigee", element.name);
            Some(Problem::error("unsupported-target", message).at(element.name_span.clone()))
        }
    }
}

fn conditions(bundle: &Bundle, problems: &mut Vec<Problem>) {
    for source in bundle.conditions() {
        if let Err(error) = &source.parsed {
            problems.push(condition_problem(Level::Error, "condition-syntax", (source, error)));
        }
        let tolerated = source.tolerated.iter();
        problems
            .extend(tolerated.map(|odd| condition_problem(Level::Warning, "condition-odd", (source, odd))));
    }
}

fn condition_problem(
    level: Level,
    code: &'static str,
    (source, error): (&ConditionSource, &ConditionError),
) -> Problem {
    Problem::new(level, code, error.to_string()).at(source.text.span_of(error.range.clone()))
}

/// Every step must name a policy.
fn steps(bundle: &Bundle, problems: &mut Vec<Problem>) {
    let names: HashSet<&str> = bundle.policies.iter().map(|policy| policy.name.as_str()).collect();
    let unreadable = unreadable(bundle, "/policies/");
    for step in bundle.steps() {
        let name = step.policy.value.as_str();
        if names.contains(name) || unreadable.contains(name) {
            continue;
        }
        let message = format!("there is no policy `{name}`");
        let known = bundle.policies.iter().map(|policy| policy.name.as_str());
        let similar: Vec<&str> = known.filter(|known| known.eq_ignore_ascii_case(name)).collect();
        let problem = Problem::error("missing-policy", message).at(step.policy.span.clone());
        let help = format!("add a policy of that name to {}", folder(bundle, "policies"));
        problems.push(problem.help(choices_or("names are case-sensitive; there is", &similar, help)));
    }
}

/// Each policy by itself. A policy that no step runs, or that is disabled, has no errors, only warnings.
fn policies(bundle: &Bundle, shared_flows: &HashSet<&str>, problems: &mut Vec<Problem>) {
    let attached = bundle.attached();
    let named = bundle.policies.iter().map(|policy| (&policy.name, &policy.element)).collect();
    for (first, second) in duplicates(named) {
        let message =
            format!("a second policy with the name of the one in {}, which counts", first.span.file.path);
        problems.push(Problem::warning("duplicate-policy", message).at(name_span(second)));
    }
    for policy in &bundle.policies {
        let mut found = oauth_policy(policy).1;
        found.extend(missing_resources(bundle, policy));
        found.extend(missing_shared_flow(policy, shared_flows));
        if !(policy.enabled && attached.contains(policy.name.as_str())) {
            for problem in &mut found {
                problem.level = problem.level.min(Level::Warning);
            }
        }
        problems.append(&mut found);
    }
}

/// Resources are looked for in the bundle. Apigee also looks in the environment and the organization, of which
/// a bundle knows nothing.
fn missing_resources(bundle: &Bundle, policy: &Policy) -> Vec<Problem> {
    let named = policy
        .element
        .descendants()
        .into_iter()
        .filter(|element| RESOURCE_ELEMENTS.contains(&&*element.name));
    let missing = named.filter_map(|element| {
        let url = element.text().trimmed();
        let (kind, name) = url.as_str().split_once("://")?;
        let folder = RESOURCE_FOLDERS.iter().find(|(scheme, _)| *scheme == kind)?.1;
        let found = folder.iter().any(|folder| bundle.resource(folder, name).is_some());
        if found || name.contains('{') {
            return None;
        }
        let message = format!("there is no resource `{}`", url.as_str());
        let problem = Problem::error("missing-resource", message).at(url.span());
        let present = bundle.resources.iter().filter(|resource| folder.contains(&resource.kind.as_str()));
        let similar =
            present.map(|resource| resource.name.as_str()).filter(|known| known.eq_ignore_ascii_case(name));
        let similar: Vec<&str> = similar.collect();
        let help = format!("add the file resources/{}/{name} to the bundle", folder.first()?);
        Some(problem.help(choices_or("names are case-sensitive; there is", &similar, help)))
    });
    missing.collect()
}

fn missing_shared_flow(policy: &Policy, shared_flows: &HashSet<&str>) -> Option<Problem> {
    let name =
        policy.element.element("SharedFlowBundle").filter(|_| policy.kind == "FlowCallout")?.text().trimmed();
    if shared_flows.contains(name.as_str()) {
        return None;
    }
    let problem =
        Problem::error("missing-shared-flow", format!("there is no shared flow `{}`", name.as_str()));
    let help = format!("give its bundle too, as {}=PATH if its manifest names it otherwise", name.as_str());
    Some(problem.at(name.span()).help(help))
}

/// Bundles of one kind need different names.
fn bundle_names(bundles: &[Bundle], problems: &mut Vec<Problem>) {
    let mut seen = BTreeMap::new();
    for bundle in bundles {
        if let Some(first) =
            seen.insert((bundle.kind == BundleKind::Proxy, bundle.name.as_str()), &bundle.path)
        {
            let message = format!("{first} and {} are both deployed as `{}`", bundle.path, bundle.name);
            let problem = Problem::error("duplicate-bundle", message);
            problems.push(problem.help("deploy one of them under another name: NAME=PATH"));
        }
    }
}

/// No two proxy endpoints may share a base path.
fn base_paths(bundles: &[Bundle], problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<&str, &Located<String>> = BTreeMap::new();
    for proxy in bundles.iter().flat_map(|bundle| &bundle.proxies) {
        let path = proxy.base_path.value.trim_end_matches('/');
        if let Some(first) = seen.get(path) {
            let message = format!("the base path `{}` is taken by {}", proxy.base_path.value, first.span);
            problems.push(Problem::error("duplicate-base-path", message).at(proxy.base_path.span.clone()));
        } else {
            seen.insert(path, &proxy.base_path);
        }
    }
}

/// Pairs of elements of the same name: the first, and each later one.
fn duplicates<'a>(named: Vec<(&'a String, &'a Element)>) -> Vec<(&'a Element, &'a Element)> {
    let mut seen: BTreeMap<&str, &Element> = BTreeMap::new();
    let mut pairs = Vec::new();
    for (name, element) in named {
        match seen.get(name.as_str()) {
            Some(first) => pairs.push((*first, element)),
            None => {
                seen.insert(name, element);
            }
        }
    }
    pairs
}

fn name_span(element: &Element) -> Span {
    element.attribute("name").map_or_else(|| element.name_span.clone(), |name| name.value.span())
}

/// The names of the files in a folder that could not be read: that has been told already, and what names them
/// may well be right.
fn unreadable<'a>(bundle: &'a Bundle, folder: &str) -> HashSet<&'a str> {
    let read = bundle.policies.iter().map(|policy| &policy.element);
    let read = read.chain(bundle.targets.iter().map(|target| &target.element));
    let read: HashSet<&str> = read.map(|element| element.span.file.path.as_str()).collect();
    let paths = bundle.files.iter().map(|file| file.path.as_str()).filter(|path| !read.contains(path));
    paths.filter_map(|path| path.rsplit_once(folder)?.1.strip_suffix(".xml")).collect()
}

fn folder(bundle: &Bundle, name: &str) -> String {
    match bundle.kind {
        BundleKind::Proxy => format!("apiproxy/{name}/"),
        BundleKind::SharedFlow => format!("sharedflowbundle/{name}/"),
    }
}

fn choices(lead: &str, names: &[&str]) -> String {
    choices_or(lead, names, "the bundle has none".to_owned())
}

fn choices_or(lead: &str, names: &[&str], otherwise: String) -> String {
    let shown: Vec<String> = names.iter().take(SHOWN_CHOICES).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > SHOWN_CHOICES { ", …" } else { "" };
    if names.is_empty() { otherwise } else { format!("{lead} {}{more}", shown.join(", ")) }
}

/// Elements whose text is a resource's URL.
const RESOURCE_ELEMENTS: [&str; 4] = ["IncludeURL", "OASResource", "ResourceURL", "Script"];
/// The folders in which resources of a scheme stand. `js` is a legacy spelling of `jsc`.
const RESOURCE_FOLDERS: &[(&str, &[&str])] = &[
    ("graphql", &["graphql"]),
    ("java", &["java"]),
    ("js", &["js", "jsc"]),
    ("jsc", &["jsc", "js"]),
    ("oas", &["oas"]),
    ("py", &["py"]),
    ("wsdl", &["wsdl"]),
    ("xsd", &["xsd"]),
    ("xsl", &["xsl"]),
];
const SHOWN_CHOICES: usize = 8;
