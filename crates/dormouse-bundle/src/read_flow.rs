//! Flows, steps, fault rules and conditions from their elements ("Flow configuration reference"). Containers
//! may be repeated and children may come in any order; what is no element of Apigee's is told and passed over.

use crate::condition_parser::parse_condition;
use crate::element::Element;
use crate::model::{ConditionSource, DefaultFaultRule, EndpointFlows, FaultRule, Flow, Step};
use crate::problem::Problem;
use crate::source::Located;

/// The flows and fault rules of an endpoint.
pub(crate) fn endpoint_flows(endpoint: &Element, problems: &mut Vec<Problem>) -> EndpointFlows {
    let flow_lists: Vec<&Element> = endpoint.elements_named("Flows").collect();
    let rule_lists: Vec<&Element> = endpoint.elements_named("FaultRules").collect();
    for (lists, child) in [(&flow_lists, "Flow"), (&rule_lists, "FaultRule")] {
        for list in lists {
            check_children(list, &[child], problems);
        }
    }
    let conditional = flow_lists.iter().flat_map(|list| list.elements_named("Flow"));
    let fault_rules = rule_lists.iter().flat_map(|list| list.elements_named("FaultRule"));
    let event_flow = endpoint.elements_named("EventFlow").flat_map(|flow| flow.elements_named("Response"));
    EndpointFlows {
        pre_flow: merged_flow(endpoint, "PreFlow", problems),
        conditional: conditional.map(|element| flow(element, problems)).collect(),
        post_flow: merged_flow(endpoint, "PostFlow", problems),
        event_flow: event_flow.flat_map(|response| steps(response, &[], problems)).collect(),
        fault_rules: fault_rules.map(|element| fault_rule(element, problems)).collect(),
        default_fault_rule: endpoint
            .element("DefaultFaultRule")
            .map(|rule| default_fault_rule(rule, problems)),
    }
}

/// The steps that are children of an element, which may have some other children as well.
pub(crate) fn steps(parent: &Element, others: &[&str], problems: &mut Vec<Problem>) -> Vec<Step> {
    let mut steps = Vec::new();
    for child in parent.elements() {
        if STEP_NAMES.contains(&child.name.as_str()) {
            steps.extend(step(child, problems));
        } else if !others.contains(&child.name.as_str()) {
            problems.push(unknown_element(parent, child));
        }
    }
    steps
}

/// The condition of an element, absent if there is none or an empty one.
pub(crate) fn condition(parent: &Element, problems: &mut Vec<Problem>) -> Option<ConditionSource> {
    let mut conditions = parent.elements_named("Condition");
    let first = conditions.next()?;
    if let Some(second) = conditions.next() {
        let message = format!("this {} has a second condition, which is not read", parent.name);
        let problem = Problem::warning("duplicate-condition", message).at(second.name_span.clone());
        problems.push(problem.help("join the two with `and`"));
    }
    let text = first.text().trimmed();
    if text.as_str().is_empty() {
        return None;
    }
    let parsed = parse_condition(text.as_str());
    Some(ConditionSource { text, parsed: parsed.condition, tolerated: parsed.tolerated })
}

/// Tells every child element that has another name than these.
pub(crate) fn check_children(parent: &Element, known: &[&str], problems: &mut Vec<Problem>) {
    let unknown = parent.elements().filter(|child| !known.contains(&child.name.as_str()));
    problems.extend(unknown.map(|child| unknown_element(parent, child)));
}

/// The trimmed text of a child element, with its place; absent if there is no such child or an empty one.
pub(crate) fn text_of(parent: &Element, name: &str) -> Option<Located<String>> {
    let text = parent.element_text(name)?;
    (!text.as_str().is_empty()).then(|| Located::new(text.as_str().to_owned(), text.span()))
}

/// The `name` attribute, trimmed; empty without one.
pub(crate) fn name_of(element: &Element) -> String {
    element.attribute_value("name").unwrap_or_default().trim().to_owned()
}

/// All elements of that name as one flow: real bundles repeat them.
fn merged_flow(endpoint: &Element, name: &str, problems: &mut Vec<Problem>) -> Flow {
    let flows = endpoint.elements_named(name).map(|element| flow(element, problems));
    let merged = flows.reduce(|mut merged, next| {
        merged.request.extend(next.request);
        merged.response.extend(next.response);
        merged
    });
    merged.unwrap_or_default()
}

fn flow(element: &Element, problems: &mut Vec<Problem>) -> Flow {
    check_children(element, &["Condition", "Description", "DisplayName", "Request", "Response"], problems);
    let [request, response] = ["Request", "Response"]
        .map(|phase| element.elements_named(phase).flat_map(|phase| steps(phase, &[], problems)).collect());
    Flow {
        name: name_of(element),
        condition: condition(element, problems),
        request,
        response,
        span: Some(element.name_span.clone()),
    }
}

fn step(element: &Element, problems: &mut Vec<Problem>) -> Option<Step> {
    check_children(element, &["Condition", "Description", "FaultRules", "Name"], problems);
    let Some(policy) = text_of(element, "Name") else {
        if !element.is_empty() {
            let problem =
                Problem::warning("step-without-policy", "this step names no policy and is left out");
            problems.push(problem.at(element.name_span.clone()).help("write <Name>policy</Name> into it"));
        }
        return None;
    };
    Some(Step { policy, condition: condition(element, problems), span: element.span.clone() })
}

fn fault_rule(element: &Element, problems: &mut Vec<Problem>) -> FaultRule {
    FaultRule {
        name: name_of(element),
        condition: condition(element, problems),
        steps: steps(element, &["Condition", "Description"], problems),
        span: element.name_span.clone(),
    }
}

fn default_fault_rule(element: &Element, problems: &mut Vec<Problem>) -> DefaultFaultRule {
    DefaultFaultRule {
        name: name_of(element),
        always_enforce: element.element_text("AlwaysEnforce").is_some_and(|text| text.as_str() == "true"),
        condition: condition(element, problems),
        steps: steps(element, &["AlwaysEnforce", "Condition", "Description"], problems),
        span: element.name_span.clone(),
    }
}

fn unknown_element(parent: &Element, child: &Element) -> Problem {
    let message = format!("`{}` has no meaning in {} and is not read", child.name, parent.name);
    Problem::warning("unknown-element", message).at(child.name_span.clone())
}

/// The schema accepts `Policy` for `Step`.
const STEP_NAMES: [&str; 2] = ["Step", "Policy"];
