//! RaiseFault, fault rules and the standard fault.

use crate::support::{body, get, header, program, status};
use dormouse_gateway::Reply;

fn request(path: &str) -> Reply {
    let (program, _) = program(&["faults"]);
    get(&program, &format!("/faults/{path}"))
}

/// Status, `X-Rule` and `X-Default` of the reply.
#[track_caller]
fn check(path: &str, expected: (u16, Option<&str>, Option<&str>)) {
    let reply = request(path);
    let (rule, default) = (header(&reply, "x-rule"), header(&reply, "x-default"));
    assert_eq!((status(&reply), rule.as_deref(), default.as_deref()), expected, "{path}");
}

#[test]
fn raise_fault_decides_the_response() {
    let reply = request("bare/raise?why=because");
    assert_eq!((status(&reply), reply.reason.as_deref()), (400, Some("Bad Things")));
    assert_eq!(body(&reply), "raised because");
    assert_eq!(header(&reply, "content-type").as_deref(), Some("text/plain"));
    assert_eq!(header(&reply, "x-default"), None, "nothing of the normal flow runs after a fault");
    assert_eq!(body(&request("bare/raise")), "raised ");
}

#[test]
fn raise_fault_without_a_response_sends_the_standard_body() {
    let reply = request("bare/plain");
    assert_eq!(status(&reply), 500);
    assert_eq!(
        body(&reply),
        r#"{"fault":{"faultstring":"Raising fault. Fault name : Raise-Plain","detail":{"errorcode":"steps.raisefault.RaiseFault"}}}"#
    );
}

#[test]
fn a_set_without_payload_means_an_empty_body() {
    let reply = request("bare/status");
    assert_eq!((status(&reply), body(&reply).as_str()), (302, ""));
    assert_eq!(header(&reply, "location").as_deref(), Some("https://example.com/"));
    assert_eq!(header(&reply, "content-type"), None);
}

#[test]
fn rules_are_tried_from_the_last_to_the_first() {
    check("last-first/fail", (500, Some("two"), None));
    check("condition/fail", (500, Some("two"), None));
    check("condition/raise", (400, Some("one"), None));
}

#[test]
fn a_chosen_rule_without_steps_leaves_the_standard_body() {
    check("no-step-ran/fail", (500, None, None));
    assert!(body(&request("no-step-ran/fail")).contains("steps.assignmessage.UnresolvedVariable"));
}

#[test]
fn the_default_rule() {
    check("default-only/fail", (500, None, Some("ran")));
    check("default-condition/fail", (500, None, None));
    check("always/fail", (500, Some("one"), Some("ran")));
}

#[test]
fn raise_fault_in_a_rule_ends_the_error_flow() {
    check("always-after-raise/fail", (500, Some("raised"), None));
    let reply = request("always-after-raise/raise");
    assert_eq!((status(&reply), body(&reply).as_str()), (400, "from the rule"));
    assert_eq!(header(&reply, "x-raised").as_deref(), Some("raise"), "headers of both are merged");
}

#[test]
fn a_failing_step_in_a_rule_ends_the_error_flow() {
    check("fails-again/raise", (500, None, None));
}

#[test]
fn variables_of_the_error_flow() {
    let reply = request("describe/fail");
    assert_eq!(status(&reply), 418);
    let text = "AssignMessage[Fail]: unresolved variable : no.such.variable";
    let json = format!(
        r#"{{"fault":{{"faultstring":"{text}","detail":{{"errorcode":"steps.assignmessage.UnresolvedVariable"}}}}}}"#
    );
    assert_eq!(body(&reply), format!("UnresolvedVariable|Step|{text}|{text}|true|418|{json}||true"));
    let reply = request("describe/raise?why=x");
    assert!(
        body(&reply).starts_with("RaiseFault|Step|Raising fault. Fault name : Raise|"),
        "{}",
        body(&reply)
    );
    assert!(body(&reply).ends_with("|raised x|true|"), "{}", body(&reply));
}

#[test]
fn without_a_fault_nothing_of_this_happens() {
    check("always/ok", (200, None, Some("ran")));
    check("bare/ok", (200, None, Some("ran")));
}
