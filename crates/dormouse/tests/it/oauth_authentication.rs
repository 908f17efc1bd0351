//! Client authentication at the native endpoints: every way in which real clients send credentials, and no other.

use crate::oauth_support::{Native, Reply, SECRET, WEB_SECRET, basic, raw_basic};

const CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");

fn header(native: &Native, authorization: &str) -> Reply {
    native.post_as("/oauth/token", &[("Authorization", authorization)], &[CREDENTIALS])
}

fn body(native: &Native, form: &[(&str, &str)]) -> Reply {
    native.post_as("/oauth/token", &[], &[&[CREDENTIALS], form].concat())
}

#[test]
fn basic_is_taken_form_encoded_and_raw_and_credentials_in_the_body_too() {
    let native = Native::start();
    for reply in [
        header(&native, &basic(("web", WEB_SECRET))),
        header(&native, &raw_basic(format!("web:{WEB_SECRET}"))),
        header(&native, &raw_basic("w%65b:s3cr%2Bt%20%25%26%3D%3Ax~%2A%27(%21)")),
        header(&native, &basic(("web", WEB_SECRET)).replace("Basic", "bASIC")),
        header(&native, basic(("machine", SECRET)).trim_end_matches('=')),
        body(&native, &[("client_id", "web"), ("client_secret", WEB_SECRET)]),
        native.post_as(
            "/oauth/token",
            &[("Authorization", &basic(("machine", SECRET)))],
            &[CREDENTIALS, ("client_id", "machine")],
        ),
        native.post_as(
            "/oauth/token",
            &[("Authorization", &basic(("machine", SECRET)))],
            &[CREDENTIALS, ("client_secret", "")],
        ),
    ] {
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}

#[test]
fn unknown_clients_and_wrong_secrets_are_told_apart_by_nothing() {
    let native = Native::start();
    let unknown = header(&native, &basic(("nobody", SECRET)));
    let mut bodies = Vec::new();
    for reply in [
        unknown,
        header(&native, &basic(("machine", "plain-secret-0123456788"))),
        header(&native, &basic(("machine", ""))),
        header(&native, &basic(("gone", SECRET))),
        header(&native, &basic(("Machine", SECRET))),
        header(&native, &basic(("spa", SECRET))),
        body(&native, &[]),
        body(&native, &[("client_id", "machine")]),
        body(&native, &[("client_id", " ")]),
        body(&native, &[("client_id", ""), ("client_secret", SECRET)]),
        body(&native, &[("client_secret", SECRET)]),
        body(&native, &[("client_id", "gone"), ("client_secret", SECRET)]),
        body(&native, &[("client_id", "machine"), ("client_assertion", "x"), ("client_assertion_type", "y")]),
    ] {
        reply.is_refused(401, "invalid_client");
        bodies.push(reply.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[test]
fn unreadable_credentials_are_refused_as_wrong_ones() {
    let native = Native::start();
    let unreadable = [
        raw_basic("machine"),
        raw_basic(""),
        raw_basic(":"),
        raw_basic(b"machine:\0"),
        raw_basic(format!("machine:{SECRET}\0")),
        raw_basic(format!("mach\0ine:{SECRET}")),
        raw_basic(b"\xff\xfe:\xff"),
        "Basic".to_owned(),
        "Basic !!!".to_owned(),
        "Basic bWFjaGluZTpw_-".to_owned(),
        format!("Basic  x {}", basic(("machine", SECRET))),
        format!("Bearer {SECRET}"),
        "Digest username=machine".to_owned(),
        raw_basic("%zz:%"),
    ];
    for authorization in unreadable {
        header(&native, &authorization).is_refused(401, "invalid_client");
    }
}

#[test]
fn one_method_in_a_request() {
    let native = Native::start();
    let own = basic(("machine", SECRET));
    let both = |headers: &[(&str, &str)], form: &[(&str, &str)]| {
        native.post_as("/oauth/token", headers, &[&[CREDENTIALS], form].concat())
    };
    let header = ("Authorization", &*own);
    for reply in [
        both(&[header], &[("client_id", "machine"), ("client_secret", SECRET)]),
        both(&[header], &[("client_secret", SECRET)]),
        both(&[header], &[("client_assertion", "x")]),
        both(&[header, header], &[]),
        both(&[], &[("client_id", "machine"), ("client_secret", SECRET), ("client_assertion", "x")]),
        both(&[header], &[("client_id", "web")]),
    ] {
        reply.is_refused(400, "invalid_request");
    }
}

#[test]
fn a_public_client_is_its_id_and_never_its_secret() {
    let native = Native::start();
    let form = [("grant_type", "password"), ("username", "ann"), ("password", "correct horse")];
    let with = |more: &[(&str, &str)]| native.post_as("/oauth/token", &[], &[&form[..], more].concat());
    assert_eq!(with(&[("client_id", "spa")]).status, 200);
    // Go's client tries the header first, with an empty password.
    assert_eq!(native.token(("spa", ""), &form).status, 200);
    with(&[("client_id", "spa"), ("client_secret", SECRET)]).is_refused(401, "invalid_client");
    native.token(("spa", SECRET), &form).is_refused(401, "invalid_client");
    body(&native, &[("client_id", "spa")]).is_refused(400, "unauthorized_client");
}

#[test]
fn guessing_is_slowed_down_and_others_are_not() {
    let native = Native::start();
    let guess = || header(&native, &basic(("machine", "guess")));
    for _ in 0..100 {
        guess().is_refused(401, "invalid_client");
    }
    let slowed = guess();
    slowed.is_refused(429, "slow_down");
    assert!(slowed.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
    header(&native, &basic(("machine", SECRET))).is_refused(429, "slow_down");
    assert_eq!(header(&native, &basic(("web", WEB_SECRET))).status, 200);
}
