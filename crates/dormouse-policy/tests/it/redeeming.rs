//! RefreshAccessToken: rotation, expiry, ownership, scope, attributes.

use crate::support::{End, World, basic, basic_of, form, oauth};
use serde_json::json;
use std::time::Duration;

fn generating(elements: &str) -> String {
    oauth("RefreshAccessToken", &format!("<GenerateResponse/>{elements}"))
}

fn request(token: &str) -> dormouse_flow::Message {
    basic(&[("grant_type", "refresh_token"), ("refresh_token", token)])
}

#[test]
fn the_counter_travels_and_a_used_token_is_invalid() {
    let world = World::new();
    let (_, first) = world.tokens();
    let elements = "<ExpiresIn>600000</ExpiresIn><RefreshTokenExpiresIn>43200000</RefreshTokenExpiresIn>";
    let body = world.run(request(&first), &generating(elements)).json();
    assert_eq!((&body["refresh_count"], &body["expires_in"]), (&json!("1"), &json!("599")));
    assert_eq!(body["refresh_token_expires_in"], json!("43199"));
    assert_eq!((&body["app_enduser"], &body["scope"]), (&json!("ann"), &json!("read write")));
    let second = body["refresh_token"].as_str().expect("a token").to_owned();
    assert_eq!(world.run(request(&second), &generating("")).json()["refresh_count"], json!("2"));
    let ran = world.run(request(&first), &generating(""));
    assert_eq!(ran.text("oauthV2.P.fault.cause"), "Invalid Refresh Token");
    assert_eq!(ran.json(), json!({"ErrorCode": "invalid_request", "Error": "Invalid Refresh Token"}));
    assert_eq!(ran.message().status(), Some(400));
    let ran = world.run(request(&first), crate::support::REFRESH);
    assert_eq!(ran.fault(), (400, "keymanagement.service.invalid_refresh_token"));
    assert!(world.refresh(&second).is_err());
}

#[test]
fn a_replay_revokes_nothing_in_bundles() {
    let world = World::new();
    let (_, first) = world.tokens();
    let (access, second) = world.refresh(&first).expect("redeemed");
    assert!(world.refresh(&first).is_err());
    assert_eq!(world.verify(&access), Ok(()));
    assert!(world.refresh(&second).is_ok());
}

#[test]
fn the_old_access_token_dies() {
    let world = World::new();
    let (access, refresh) = world.tokens();
    assert_eq!(world.verify(&access), Ok(()));
    let (next, _) = world.refresh(&refresh).expect("redeemed");
    assert_eq!(world.verify(&access), Err("keymanagement.service.invalid_access_token".into()));
    assert_eq!(world.verify(&next), Ok(()));
}

#[test]
fn an_expired_access_token_can_be_refreshed_and_an_expired_refresh_token_cannot() {
    let world = World::new();
    let (access, refresh) = world.tokens();
    world.pass(Duration::from_mins(31));
    assert_eq!(world.verify(&access), Err("keymanagement.service.access_token_expired".into()));
    let (_, refresh) = world.refresh(&refresh).expect("redeemed");
    world.pass(Duration::from_hours(24 * 30));
    let ran = world.run(request(&refresh), &generating(""));
    assert_eq!(ran.json(), json!({"ErrorCode": "invalid_request", "Error": "Refresh Token expired"}));
    let rfc = generating("<RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>");
    let ran = world.run(request(&refresh), &rfc);
    assert_eq!(ran.json(), json!({"error": "invalid_grant", "error_description": "Refresh Token expired"}));
    assert_eq!(world.refresh(&refresh), Err("Refresh Token expired".into()));
}

#[test]
fn another_client_learns_nothing_and_changes_nothing() {
    let world = World::new();
    let (_, refresh) = world.tokens();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let ran = world.run(basic_of("free", &form), crate::support::REFRESH);
    assert_eq!(ran.fault(), (400, "keymanagement.service.invalid_refresh_token"));
    assert!(world.refresh(&refresh).is_ok());
}

