//! The order of flows, and which conditional flow runs.

use crate::support::{NOW, block_on, body, get, header, program, send};
use dormouse_gateway::Sent;

#[track_caller]
fn check(line: &str, expected: &str) {
    let (program, _) = program(&["flows"]);
    assert_eq!(body(&send(&program, line, &[], "")).trim(), expected, "{line}");
}

#[test]
fn one_conditional_flow_runs_on_each_side() {
    check("GET /flows/a/b", "PreFlow first PostFlow PreFlow first PostFlow");
    check("POST /flows/a/b", "PreFlow second PostFlow PreFlow second PostFlow");
    check("GET /flows/a/b/c", "PreFlow second PostFlow PreFlow second PostFlow");
    check("GET /flows/other", "PreFlow else PostFlow PreFlow else PostFlow");
}

#[test]
fn the_root_is_found_with_and_without_slash() {
    check("GET /flows", "PreFlow root PostFlow PreFlow PostFlow");
    check("GET /flows/", "PreFlow root PostFlow PreFlow PostFlow");
}

#[test]
fn the_response_side_chooses_again() {
    check("GET /flows/moved", "PreFlow moved PostFlow PreFlow back PostFlow");
}

#[test]
fn context_variables() {
    let (program, _) = program(&["flows"]);
    assert_eq!(
        header(&get(&program, "/flows/x"), "x-deployed").as_deref(),
        Some("flows 2 default /flows test")
    );
}

#[test]
fn post_client_flow_runs_after_the_reply_and_cannot_fail_it() {
    let (program, _) = program(&["flows", "routes"]);
    let reply = get(&program, "/flows/x");
    let after = reply.after.expect("a PostClientFlow");
    block_on(after.run(Sent { started_at: NOW, ended_at: NOW }));
    assert!(get(&program, "/routes/null").after.is_none());
}
