//! The Quota policy in a bundle: refusals, fault rules, counters shared by policies, and many threads.

use crate::support::{NOW, body, get, header, program, program_on, send, status};
use dormouse_gateway::{Program, Reply};
use dormouse_token::{Clock, ManualClock};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn of_client(program: &Program, path: &str, client: &str) -> Reply {
    send(program, &format!("GET /quota{path}"), &[("X-Client", client)], "")
}

#[track_caller]
fn check(program: &Program, path: &str, expected: (u16, &str)) {
    let reply = of_client(program, path, "a");
    assert_eq!((status(&reply), body(&reply).as_str()), expected, "{path}");
}

#[test]
fn each_client_has_its_quota_until_the_interval_ends() {
    let clock = Arc::new(ManualClock::at(NOW));
    let (program, problems) = program_on(&["quota"], Arc::clone(&clock) as Arc<dyn Clock>);
    assert_eq!(problems, []);
    check(&program, "/", (200, "1||"));
    check(&program, "/", (200, "0||"));
    let refused = r#"{"fault":{"faultstring":"Rate limit quota violation. Quota limit  exceeded. Identifier : a","detail":{"errorcode":"policies.ratelimit.QuotaViolation"}}}"#;
    check(&program, "/", (429, refused));
    assert_eq!(status(&of_client(&program, "/", "b")), 200);
    // The interval of the fixture ends seven seconds after the minute.
    clock.advance(Duration::from_millis(60_000 + 7_000 - 47_413 - 1));
    check(&program, "/", (429, refused));
    clock.advance(Duration::from_millis(1));
    check(&program, "/", (200, "1||"));
}

#[test]
fn fault_rules_know_the_counter() {
    let (program, _) = program(&["quota"]);
    (0..2).for_each(|_| assert_eq!(status(&of_client(&program, "/told", "a")), 200));
    let reply = of_client(&program, "/told", "a");
    let expected = format!("2 of 2, until {}, failed true", 1_377_112_627_000_u64);
    assert_eq!((status(&reply), header(&reply, "x-quota")), (429, Some(expected)));
}

#[test]
fn a_policy_that_continues_only_notes_the_refusal() {
    let (program, _) = program(&["quota"]);
    check(&program, "/tolerant", (200, "|false|"));
    check(&program, "/tolerant", (200, "|true|"));
}

#[test]
fn one_policy_enforces_what_another_counts() {
    let (program, _) = program(&["quota"]);
    check(&program, "/shared?failed=true", (200, "||"));
    check(&program, "/shared", (200, "||1"));
    check(&program, "/shared?failed=true", (200, "||"));
    check(&program, "/shared", (200, "||2"));
    assert_eq!(status(&get(&program, "/quota/shared?failed=true")), 429);
}

#[test]
fn threads_together_pass_as_often_as_is_allowed() {
    let (program, _) = program(&["quota"]);
    let passed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let reply = send(&program, "GET /quota/", &[("X-Limit", "333")], "");
                    passed.fetch_add(usize::from(status(&reply) == 200), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(passed.into_inner(), 333);
}
