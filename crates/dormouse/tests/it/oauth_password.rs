//! The password grant: off for whom it is not switched on, slow for guessers, silent about who exists.

use crate::oauth_support::{Native, Reply, SECRET, WEB_SECRET};
use crate::support::{Server, files};
use std::time::{Duration, Instant};

const WEB: (&str, &str) = ("web", WEB_SECRET);

fn sign_in(native: &Native, username: &str, password: &str) -> Reply {
    native.token(WEB, &[("grant_type", "password"), ("username", username), ("password", password)])
}

#[test]
fn wrong_passwords_and_unknown_people_are_answered_alike() {
    let native = Native::start();
    let wrong = sign_in(&native, "ann", "wrong");
    let unknown = sign_in(&native, "bob", "correct horse");
    wrong.is_refused(400, "invalid_grant");
    unknown.is_refused(400, "invalid_grant");
    assert_eq!(wrong.body, unknown.body);
    for (username, password) in [("", "x"), ("ann", ""), ("ann", "\0")] {
        sign_in(&native, username, password).is_refused(400, "invalid_request");
    }
    sign_in(&native, "ann", &"x".repeat(2000)).is_refused(400, "invalid_grant");
    sign_in(&native, "ANN", "correct horse").is_refused(400, "invalid_grant");
    assert_eq!(sign_in(&native, "ann", "correct horse").status, 200);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it is time that tells")]
fn unknown_people_take_as_long() {
    let native = Native::start();
    sign_in(&native, "warm-up", "x");
    let took = |username: &str| {
        let times = (0..5).map(|_| {
            let began = Instant::now();
            sign_in(&native, username, "wrong");
            began.elapsed()
        });
        times.min().unwrap_or(Duration::ZERO)
    };
    let (known, unknown) = (took("ann"), took("bob"));
    assert!(unknown * 2 > known, "{known:?} for who exists, {unknown:?} for who does not");
}

#[test]
fn guessing_one_persons_password_is_slowed_down() {
    let native = Native::start();
    for _ in 0..10 {
        sign_in(&native, "ann", "wrong").is_refused(400, "invalid_grant");
    }
    let slowed = sign_in(&native, "ann", "correct horse");
    slowed.is_refused(429, "slow_down");
    assert!(slowed.headers.contains_key("retry-after"));
    sign_in(&native, "bob", "wrong").is_refused(400, "invalid_grant");
}

#[test]
fn without_people_there_is_no_such_grant() {
    let directory = files(include_str!("oauth.txt"));
    let entities = directory.path().join("entities");
    std::fs::remove_file(entities.join("users.json")).unwrap();
    let server = Server::serve(&["--entities", &entities.display().to_string()]);
    let caller = crate::support::Caller::new();
    let form = [
        ("grant_type", "password"),
        ("username", "ann"),
        ("password", "correct horse"),
        ("client_id", "once"),
        ("client_secret", SECRET),
    ];
    let answer = caller.post(&format!("{}/oauth/token", server.oauth), &form);
    assert_eq!((answer.status, &*answer.text("error")), (400, "unsupported_grant_type"));
    let metadata = caller.get(&format!("{}/.well-known/oauth-authorization-server", server.oauth), None);
    assert!(!metadata.body.contains("password"), "{metadata:?}");
}
