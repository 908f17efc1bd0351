//! FlowCallout and shared flows.

use crate::support::{body, get, header, program, status};

#[track_caller]
fn check(path: &str, expected: &str) {
    let (program, _) = program(&["caller", "greeting", "loop"]);
    assert_eq!(body(&get(&program, &format!("/caller{path}"))), expected, "{path}");
}

#[test]
fn parameters_exist_during_the_call_only() {
    check("/x?who=Ada", "greeting: Ada GET f caller|before|none|none|none");
    check("/x", "greeting: nobody GET f caller|before|none|none|none");
}

#[track_caller]
fn check_fault(path: &str, name: &str) {
    let (program, _) = program(&["caller", "greeting", "loop"]);
    let reply = get(&program, &format!("/caller{path}"));
    assert_eq!((status(&reply), header(&reply, "x-fault").as_deref()), (500, Some(name)), "{path}");
}

#[test]
fn faults_reach_the_fault_rules_of_the_caller() {
    check_fault("/x?who=fail", "UnresolvedVariable");
    check_fault("/missing", "SharedFlowNotFound");
    check_fault("/loop", "SharedFlowRecursion");
}
