//! GetOAuthV2Info, SetOAuthV2Info and DeleteOAuthV2Info.

use crate::support::{End, Ran, World, basic, oauth, password_form};
use dormouse_flow::{Message, Transaction};
use std::time::Duration;

const GET_ACCESS: &str = "<GetOAuthV2Info name='G'><AccessToken ref='value'/></GetOAuthV2Info>";
const GET_ACCESS_ANYHOW: &str = "<GetOAuthV2Info name='G'><AccessToken ref='value'/>\
    <IgnoreAccessTokenStatus>true</IgnoreAccessTokenStatus></GetOAuthV2Info>";
const GET_REFRESH: &str = "<GetOAuthV2Info name='G'><RefreshToken ref='value'/></GetOAuthV2Info>";
const GET_CODE: &str = "<GetOAuthV2Info name='G'><AuthorizationCode ref='value'/></GetOAuthV2Info>";
const GET_CLIENT: &str = "<GetOAuthV2Info name='G'><ClientId ref='value'/></GetOAuthV2Info>";
const SET: &str = "<SetOAuthV2Info name='S'><AccessToken ref='value'/>\
    <Attributes><Attribute name='a'>new</Attribute><Attribute name='b' ref='b.value'/></Attributes></SetOAuthV2Info>";
const DELETE: &str = "<DeleteOAuthV2Info name='D'><AccessToken ref='value'/></DeleteOAuthV2Info>";
const DELETE_CODE: &str = "<DeleteOAuthV2Info name='D'><AuthorizationCode ref='value'/></DeleteOAuthV2Info>";

fn about(world: &World, value: &str) -> Transaction {
    let mut transaction = world.transaction(Message::request("GET", "/x"));
    transaction.set("value", value).expect("a variable");
    transaction
}

fn run(world: &World, value: &str, policy: &str) -> Ran {
    world.run_on(about(world, value), policy)
}

fn tokens_with_attributes(world: &World) -> (String, String) {
    let issue = oauth(
        "GenerateAccessToken",
        "<SupportedGrantTypes><GrantType>password</GrantType></SupportedGrantTypes>\
         <Attributes><Attribute name='a'>old</Attribute><Attribute name='quiet' display='false'>q</Attribute></Attributes>",
    );
    let ran = world.run(basic(&password_form()), &issue);
    (ran.text("oauthv2accesstoken.P.access_token"), ran.text("oauthv2accesstoken.P.refresh_token"))
}

#[track_caller]
fn check(ran: &Ran, prefix: &str, expected: &[(&str, &str)]) {
    assert_eq!(ran.end, End::Continue);
    for (name, value) in expected {
        assert_eq!(ran.text(&format!("{prefix}{name}")), *value, "{name}");
    }
}

#[test]
fn an_access_token_and_its_twin() {
    let world = World::new();
    let (access, _) = tokens_with_attributes(&world);
    world.pass(Duration::from_mins(1));
    let ran = run(&world, &access, GET_ACCESS);
    check(
        &ran,
        "oauthv2accesstoken.G.",
        &[
            ("access_token", &access),
            ("scope", "read write"),
            ("expires_in", "1739"),
            ("status", "approved"),
            ("client_id", "web"),
            ("organization_name", "acme"),
            ("api_product_list", "[gold]"),
            ("developer.id", "ada"),
            ("developer.email", "ada@example.com"),
            ("developer.app.name", "Web"),
            ("developer.app.id", "web-app"),
            ("accesstoken.a", "old"),
            ("accesstoken.quiet", "q"),
            ("refresh_token_status", "approved"),
            ("refresh_token_expires_in", "2591939"),
            ("refresh_token_issued_at", "1800000900000"),
            ("refresh_count", "0"),
            ("revoke_reason", ""),
        ],
    );
    let twin = ran.text("oauthv2accesstoken.G.refresh_token");
    assert!(world.refresh(&twin).is_ok(), "the twin is redeemed like the original");
}

