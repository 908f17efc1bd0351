//! Tokens of foreign authorization servers.

use crate::support::{CALLBACK, End, Ran, World, basic, form, oauth};
use dormouse_flow::{Message, Transaction};
use serde_json::json;

fn importing(elements: &str) -> String {
    oauth(
        "GenerateAccessToken",
        &format!(
            "<SupportedGrantTypes><GrantType>password</GrantType><GrantType>client_credentials</GrantType>\
             <GrantType>authorization_code</GrantType></SupportedGrantTypes><GenerateResponse/>\
             <ExternalAccessToken>foreign.access</ExternalAccessToken>\
             <ExternalRefreshToken>foreign.refresh</ExternalRefreshToken>{elements}"
        ),
    )
}

const EXTERNAL: &str = "<ExternalAuthorization>true</ExternalAuthorization><StoreToken>true</StoreToken>";

fn foreign(world: &World, request: Message, verdict: Option<&str>) -> Transaction {
    let mut transaction = world.transaction(request);
    for (name, value) in [
        ("foreign.access", Some("foreign-access")),
        ("foreign.refresh", Some("foreign-refresh")),
        ("oauth_external_authorization_status", verdict),
    ] {
        transaction.set(name, value).expect("a variable");
    }
    transaction
}

fn import(world: &World, elements: &str, verdict: Option<&str>) -> Ran {
    let request =
        form(&[("grant_type", "password"), ("username", "ann"), ("password", "x"), ("client_id", "web")]);
    world.run_on(foreign(world, request, verdict), &importing(elements))
}

#[test]
fn an_imported_token_works_like_a_native_one() {
    let world = World::new();
    let body = import(&world, EXTERNAL, Some("true")).json();
    assert_eq!(
        (&body["access_token"], &body["refresh_token"]),
        (&json!("foreign-access"), &json!("foreign-refresh"))
    );
    assert_eq!((&body["client_id"], &body["scope"]), (&json!("web"), &json!("read write")));
    assert_eq!(world.verify("foreign-access"), Ok(()));
}

#[test]
fn redeeming_removes_the_import() {
    let world = World::new();
    import(&world, EXTERNAL, Some("true"));
    assert_eq!(world.stored_imports(), 2);
    let (access, refresh) = world.refresh("foreign-refresh").expect("redeemed");
    assert!(access.starts_with("dmat_") && refresh.starts_with("dmrt_"));
    assert_eq!(world.stored_imports(), 0);
    assert_eq!(world.verify("foreign-access"), Err("keymanagement.service.invalid_access_token".into()));
    assert_eq!(world.refresh("foreign-refresh"), Err("Invalid Refresh Token".into()));
    assert!(world.refresh(&refresh).is_ok());
}

#[test]
fn the_verdict_of_the_external_server() {
    let world = World::new();
    for verdict in ["false", "FALSE", "yes", ""] {
        let ran = import(&world, EXTERNAL, Some(verdict));
        assert_eq!(ran.message().status(), Some(401), "{verdict}");
        assert_eq!(ran.json()["Error"], json!("External authorization failed"));
    }
    // Without a verdict the client has to prove itself, and here it has no secret.
    let ran = import(&world, EXTERNAL, None);
    assert_eq!((ran.end == End::Respond, ran.message().status()), (true, Some(401)));
    let request = basic(&[("grant_type", "client_credentials")]);
    let ran = world.run_on(foreign(&world, request, None), &importing(EXTERNAL));
    assert_eq!(ran.json()["access_token"], json!("foreign-access"));
}

#[test]
fn an_unknown_client_is_refused_whoever_vouches_for_it() {
    let world = World::new();
    let request = form(&[("grant_type", "client_credentials"), ("client_id", "nobody")]);
    let ran = world.run_on(foreign(&world, request, Some("true")), &importing(EXTERNAL));
    assert_eq!(ran.json(), json!({"ErrorCode": "invalid_client", "Error": "Client credentials are invalid"}));
}

