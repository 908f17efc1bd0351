//! CORS and ResponseCache in a bundle: preflight requests, headers on every reply, answers that were given before.

use crate::support::{NOW, body, get, header, program, program_on, send, status};
use dormouse_token::{Clock, ManualClock};
use std::sync::Arc;
use std::time::Duration;

const ORIGIN: &str = "access-control-allow-origin";

#[test]
fn a_preflight_is_answered() {
    let (program, problems) = program(&["browser"]);
    assert_eq!(problems, []);
    let asked = [("Origin", "https://app.example.com"), ("Access-Control-Request-Method", "PUT")];
    let reply = send(&program, "OPTIONS /browser/refused", &asked, "");
    assert_eq!(status(&reply), 200);
    for (name, expected) in [
        (ORIGIN, "https://app.example.com"),
        ("access-control-allow-methods", "GET, PUT"),
        ("access-control-allow-headers", "X-One"),
        ("access-control-expose-headers", "X-Two"),
        ("access-control-max-age", "60"),
        ("access-control-allow-credentials", "true"),
    ] {
        assert_eq!(header(&reply, name).as_deref(), Some(expected), "{name}");
    }
}

#[track_caller]
fn check(line: &str, origin: Option<&str>, expected: (u16, Option<&str>)) {
    let (program, _) = program(&["browser"]);
    let headers: Vec<_> = origin.map(|origin| ("Origin", origin)).into_iter().collect();
    let reply = send(&program, line, &headers, "");
    assert_eq!((status(&reply), header(&reply, ORIGIN).as_deref()), expected, "{line} {origin:?}");
}

#[test]
fn origins_of_the_list_may_read_every_reply() {
    let own = "https://app.example.com";
    check("GET /browser/", Some(own), (200, Some(own)));
    check("GET /browser/refused", Some(own), (403, Some(own)));
    check("OPTIONS /browser/refused", Some(own), (403, Some(own)));
    let tenant = "https://a.example.net";
    check("GET /browser/?tenant=a", Some(tenant), (200, Some(tenant)));
    check("GET /browser/?tenant=b", Some(tenant), (200, None));
    check("GET /browser/", Some("https://evil.example"), (200, None));
    check("GET /browser/", Some("https://app.example.com.evil.example"), (200, None));
    check("GET /browser/", None, (200, None));
}

#[test]
fn a_response_is_kept_until_its_time_is_over() {
    let clock = Arc::new(ManualClock::at(NOW));
    let (program, _) = program_on(&["browser"], Arc::clone(&clock) as Arc<dyn Clock>);
    let check = |query: &str, expected: &str, hit: &str| {
        let reply = get(&program, &format!("/browser/kept?{query}"));
        assert_eq!((&*body(&reply), header(&reply, "x-hit").as_deref()), (expected, Some(hit)), "{query}");
    };
    check("k=a&n=1", "a 1", "false");
    check("k=a&n=2", "a 1", "true");
    check("k=b&n=3", "b 3", "false");
    check("k=a&n=4&fresh=true", "a 4", "false");
    check("k=a&n=5", "a 4", "true");
    clock.advance(Duration::from_secs(10));
    check("k=a&n=6", "a 6", "false");
    let posted = send(&program, "POST /browser/kept?k=a&n=7", &[], "");
    assert_eq!(body(&posted), "a 7");
}