#[test]
fn a_refresh_token_is_read_and_not_used_up() {
    let world = World::new();
    let (_, refresh) = tokens_with_attributes(&world);
    for _ in 0..3 {
        let ran = run(&world, &refresh, GET_REFRESH);
        check(
            &ran,
            "oauthv2refreshtoken.G.",
            &[
                ("refresh_token", &refresh),
                ("refresh_token_status", "approved"),
                ("refresh_token_expires_in", "2591999"),
                ("expires_in", "1799"),
                ("accesstoken.a", "old"),
                ("accesstoken.quiet", "q"),
                ("client_id", "web"),
                ("refresh_count", "0"),
            ],
        );
        assert_eq!(world.verify(&ran.text("oauthv2refreshtoken.G.access_token")), Ok(()));
    }
    world.pass(Duration::from_hours(24 * 40));
    let ran = run(&world, &refresh, GET_REFRESH);
    check(&ran, "oauthv2refreshtoken.G.", &[("refresh_token_expires_in", "0"), ("access_token", "")]);
    assert_eq!(world.refresh(&refresh), Err("Refresh Token expired".into()), "reading extends nothing");
}

#[test]
fn no_attribute_takes_the_place_of_a_partner_that_is_not_shown() {
    let world = World::new();
    let issue = oauth(
        "GenerateAccessToken",
        "<SupportedGrantTypes><GrantType>password</GrantType></SupportedGrantTypes>\
         <Attributes><Attribute name='access_token'>mine</Attribute></Attributes>",
    );
    let ran = world.run(basic(&password_form()), &issue);
    let refresh = ran.text("oauthv2accesstoken.P.refresh_token");
    let invalidate = oauth("InvalidateToken", "<Tokens><Token type='refreshtoken'>value</Token></Tokens>");
    assert_eq!(run(&world, &refresh, &invalidate).end, End::Continue);
    let ran = run(&world, &refresh, GET_REFRESH);
    check(&ran, "oauthv2refreshtoken.G.", &[("access_token", ""), ("accesstoken.access_token", "mine")]);
}

#[test]
fn the_status_of_an_access_token_counts_unless_it_is_ignored() {
    let world = World::new();
    let (access, _) = tokens_with_attributes(&world);
    let invalidate = oauth("InvalidateToken", "<Tokens><Token type='accesstoken'>value</Token></Tokens>");
    assert_eq!(run(&world, &access, &invalidate).end, End::Continue);
    let ran = run(&world, &access, GET_ACCESS);
    assert_eq!(ran.fault(), (500, "keymanagement.service.access_token_not_approved"));
    let ran = run(&world, &access, GET_ACCESS_ANYHOW);
    check(
        &ran,
        "oauthv2accesstoken.G.",
        &[
            ("status", "revoked"),
            ("revoke_reason", "TOKEN_REVOKED"),
            ("accesstoken.a", "old"),
            ("refresh_token", ""),
        ],
    );
    let (access, _) = tokens_with_attributes(&world);
    world.pass(Duration::from_hours(1));
    assert_eq!(run(&world, &access, GET_ACCESS).fault(), (500, "keymanagement.service.access_token_expired"));
    check(&run(&world, &access, GET_ACCESS_ANYHOW), "oauthv2accesstoken.G.", &[("expires_in", "0")]);
}

#[test]
fn a_code_and_a_client() {
    let world = World::new();
    let code = world.code();
    let ran = run(&world, &code, GET_CODE);
    check(
        &ran,
        "oauthv2authcode.G.",
        &[
            ("code", &code),
            ("scope", "read"),
            ("redirect_uri", "https://web.example.com/cb"),
            ("client_id", "web"),
            ("organization_id", "0"),
            ("expires_in", "1799"),
            ("status", "approved"),
        ],
    );
    let ran = run(&world, "web", GET_CLIENT);
    check(
        &ran,
        "oauthv2client.G.",
        &[
            ("client_id", "web"),
            ("client_secret", "web-secret"),
            ("redirection_uris", "https://web.example.com/cb"),
            ("developer.email", "ada@example.com"),
            ("developer.id", "ada"),
            ("developer.app.name", "Web"),
            ("color", "red"),
        ],
    );
}

#[test]
fn what_cannot_be_found() {
    let world = World::new();
    for (policy, code) in [
        (GET_ACCESS, "keymanagement.service.invalid_access_token"),
        (GET_REFRESH, "keymanagement.service.invalid_refresh_token"),
        (GET_CODE, "keymanagement.service.invalid_request-authorization_code_invalid"),
        (GET_CLIENT, "keymanagement.service.invalid_client-invalid_client_id"),
        (DELETE, "keymanagement.service.invalid_access_token"),
        (DELETE_CODE, "keymanagement.service.invalid_request-authorization_code_invalid"),
    ] {
        assert_eq!(run(&world, "unknown", policy).fault(), (404, code), "{policy}");
    }
    for (policy, name) in [
        (GET_ACCESS, "FailedToResolveAccessToken"),
        (GET_REFRESH, "FailedToResolveRefreshToken"),
        (GET_CODE, "FailedToResolveAuthorizationCode"),
        (GET_CLIENT, "FailedToResolveClientId"),
        (SET, "FailedToResolveAccessToken"),
        (DELETE, "FailedToResolveAccessToken"),
        (DELETE_CODE, "FailedToResolveAuthorizationCode"),
    ] {
        let ran = world.run(Message::request("GET", "/x"), policy);
        assert_eq!(ran.fault(), (500, format!("steps.oauth.v2.{name}").as_str()), "{policy}");
    }
}

