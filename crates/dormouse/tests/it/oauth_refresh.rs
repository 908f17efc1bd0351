//! Refresh tokens at the native endpoint, by the names of the suite: RT-01 to RT-31 as far as they need no authorization
//! endpoint and no second node.

use crate::oauth_support::{Native, Reply, SECRET, WEB_SECRET, basic};
use std::thread;
use std::time::{Duration, Instant};

const WEB: (&str, &str) = ("web", WEB_SECRET);
const STRICT: (&str, &str) = ("strict", SECRET);

fn narrowed(native: &Native, token: &str, scope: &str) -> Reply {
    native.token(WEB, &[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)])
}

/// Presents a token until its family is dead: for two seconds after a redemption a stranger to it counts as a racer.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "the window of a race is a time of the real clock")]
fn replay_until_dead(native: &Native, client: (&str, &str), old: &str, access: &str) {
    let began = Instant::now();
    while native.is_active(access) {
        native.redeem(client, old).is_refused(400, "invalid_grant");
        assert!(began.elapsed() < Duration::from_secs(20), "the family does not die");
    }
    assert!(began.elapsed() > Duration::from_secs(1), "a race killed its winner");
}

#[test]
fn rt_01_redeeming_rotates() {
    let native = Native::start();
    let first = native.tokens(WEB);
    let second = native.redeem(WEB, &first.text("refresh_token"));
    assert_eq!(second.status, 200, "{second:?}");
    assert_ne!(first.text("refresh_token"), second.text("refresh_token"));
    assert_eq!(
        (&second.json()["token_type"], &second.json()["expires_in"], &second.json()["scope"]),
        (&"Bearer".into(), &1800.into(), &"read write".into())
    );
    assert_eq!(native.redeem(WEB, &second.text("refresh_token")).status, 200);
}

#[test]
fn rt_02_to_05_nobody_else_redeems_and_the_owner_is_not_disturbed() {
    let native = Native::start();
    let token = native.tokens(WEB).text("refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let public = [&form[..], &[("client_id", "spa")]].concat();
    for _ in 0..3 {
        native.redeem(STRICT, &token).is_refused(400, "invalid_grant");
        native.post_as("/oauth/token", &[], &public).is_refused(400, "invalid_grant");
        native.post_as("/oauth/token", &[], &form).is_refused(401, "invalid_client");
        native.redeem(("web", "wrong"), &token).is_refused(401, "invalid_client");
        let web = [&form[..], &[("client_id", "web")]].concat();
        native.post_as("/oauth/token", &[], &web).is_refused(401, "invalid_client");
    }
    assert_eq!(native.redeem(WEB, &token).status, 200);
}

#[test]
fn rt_09_to_11_scope_narrows_and_never_grows() {
    let native = Native::start();
    let token = native.tokens(WEB).text("refresh_token");
    for scope in ["read admin", "admin", "READ", "read\twrite"] {
        narrowed(&native, &token, scope).is_refused(400, "invalid_scope");
    }
    let narrow = narrowed(&native, &token, "read");
    assert_eq!(narrow.text("scope"), "read");
    let full = native.redeem(WEB, &narrow.text("refresh_token"));
    assert_eq!(full.text("scope"), "read write", "the refresh token keeps what was granted");
}

#[test]
fn rt_13_parameters_of_other_grants_change_nothing() {
    let native = Native::start();
    let token = native.tokens(WEB).text("refresh_token");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &token),
        ("code", "x"),
        ("username", "bob"),
        ("password", "x"),
        ("assertion", "x"),
        ("device_code", "x"),
        ("code_verifier", "x"),
        ("redirect_uri", "https://evil.example"),
    ];
    let reply = native.token(WEB, &form);
    assert_eq!(reply.status, 200, "{reply:?}");
    let shown = native.post("/oauth/introspect", WEB, &[("token", &reply.text("access_token"))]);
    assert_eq!(shown.json()["sub"], "ann");
}