#[test]
fn what_is_not_stored_never_verifies() {
    let world = World::new();
    for elements in [
        "<ExternalAuthorization>true</ExternalAuthorization>",
        "<ExternalAuthorization>true</ExternalAuthorization><StoreToken>false</StoreToken>",
    ] {
        let body = import(&world, elements, Some("true")).json();
        assert_eq!(
            (&body["access_token"], &body["refresh_token"]),
            (&json!("foreign-access"), &json!("foreign-refresh"))
        );
        assert_eq!(world.stored_imports(), 0);
        assert!(world.verify("foreign-access").is_err());
    }
    // The policy checks the client itself: then foreign strings are stored unless it says no.
    let request = basic(&[("grant_type", "client_credentials")]);
    world.run_on(foreign(&world, request, None), &importing(""));
    assert_eq!(world.verify("foreign-access"), Ok(()));
}

#[test]
fn strings_that_cannot_be_imported() {
    let world = World::new();
    let (own, _) = world.tokens();
    let long = "x".repeat(2049);
    for string in [own.as_str(), long.as_str()] {
        let mut transaction = foreign(&world, basic(&[("grant_type", "client_credentials")]), Some("true"));
        transaction.set("foreign.access", string).expect("a variable");
        let ran = world.run_on(transaction, &importing("<StoreToken>true</StoreToken>"));
        assert_eq!(ran.fault().1, "steps.oauth.v2.ExternalTokenRefused");
        assert_eq!(ran.message().status(), Some(400));
        assert!(!ran.message().content().contains(string));
    }
}

#[test]
fn a_policy_that_names_foreign_tokens_needs_one() {
    let world = World::new();
    let transaction = world.transaction(basic(&[("grant_type", "client_credentials")]));
    let policy = importing("").replace("<GenerateResponse/>", "");
    let ran = world.run_on(transaction, &policy);
    assert_eq!(ran.fault(), (500, "steps.oauth.v2.FailedToResolveAccessToken"));
    let mut transaction = world.transaction(basic(&[("grant_type", "client_credentials")]));
    transaction.set("foreign.refresh", "only-refresh").expect("a variable");
    let ran = world.run_on(transaction, &policy);
    assert_eq!(ran.text("oauthv2accesstoken.P.refresh_token"), "only-refresh");
    assert!(ran.text("oauthv2accesstoken.P.access_token").starts_with("dmat_"));
}

#[test]
fn a_code_of_ours_is_used_up_by_an_import() {
    let world = World::new();
    let code = world.code();
    let request =
        || basic(&[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)]);
    let ran = world.run_on(foreign(&world, request(), None), &importing(""));
    assert_eq!(
        (&ran.json()["access_token"], &ran.json()["scope"]),
        (&json!("foreign-access"), &json!("read"))
    );
    let again = world.run_on(foreign(&world, request(), None), &importing(""));
    assert_eq!(again.json()["Error"], json!("Invalid Authorization Code"));
    // A code of the foreign server means nothing here.
    let request = form(&[("grant_type", "authorization_code"), ("client_id", "web")]);
    let ran = world.run_on(foreign(&world, request, Some("true")), &importing(EXTERNAL));
    assert_eq!(ran.end, End::Continue);
}

#[test]
fn a_foreign_code_is_exchanged_here() {
    let world = World::new();
    let policy = oauth(
        "GenerateAuthorizationCode",
        "<ExternalAuthorization>true</ExternalAuthorization><StoreToken>true</StoreToken>\
         <ExternalAuthorizationCode>foreign.code</ExternalAuthorizationCode>",
    );
    let request = || Message::request("GET", "/?client_id=web&response_type=code");
    assert_eq!(
        world.run(request(), &policy).fault(),
        (500, "steps.oauth.v2.FailedToResolveAuthorizationCode")
    );
    let mut transaction = world.transaction(request());
    transaction.set("foreign.code", "foreign-code").expect("a variable");
    let ran = world.run_on(transaction, &policy);
    assert_eq!(ran.text("oauthv2authcode.P.code"), "foreign-code");
    let exchange = importing("").replace("<ExternalAccessToken>foreign.access</ExternalAccessToken>", "");
    let exchange = exchange.replace("<ExternalRefreshToken>foreign.refresh</ExternalRefreshToken>", "");
    let token = || basic(&[("grant_type", "authorization_code"), ("code", "foreign-code")]);
    assert_eq!(world.run(token(), &exchange).end, End::Continue);
    assert_eq!(world.run(token(), &exchange).json()["Error"], json!("Invalid Authorization Code"));
}