#[test]
fn the_reader_must_be_covered_by_a_product_of_the_token() {
    let world = World::new();
    let token = world.client_token("narrow");
    let ran = run(&world, &token, GET_ACCESS);
    assert_eq!(ran.fault(), (401, "keymanagement.service.InvalidAPICallAsNoApiProductMatchFound"));
    let mut transaction = world.transaction(Message::request("GET", "/x/users"));
    transaction.set("value", token.as_str()).expect("a variable");
    assert_eq!(world.run_on(transaction, GET_ACCESS).end, End::Continue);
}

#[test]
fn superseded_and_used_strings_are_unknown() {
    let world = World::new();
    let (access, refresh) = tokens_with_attributes(&world);
    world.refresh(&refresh).expect("redeemed");
    assert_eq!(run(&world, &refresh, GET_REFRESH).fault().0, 404);
    assert_eq!(run(&world, &access, GET_ACCESS_ANYHOW).fault().0, 404);
}

#[test]
fn edits_are_seen_by_verification_and_inherited() {
    let world = World::new();
    let (access, refresh) = tokens_with_attributes(&world);
    let mut transaction = about(&world, &access);
    transaction.set("b.value", "two").expect("a variable");
    let ran = world.run_on(transaction, SET);
    check(
        &ran,
        "oauthv2accesstoken.S.",
        &[
            ("access_token", &access),
            ("client_id", "web"),
            ("refresh_count", "0"),
            ("expires_in", "1799"),
            ("status", "approved"),
            ("token_type", "BearerToken"),
            ("a", "new"),
            ("b", "two"),
            ("quiet", "q"),
        ],
    );
    let verified = world.run(crate::support::bearer(&access), crate::support::VERIFY);
    assert_eq!(
        (verified.text("accesstoken.a"), verified.text("accesstoken.b")),
        ("new".into(), "two".into())
    );
    let (next, _) = world.refresh(&refresh).expect("redeemed");
    let verified = world.run(crate::support::bearer(&next), crate::support::VERIFY);
    assert_eq!(verified.text("accesstoken.a"), "new");
}

#[test]
fn what_cannot_be_edited() {
    let world = World::new();
    let (access, _) = tokens_with_attributes(&world);
    assert_eq!(run(&world, &access, SET).fault(), (500, "steps.oauth.v2.UnresolvedVariable"));
    let lenient = SET.replace(
        "</SetOAuthV2Info>",
        "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables></SetOAuthV2Info>",
    );
    assert_eq!(run(&world, &access, &lenient).end, End::Continue);
    assert_eq!(run(&world, "unknown", &lenient).fault(), (404, "keymanagement.service.invalid_access_token"));
    let mut transaction = about(&world, &access);
    transaction.set("b.value", "x".repeat(9000)).expect("a variable");
    assert_eq!(world.run_on(transaction, SET).fault(), (500, "steps.oauth.v2.AttributesTooLarge"));
    world.pass(Duration::from_hours(1));
    assert_eq!(run(&world, &access, &lenient).fault(), (500, "keymanagement.service.access_token_expired"));
}

#[test]
fn what_is_deleted_is_unknown() {
    let world = World::new();
    let (access, refresh) = tokens_with_attributes(&world);
    assert_eq!(run(&world, &access, DELETE).end, End::Continue);
    assert_eq!(world.verify(&access), Err("keymanagement.service.invalid_access_token".into()));
    assert_eq!(world.refresh(&refresh), Err("Invalid Refresh Token".into()));
    assert_eq!(run(&world, &access, DELETE).fault().0, 404);
    let code = world.code();
    assert_eq!(run(&world, &code, DELETE_CODE).end, End::Continue);
    assert_eq!(run(&world, &code, GET_CODE).fault().0, 404);
}