/// RT-14: of many at once, one makes a new generation. Under `rotate` all get it, under `strict` one does.
#[test]
fn rt_14_many_at_once_make_one_generation() {
    let data = tempfile::tempdir().unwrap();
    let native = Native::start_with(&["--data", &data.path().display().to_string()]);
    for (client, winners) in [(WEB, 50), (STRICT, 1)] {
        for _ in 0..10 {
            let token = native.tokens(client).text("refresh_token");
            let replies: Vec<Reply> = thread::scope(|scope| {
                let threads: Vec<_> =
                    (0..50).map(|_| scope.spawn(|| native.redeem(client, &token))).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let won: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
            assert_eq!(won.len(), winners, "{client:?}");
            for reply in replies.iter().filter(|reply| reply.status != 200) {
                reply.is_refused(400, "invalid_grant");
            }
            // Every refresh token that was answered is of the one generation: redeeming one supersedes them all.
            let next = native.redeem(client, &won[0].text("refresh_token"));
            assert_eq!(next.status, 200, "the winner lives: {next:?}");
        }
    }
}

#[test]
fn rt_16_what_was_redeemed_before_a_kill_stays_redeemed_and_the_lost_answer_is_repeated() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().display().to_string();
    let mut native = Native::start_with(&["--data", &path]);
    let first = native.tokens(WEB);
    let second = native.redeem(WEB, &first.text("refresh_token"));
    let strict = native.tokens(STRICT);
    assert_eq!(native.redeem(STRICT, &strict.text("refresh_token")).status, 200);
    native.server.kill();
    let native = Native::start_with(&["--data", &path]);
    let repeated = native.redeem(WEB, &first.text("refresh_token"));
    assert_eq!(repeated.status, 200, "{repeated:?}");
    native.redeem(STRICT, &strict.text("refresh_token")).is_refused(400, "invalid_grant");
    assert_eq!(native.redeem(WEB, &second.text("refresh_token")).status, 200);
}

/// RT-17 and RT-20: within the window the answer is repeated, and no fork comes of it.
#[test]
fn rt_17_a_retry_gets_the_same_generation() {
    let native = Native::start();
    let first = native.tokens(WEB);
    let answers: Vec<Reply> = (0..5).map(|_| native.redeem(WEB, &first.text("refresh_token"))).collect();
    assert!(answers.iter().all(|answer| answer.status == 200));
    let next = native.redeem(WEB, &answers[0].text("refresh_token"));
    let same = native.redeem(WEB, &answers[4].text("refresh_token"));
    assert_eq!(
        (next.status, same.status),
        (200, 200),
        "both are of one generation: the second is a retry of the first"
    );
    native.redeem(WEB, &first.text("refresh_token")).is_refused(400, "invalid_grant");
}

/// RT-18: the thief's tokens and the victim's die together.
#[test]
fn rt_18_a_replay_after_the_successor_was_used_kills_the_family() {
    let native = Native::start();
    let stolen = native.tokens(WEB);
    let thief = native.redeem(WEB, &stolen.text("refresh_token"));
    let thief = native.redeem(WEB, &thief.text("refresh_token"));
    replay_until_dead(&native, WEB, &stolen.text("refresh_token"), &thief.text("access_token"));
    assert!(!native.is_active(&stolen.text("access_token")));
    native.redeem(WEB, &thief.text("refresh_token")).is_refused(400, "invalid_grant");
}

/// RT-19: a grandparent inside the grace window is no retry.
#[test]
fn rt_19_a_grandparent_kills_the_family_inside_the_window_too() {
    let native = Native::start();
    let mut tokens = vec![native.tokens(WEB)];
    for _ in 0..3 {
        let last = tokens.last().unwrap().text("refresh_token");
        tokens.push(native.redeem(WEB, &last));
    }
    replay_until_dead(&native, WEB, &tokens[1].text("refresh_token"), &tokens[3].text("access_token"));
    for reply in &tokens {
        assert!(!native.is_active(&reply.text("access_token")));
        native.redeem(WEB, &reply.text("refresh_token")).is_refused(400, "invalid_grant");
    }
}

#[test]
fn strict_clients_have_no_grace_and_their_own_lifetimes() {
    let native = Native::start();
    let first = native.tokens(STRICT);
    assert_eq!(
        (&first.json()["expires_in"], &first.json()["refresh_token_expires_in"]),
        (&60.into(), &600.into())
    );
    let second = native.redeem(STRICT, &first.text("refresh_token"));
    replay_until_dead(&native, STRICT, &first.text("refresh_token"), &second.text("access_token"));
}

/// RT-21: an answer is repeated a hundred times at most; more revoke nothing.
#[test]
fn rt_21_repeats_are_counted() {
    let native = Native::start();
    let first = native.tokens(WEB);
    let second = native.redeem(WEB, &first.text("refresh_token"));
    let statuses: Vec<u16> =
        (0..102).map(|_| native.redeem(WEB, &first.text("refresh_token")).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 100, "{statuses:?}");
    assert_eq!(native.redeem(WEB, &second.text("refresh_token")).status, 200);
}

#[test]
fn a_reused_token_comes_back_with_every_answer() {
    let native = Native::start();
    let reuse = ("reuse", SECRET);
    let token = native.tokens(reuse).text("refresh_token");
    for _ in 0..3 {
        let reply = native.redeem(reuse, &token);
        assert_eq!(reply.text("refresh_token"), token);
        assert!(native.is_active(&reply.text("access_token")));
    }
}

#[test]
fn failed_authentication_consumes_nothing() {
    let native = Native::start();
    let token = native.tokens(WEB).text("refresh_token");
    native.redeem(("web", "wrong"), &token).is_refused(401, "invalid_client");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str()),
        ("client_id", "web"),
        ("client_secret", WEB_SECRET),
    ];
    let both = native.post_as("/oauth/token", &[("Authorization", &basic(WEB))], &form);
    both.is_refused(400, "invalid_request");
    assert_eq!(native.post_as("/oauth/token", &[], &form).status, 200);
}
