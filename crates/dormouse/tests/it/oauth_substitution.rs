//! Tokens in the wrong hands and in the wrong places (the attacks F3 to F6, F9, F16 and F17 of the catalogue, RT-04 and RT-05):
//! each is refused, and the owner notices nothing.

use crate::oauth_support::{Native, SECRET, WEB_SECRET, basic};

const WEB: (&str, &str) = ("web", WEB_SECRET);

/// Everything that others try with an owner's tokens, then the owner goes on.
#[test]
fn strangers_change_nothing() {
    let native = Native::start();
    let tokens = native.tokens(WEB);
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    native.redeem(("strict", SECRET), &refresh).is_refused(400, "invalid_grant");
    native.redeem(("spa", ""), &refresh).is_refused(400, "invalid_grant");
    native.redeem(("machine", SECRET), &refresh).is_refused(400, "unauthorized_client");
    native.redeem(("web", SECRET), &refresh).is_refused(401, "invalid_client");
    for token in [&access, &refresh] {
        let form = [("token", token.as_str())];
        native.post("/oauth/revoke", ("strict", SECRET), &form).is_refused(400, "invalid_request");
        assert_eq!(native.post("/oauth/revoke", ("spa", ""), &form).status, 200);
        native.post("/oauth/introspect", ("spa", ""), &form).is_refused(401, "invalid_client");
    }
    let shown = native.post("/oauth/introspect", ("machine", SECRET), &[("token", &refresh)]);
    assert_eq!(shown.body, r#"{"active":false}"#);
    assert!(native.is_active(&access) && native.is_active(&refresh));
    assert_eq!(native.redeem(WEB, &refresh).status, 200);
}

/// RT-04, RT-05, F9: without proof of the client there is no redemption, however its id is left out or spelt.
#[test]
fn rt_04_and_05_no_client_no_redemption() {
    let native = Native::start();
    let refresh = native.tokens(WEB).text("refresh_token");
    let redeem = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    for more in [
        &[][..],
        &[("client_id", "")],
        &[("client_id", " ")],
        &[("client_id", "web")],
        &[("client_id", "Web"), ("client_secret", WEB_SECRET)],
        &[("client_id", "web "), ("client_secret", WEB_SECRET)],
        &[("client_id", "web"), ("client_secret", "")],
    ] {
        let form = [&redeem[..], more].concat();
        native.post_as("/oauth/token", &[], &form).is_refused(401, "invalid_client");
    }
    let bearer = format!("Bearer {refresh}");
    native.post_as("/oauth/token", &[("Authorization", &bearer)], &redeem).is_refused(401, "invalid_client");
    assert_eq!(native.redeem(WEB, &refresh).status, 200);
}

/// F6: what reads like a scope and is none, or is more than was granted, is refused, and the token is not used up.
#[test]
fn scope_tricks_get_nothing() {
    let native = Native::start();
    let form =
        [("grant_type", "password"), ("username", "ann"), ("password", "correct horse"), ("scope", "read")];
    let refresh = native.token(WEB, &form).text("refresh_token");
    for scope in [
        "write",
        "read write",
        "READ",
        "read\twrite",
        "read\nwrite",
        "read\u{a0}write",
        "re\u{430}d",
        "read\u{200b}",
        "read,write",
        "read+write",
        "\"read\"",
        "read\\",
    ] {
        let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("scope", scope)];
        native.token(WEB, &form).is_refused(400, "invalid_scope");
    }
    let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("scope", "read read")];
    assert_eq!(native.token(WEB, &form).text("scope"), "read");
}

/// Spellings that decode to a token, or nearly, are not that token.
#[test]
fn a_token_has_one_spelling() {
    let native = Native::start();
    let access = native.tokens(WEB).text("access_token");
    let rest = access.strip_prefix("dmat_").unwrap();
    for token in [
        format!("{access} "),
        format!(" {access}"),
        format!("{access}="),
        format!("{access}A"),
        format!("DMAT_{rest}"),
        format!("dmrt_{rest}"),
        rest.to_owned(),
        format!("Bearer {access}"),
        access.replace('_', "/"),
        access.chars().rev().collect(),
    ] {
        let reply = native.post("/oauth/introspect", ("machine", SECRET), &[("token", &token)]);
        assert_eq!((reply.status, &*reply.body), (200, r#"{"active":false}"#), "{token}");
    }
    assert!(native.is_active(&access));
}

/// I1: a bearer token is no way to ask, though some servers take one.
#[test]
fn an_access_token_does_not_authenticate_a_client() {
    let native = Native::start();
    let access = native.tokens(WEB).text("access_token");
    let form = [("token", access.as_str())];
    for header in [format!("Bearer {access}"), basic(("web", &access)), basic((&access, ""))] {
        native
            .post_as("/oauth/introspect", &[("Authorization", &header)], &form)
            .is_refused(401, "invalid_client");
    }
}