#[test]
fn reuse_keeps_the_refresh_token_and_its_end() {
    let world = World::new();
    let (_, refresh) = world.tokens();
    let reuse = generating("<ReuseRefreshToken>true</ReuseRefreshToken>");
    world.pass(Duration::from_hours(24));
    let body = world.run(request(&refresh), &reuse).json();
    assert_eq!(body["refresh_token"], json!(refresh));
    assert_eq!(body["refresh_token_expires_in"], json!((29 * 86_400 - 1).to_string()));
    assert_eq!(body["refresh_count"], json!("1"));
    assert_eq!(world.run(request(&refresh), &reuse).json()["refresh_count"], json!("2"));
}

#[test]
fn scope_can_shrink_and_never_grow() {
    let world = World::new();
    let narrowing = generating("<Scope>request.formparam.scope</Scope>");
    let with_scope = |token: &str, scope: &str| {
        basic(&[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)])
    };
    let (_, refresh) = world.tokens();
    let body = world.run(with_scope(&refresh, "read"), &narrowing).json();
    assert_eq!(body["scope"], json!("read"));
    let next = body["refresh_token"].as_str().expect("a token").to_owned();
    let ran = world.run(with_scope(&next, "read write"), &narrowing);
    assert_eq!(ran.json(), json!({"ErrorCode": "invalid_request", "Error": "Invalid Scope"}));
    // The refusal used nothing up.
    assert_eq!(world.run(with_scope(&next, ""), &narrowing).json()["scope"], json!("read"));
}

#[test]
fn attributes_are_inherited_and_new_ones_added() {
    let world = World::new();
    let issue = oauth(
        "GenerateAccessToken",
        "<SupportedGrantTypes><GrantType>password</GrantType></SupportedGrantTypes><GenerateResponse/>\
         <Attributes><Attribute name='first'>1</Attribute><Attribute name='quiet' display='false'>q</Attribute></Attributes>",
    );
    let body = world.run(basic(&crate::support::password_form()), &issue).json();
    assert!(body.get("quiet").is_none());
    let refresh = body["refresh_token"].as_str().expect("a token");
    let adding = generating(
        "<Attributes><Attribute name='first'>2</Attribute><Attribute name='second'>2</Attribute></Attributes>",
    );
    let body = world.run(request(refresh), &adding).json();
    assert_eq!((&body["first"], &body["second"], &body["quiet"]), (&json!("1"), &json!("2"), &json!("q")));
}

#[test]
fn what_is_missing_is_named() {
    let world = World::new();
    let cases = [
        (form(&[("refresh_token", "x")]), "Required param : grant_type"),
        (basic(&[("grant_type", "refresh_token")]), "Required param : refresh_token"),
        (basic(&[("grant_type", "refresh_token"), ("refresh_token", "")]), "Required param : refresh_token"),
    ];
    for (request, text) in cases {
        let ran = world.run(request, &generating(""));
        assert_eq!(ran.json(), json!({"ErrorCode": "invalid_request", "Error": text}));
        assert_eq!(ran.message().status(), Some(400));
        assert_eq!(ran.text("oauthV2.P.fault.name"), "invalid_request");
    }
    let ran = world.run(basic(&[("grant_type", "password"), ("refresh_token", "x")]), &generating(""));
    assert_eq!(ran.end, End::Respond);
    assert_eq!(ran.json()["Error"], json!("Unsupported grant type : password"));
}

#[test]
fn a_named_variable_that_is_unset_has_no_fallback() {
    let world = World::new();
    let (_, refresh) = world.tokens();
    let named = oauth("RefreshAccessToken", "<RefreshToken>flow.token</RefreshToken>");
    let ran = world.run(request(&refresh), &named);
    assert_eq!(ran.fault(), (500, "steps.oauth.v2.FailedToResolveRefreshToken"));
    let ran = world.run(request(&refresh), &named.replace("</OAuthV2>", "<GenerateResponse/></OAuthV2>"));
    assert_eq!(ran.json()["Error"], json!("Required param : refresh_token"));
}
