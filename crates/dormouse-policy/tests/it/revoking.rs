//! InvalidateToken, ValidateToken and RevokeOAuthV2.

use crate::support::{End, NOW, Ran, World, oauth};
use dormouse_flow::{Message, Value};
use std::time::Duration;

const NOT_APPROVED: &str = "keymanagement.service.access_token_not_approved";

fn change(world: &World, operation: &str, token: &str, kind: &str, cascade: &str) -> Ran {
    let tokens = format!("<Tokens><Token type='{kind}' {cascade}>value</Token></Tokens>");
    let mut transaction = world.transaction(Message::request("POST", "/revoke"));
    transaction.set("value", token).expect("a variable");
    world.run_on(transaction, &oauth(operation, &tokens))
}

fn revoke(world: &World, variables: &[(&str, &str)], elements: &str) -> Ran {
    let mut transaction = world.transaction(Message::request("POST", "/revoke"));
    for (name, value) in variables {
        transaction.set(name, *value).expect("a variable");
    }
    world.run_on(transaction, &format!("<RevokeOAuthV2 name='R'>{elements}</RevokeOAuthV2>"))
}

#[test]
fn what_invalidate_does_to_each_token() {
    for (kind, cascade, access_lives, refresh_lives) in [
        ("accesstoken", "", false, false),
        ("accesstoken", "cascade='true'", false, false),
        ("accesstoken", "cascade='false'", false, false),
        ("refreshtoken", "", false, false),
        ("refreshtoken", "cascade='false'", true, false),
    ] {
        let world = World::new();
        let (access, refresh) = world.tokens();
        let token = if kind == "accesstoken" { &access } else { &refresh };
        let ran = change(&world, "InvalidateToken", token, kind, cascade);
        assert_eq!((&ran.end, ran.get("oauthV2.P.failed")), (&End::Continue, Value::Bool(false)));
        assert_eq!(world.verify(&access).is_ok(), access_lives, "{kind} {cascade}");
        let validated = change(&world, "ValidateToken", token, kind, cascade);
        assert_eq!(validated.end, End::Continue);
        assert_eq!(world.verify(&access), Ok(()), "{kind} {cascade}");
        change(&world, "InvalidateToken", token, kind, cascade);
        assert_eq!(world.refresh(&refresh).is_ok(), refresh_lives, "{kind} {cascade}");
    }
}

#[test]
fn a_revoked_access_token_is_not_approved() {
    let world = World::new();
    let (access, _) = world.tokens();
    change(&world, "InvalidateToken", &access, "accesstoken", "");
    assert_eq!(world.verify(&access), Err(NOT_APPROVED.into()));
}

#[test]
fn the_type_refreshtoken_finds_access_tokens_too_and_not_the_other_way_round() {
    let world = World::new();
    let (access, refresh) = world.tokens();
    assert_eq!(change(&world, "InvalidateToken", &refresh, "accesstoken", "").end, End::Continue);
    assert_eq!(world.verify(&access), Ok(()));
    assert_eq!(change(&world, "InvalidateToken", &access, "refreshtoken", "").end, End::Continue);
    assert_eq!(world.verify(&access), Err(NOT_APPROVED.into()));
}

#[test]
fn several_tokens_and_what_is_no_fault() {
    let world = World::new();
    let ((first, _), (second, _)) = (world.tokens(), world.tokens());
    let both = oauth(
        "InvalidateToken",
        "<Tokens><Token type='accesstoken'>a</Token><Token type='accesstoken'>b</Token></Tokens>",
    );
    let mut transaction = world.transaction(Message::request("POST", "/"));
    transaction.set("a", first.as_str()).expect("a variable");
    transaction.set("b", second.as_str()).expect("a variable");
    assert_eq!(world.run_on(transaction, &both).end, End::Continue);
    assert!(world.verify(&first).is_err() && world.verify(&second).is_err());
    for harmless in [first.as_str(), "unknown"] {
        assert_eq!(change(&world, "InvalidateToken", harmless, "accesstoken", "").end, End::Continue);
    }
}

#[test]
fn faults_of_token_lists() {
    let world = World::new();
    let ran = change(&world, "InvalidateToken", "x", "idtoken", "");
    assert_eq!(ran.fault(), (500, "steps.oauth.v2.InvalidTokenType"));
    let tokens = "<Tokens><Token type='accesstoken'>unset</Token></Tokens>";
    let ran = world.run(Message::request("POST", "/"), &oauth("InvalidateToken", tokens));
    assert_eq!(ran.fault(), (500, "steps.oauth.v2.FailedToResolveToken"));
}

