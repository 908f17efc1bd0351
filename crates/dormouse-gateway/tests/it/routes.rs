//! Route rules, and targets that cannot be reached.

use crate::support::{body, get, header, program, status};

#[track_caller]
fn check(path: &str, expected: (u16, &str, Option<&str>)) {
    let (program, _) = program(&["routes"]);
    let reply = get(&program, &format!("/routes{path}"));
    let rule = header(&reply, "x-fault-rule");
    assert!(body(&reply).contains(expected.1), "{path}: {}", body(&reply));
    assert_eq!((status(&reply), rule.as_deref()), (expected.0, expected.2), "{path}");
}

#[test]
fn the_first_true_rule_decides() {
    check("/null", (200, "", None));
    check("/other", (500, "messaging.runtime.RouteFailed", Some("proxy")));
}

#[test]
fn an_unreachable_target_runs_its_own_fault_rules_from_the_first() {
    let unavailable = "messaging.adaptors.http.flow.ServiceUnavailable";
    check("/target", (503, unavailable, Some("target backend target backend")));
    check("/url", (503, unavailable, Some("proxy")));
}

#[test]
fn targets_raise_no_problem_at_deployment() {
    let (_, problems) = program(&["routes"]);
    let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    assert!(codes.is_empty(), "{codes:?}");
}
