//! AssignMessage in whole transactions.

use crate::support::{body, header, program, send, status};
use dormouse_gateway::Reply;

fn request(line: &str) -> Reply {
    let (program, problems) = program(&["messages"]);
    let errors: Vec<_> =
        problems.iter().filter(|problem| problem.level == dormouse_bundle::Level::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("X-Many", "a, z"),
        ("X-Drop", "d"),
        ("Host", "h"),
    ];
    send(&program, line, &headers, "drop=1&keep=2")
}

#[track_caller]
fn check_body(line: &str, expected: &str) {
    assert_eq!(body(&request(line)), expected, "{line}");
}

#[track_caller]
fn check_fault(line: &str, code: &str) {
    let reply = request(line);
    assert_eq!(status(&reply), 500, "{line}");
    assert!(
        body(&reply).contains(&format!("\"errorcode\":\"steps.assignmessage.{code}\"")),
        "{}",
        body(&reply)
    );
}

#[test]
fn a_null_route_sends_the_request_back() {
    let reply = request("POST /messages/plain");
    assert_eq!((status(&reply), body(&reply).as_str()), (200, "drop=1&keep=2"));
    assert_eq!(header(&reply, "content-type").as_deref(), Some("application/x-www-form-urlencoded"));
    assert_eq!(header(&reply, "x-many").as_deref(), Some("a, z"));
    assert_eq!(header(&reply, "host"), None);
}

#[test]
fn set_writes_every_part() {
    let reply = request("POST /messages/set?id=7");
    assert_eq!((status(&reply), reply.reason.as_deref()), (201, Some("Made")));
    assert_eq!(header(&reply, "location").as_deref(), Some("https://example.com/7"));
    assert_eq!(header(&reply, "content-type").as_deref(), Some("application/json"));
    assert_eq!(body(&reply), r#"{"id":"7"}"#);
    assert_eq!(status(&request("POST /messages/set?status=299")), 299);
    assert_eq!(body(&request("POST /messages/set")), r#"{"id":""}"#);
}

#[test]
fn add_appends_and_remove_takes_out() {
    assert_eq!(header(&request("POST /messages/add"), "x-many").as_deref(), Some("a, z, b, c"));
    let reply = request("POST /messages/remove");
    assert_eq!((header(&reply, "x-drop"), header(&reply, "x-many").as_deref()), (None, Some("a")));
    assert_eq!(body(&reply), "");
    let reply = request("POST /messages/remove-all");
    assert!(reply.response.headers().is_empty() && reply.response.body().is_empty());
}

#[test]
fn where_new_messages_go() {
    let reply = request("POST /messages/new-response");
    assert_eq!((status(&reply), body(&reply).as_str()), (202, "made in the request flow"));
    assert_eq!(header(&reply, "x-many"), None);
    let reply = request("POST /messages/new-request-in-response-flow");
    assert_eq!((status(&reply), body(&reply).as_str()), (200, "page"));
    assert_eq!(header(&reply, "x-many"), None);
    assert_eq!(header(&request("POST /messages/type-is-irrelevant"), "x-on").as_deref(), Some("POST"));
}

#[test]
fn copy_takes_what_it_names() {
    check_body(
        "POST /messages/copy?a=1&c=2&a=3",
        "POST /copied?a=1&a=3&b=x+y [z] [none] application/x-www-form-urlencoded drop=1&keep=2",
    );
}

#[test]
fn form_parameters() {
    check_body("POST /messages/form", "keep=2&grant_type=client_credentials&scope=a+b");
}

#[test]
fn payload_forms() {
    check_body("POST /messages/markup", r#"<root kind="POST"><a>&lt;</a></root>"#);
    check_body("POST /messages/pieces", "<b>POST</b> { margin:0 }");
    check_body("POST /messages/delimiters", r#"{"verb":"POST"}"#);
    let reply = request("POST /messages/payload-and-status");
    assert_eq!((status(&reply), body(&reply).as_str()), (200, r#"{"answer":true}"#));
    assert_eq!(header(&reply, "content-type").as_deref(), Some("application/json"));
    check_body("POST /messages/empty-payload", "");
}

#[test]
fn sources_of_variables() {
    check_body(
        "POST /messages/variables?a=two",
        "{not.a.template}||two|fallback|unset|t POST|h POST|second|// note\n|a=two&added=1+2|first",
    );
}

#[test]
fn faults() {
    check_fault("POST /messages/unresolved", "UnresolvedVariable");
    check_fault("POST /messages/not-a-message", "VariableOfNonMsgType");
    check_fault("POST /messages/read-only", "SetVariableFailed");
    check_fault("POST /messages/bad-status?status=abc", "SetVariableFailed");
    check_fault("POST /messages/bad-status", "UnresolvedVariable");
}

#[test]
fn continue_on_error_leaves_a_mark_and_goes_on() {
    check_body("POST /messages/continue", "true false none");
}