#[test]
fn tokens_of_an_app_of_a_user_and_of_both() {
    for (elements, own_dies) in [
        ("<AppId>web-app</AppId>", true),
        ("<AppId>free-app</AppId>", false),
        ("<EndUserId>ann</EndUserId>", true),
        ("<EndUserId>bob</EndUserId>", false),
        ("<AppId>web-app</AppId><EndUserId>ann</EndUserId>", true),
        ("<AppId>web-app</AppId><EndUserId>bob</EndUserId>", false),
        ("<AppId>free-app</AppId><EndUserId>ann</EndUserId>", false),
        ("<AppId ref='unset'/><EndUserId>ann</EndUserId>", true),
    ] {
        let world = World::new();
        let (access, refresh) = world.tokens();
        assert_eq!(revoke(&world, &[], elements).end, End::Continue);
        let expected = if own_dies { Err(NOT_APPROVED.to_owned()) } else { Ok(()) };
        assert_eq!(world.verify(&access), expected, "{elements}");
        assert_eq!(world.refresh(&refresh).is_err(), own_dies, "{elements}");
        let (access, _) = world.tokens();
        assert_eq!(world.verify(&access), Ok(()), "who logs in again is let in");
    }
}

#[test]
fn without_cascade_the_refresh_token_lives() {
    let world = World::new();
    let (access, refresh) = world.tokens();
    revoke(&world, &[("app", "web-app")], "<AppId ref='app'/><Cascade>false</Cascade>");
    assert_eq!(world.verify(&access), Err(NOT_APPROVED.into()));
    let (access, _) = world.refresh(&refresh).expect("redeemed");
    assert_eq!(world.verify(&access), Ok(()));
}

#[test]
fn only_tokens_issued_before_a_time() {
    let world = World::new();
    let (old, _) = world.tokens();
    world.pass(Duration::from_secs(10));
    let (new, _) = world.tokens();
    let before = (NOW.as_ms() + 5_000).to_string();
    let elements = "<AppId>web-app</AppId><RevokeBeforeTimestamp ref='before'/>";
    assert_eq!(revoke(&world, &[("before", &before)], elements).end, End::Continue);
    assert_eq!(world.verify(&old), Err(NOT_APPROVED.into()));
    assert_eq!(world.verify(&new), Ok(()));
    let ran = revoke(&world, &[("before", "yesterday")], elements);
    assert_eq!(ran.fault(), (500, "steps.oauth.v2.InvalidRevokeBeforeTimestamp"));
    assert_eq!(world.verify(&new), Ok(()), "a mistake revokes nothing");
    revoke(&world, &[], elements);
    assert_eq!(world.verify(&new), Err(NOT_APPROVED.into()), "no time means now");
}

#[test]
fn faults_of_bulk_revocation() {
    let world = World::new();
    let ran = revoke(&world, &[], "<AppId>nobody</AppId>");
    assert_eq!(ran.fault(), (404, "keymanagement.service.app_id_not_found"));
    assert_eq!(ran.text("oauthV2.R.fault.name"), "app_id_not_found");
    for elements in ["", "<AppId ref='unset'/>", "<AppId ref='unset'/><EndUserId ref='unset'/>"] {
        assert_eq!(
            revoke(&world, &[], elements).fault(),
            (500, "steps.oauth.v2.EmptyAppAndEndUserId"),
            "{elements}"
        );
    }
}

#[test]
fn reasons_are_told() {
    let world = World::new();
    let (access, _) = world.tokens();
    revoke(&world, &[], "<EndUserId>ann</EndUserId>");
    let mut transaction = world.transaction(Message::request("GET", "/x"));
    transaction.set("value", access.as_str()).expect("a variable");
    let ran = world.run_on(
        transaction,
        "<GetOAuthV2Info name='G'><AccessToken ref='value'/>\
         <IgnoreAccessTokenStatus>true</IgnoreAccessTokenStatus></GetOAuthV2Info>",
    );
    assert_eq!(ran.text("oauthv2accesstoken.G.revoke_reason"), "REVOKED_BY_ENDUSER");
    assert_eq!(ran.text("oauthv2accesstoken.G.refresh_token"), "");
}
