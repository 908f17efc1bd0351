//! VerifyAPIKey and BasicAuthentication: what they set, and each of their faults.

use crate::support::{End, World, base64, with_authorization};
use dormouse_bundle::Level;
use dormouse_flow::Message;

const VERIFY_KEY: &str = "<VerifyAPIKey name='P'><APIKey ref='request.queryparam.apikey'/></VerifyAPIKey>";

fn fault(status: u16, code: &str, text: &str) -> End {
    End::Fault { status, code: code.into(), text: text.into() }
}

#[track_caller]
fn check_key(request: &str, code: &str, text: &str) {
    let (verb, uri) = request.split_once(' ').expect("verb and URI");
    let ran = World::new().run(Message::request(verb.to_owned(), uri), VERIFY_KEY);
    assert_eq!(ran.end, fault(401, code, text), "{request}");
    assert_eq!(ran.text("verifyapikey.P.failed"), "true");
}

#[test]
fn a_key_that_covers_the_call() {
    let ran = World::new().run(Message::request("GET", "/ada/users?apikey=web"), VERIFY_KEY);
    assert_eq!(ran.end, End::Continue);
    for (name, expected) in [
        ("verifyapikey.P.failed", "false"),
        ("verifyapikey.P.client_id", "web"),
        ("verifyapikey.P.color", "red"),
        ("verifyapikey.P.app.name", "Web"),
        ("verifyapikey.P.developer.email", "ada@example.com"),
        ("verifyapikey.P.developer.team", "blue"),
        ("verifyapikey.P.apiproduct.name", "gold"),
        ("verifyapikey.P.apiproduct.developer.quota.limit", "10"),
        ("client_id", "web"),
        ("developer.app.name", "Web"),
        ("apiproduct.name", "gold"),
        ("verifyapikey.P.nothing", ""),
    ] {
        assert_eq!(ran.text(name), expected, "{name}");
    }
    let narrow = World::new().run(Message::request("GET", "/ada/users?apikey=narrow"), VERIFY_KEY);
    assert_eq!(narrow.end, End::Continue);
    assert_eq!(narrow.text("verifyapikey.P.apiproduct.operation.resource"), "/*/users");
}

#[test]
fn keys_that_are_refused() {
    let unresolved = "Failed to resolve API Key variable request.queryparam.apikey";
    check_key("GET /a", "steps.oauth.v2.FailedToResolveAPIKey", unresolved);
    check_key("GET /a?apikey=", "steps.oauth.v2.FailedToResolveAPIKey", unresolved);
    for wrong in ["nobody", "WEB", "web%20", "+web"] {
        check_key(&format!("GET /a?apikey={wrong}"), "oauth.v2.InvalidApiKey", "Invalid ApiKey");
    }
    for wrong in ["POST /ada/users", "GET /ada/orders", "GET /users"] {
        let code = "oauth.v2.InvalidApiKeyForGivenResource";
        check_key(&format!("{wrong}?apikey=narrow"), code, "Invalid ApiKey for given resource");
    }
    for (key, expected) in [
        ("off", "keymanagement.service.invalid_client-app_not_approved"),
        ("idle", "keymanagement.service.DeveloperStatusNotActive"),
    ] {
        let ran = World::new().run(Message::request("GET", &format!("/a?apikey={key}")), VERIFY_KEY);
        assert_eq!(ran.fault(), (401, expected));
    }
}

#[test]
fn a_key_that_was_revoked() {
    let world = World::new();
    world.change_key("free", "status", "revoked".into());
    let ran = world.run(Message::request("GET", "/a?apikey=free"), VERIFY_KEY);
    assert_eq!(ran.fault(), (401, "oauth.v2.ApiKeyNotApproved"));
}

#[track_caller]
fn check_refused(xml: &str, name: &str) {
    let (executable, problems) = World::new().compile(xml);
    let message = problems.iter().find(|problem| problem.level == Level::Error).map(|it| &*it.message);
    assert!(message.is_some_and(|text| text.contains(&format!("(Apigee: {name})"))), "{message:?}");
    assert!(executable.is_none(), "{xml}");
}

#[test]
fn what_apigee_refuses_to_deploy() {
    check_refused("<VerifyAPIKey name='P'/>", "SpecifyValueOrRefApiKey");
    let basic = |inside: &str| format!("<BasicAuthentication name='B'>{inside}</BasicAuthentication>");
    let encode = "<Operation>Encode</Operation>";
    check_refused(&basic(encode), "UserNameRequired");
    check_refused(&basic(&format!("{encode}<User>u</User>")), "PasswordRequired");
    check_refused(&basic(&format!("{encode}<User>u</User><Password>p</Password>")), "AssignToRequired");
    check_refused(
        &basic("<Operation>Decode</Operation><User ref='u'/><Password ref='p'/>"),
        "SourceRequired",
    );
    check_refused(&basic("<Operation>Other</Operation>"), "InvalidOperation");
}

fn encoding(ignores: bool) -> String {
    format!(
        "<BasicAuthentication name='B'><Operation>Encode</Operation>\
        <IgnoreUnresolvedVariables>{ignores}</IgnoreUnresolvedVariables>\
        <User ref='request.queryparam.u'/><Password ref='request.queryparam.p'/>\
        <AssignTo createNew='false'>request.header.Authorization</AssignTo></BasicAuthentication>"
    )
}

#[test]
fn basic_credentials_are_made() {
    let run = |uri: &str, ignores| World::new().run(Message::request("GET", uri), &encoding(ignores));
    let expected = format!("Basic {}", base64("ann:a:b"));
    assert_eq!(run("/?u=ann&p=a:b", false).text("request.header.Authorization"), expected);
    let unresolved = fault(
        500,
        "steps.basicauthentication.UnresolvedVariable",
        "Unresolved variable : request.queryparam.p",
    );
    assert_eq!(run("/?u=ann", false).end, unresolved);
    let expected = format!("Basic {}", base64("ann:"));
    assert_eq!(run("/?u=ann", true).text("request.header.Authorization"), expected);
}

const DECODE: &str = "<BasicAuthentication name='B'><Operation>Decode</Operation>\
    <User ref='request.queryparam.u'/><Password ref='own.password'/>\
    <Source>request.header.authorization</Source></BasicAuthentication>";

#[test]
fn basic_credentials_are_taken_apart() {
    let run = |value: &str| World::new().run(with_authorization(Message::request("GET", "/"), value), DECODE);
    let ran = run(&format!("basic {}", base64("ann:a:b")));
    assert_eq!(ran.end, End::Continue);
    assert_eq!((&*ran.text("request.queryparam.u"), &*ran.text("own.password")), ("ann", "a:b"));
    for wrong in ["Bearer x", "Basic ***", "Basic", &format!("Basic {}", base64("no-colon"))] {
        let code = "steps.basicauthentication.InvalidBasicAuthenticationSource";
        assert_eq!(run(wrong).fault(), (500, code), "{wrong}");
    }
    let missing = World::new().run(Message::request("GET", "/"), DECODE);
    assert_eq!(missing.fault(), (500, "steps.basicauthentication.UnresolvedVariable"));
}
