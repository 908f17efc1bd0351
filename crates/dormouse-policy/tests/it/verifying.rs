//! VerifyAccessToken: where the token is, products, scopes, and the variables of a verified token.

use crate::support::{End, Ran, World, bearer, oauth, with_authorization};
use dormouse_flow::{Message, Value};
use std::time::Duration;

const UNKNOWN: &str = "keymanagement.service.invalid_access_token";
const MISSING: &str = "oauth.v2.InvalidAccessToken";

#[test]
fn where_the_token_is() {
    let world = World::new();
    let token = world.client_token("web");
    let call = |value: &str| with_authorization(Message::request("GET", "/x"), value);
    let verify = crate::support::VERIFY;
    assert_eq!(world.run(call(&format!("Bearer {token}")), verify).end, End::Continue);
    assert_eq!(world.run(call(&format!("\"Bearer {token}\"")), verify).end, End::Continue);
    for (request, code) in [
        (call(&format!("bearer {token}")), MISSING),
        (call("Bearer "), MISSING),
        (call("Bearer"), MISSING),
        (call(&token), MISSING),
        (Message::request("GET", "/x"), MISSING),
        (call("Bearer garbage"), UNKNOWN),
        (call("\"Bearer garbage\""), UNKNOWN),
    ] {
        assert_eq!(world.run(request, verify).fault(), (401, code));
    }
}

#[test]
fn a_named_variable_holds_the_bare_token() {
    let world = World::new();
    let token = world.client_token("web");
    let named = oauth("VerifyAccessToken", "<AccessToken>request.header.token</AccessToken>");
    let call = |value: &str| {
        let mut message = bearer(&token);
        message.headers_mut().set("token", value).expect("a value");
        message
    };
    assert_eq!(world.run(call(&token), &named).end, End::Continue);
    assert_eq!(world.run(call(&format!("Bearer {token}")), &named).end, End::Continue);
    assert_eq!(world.run(bearer(&token), &named).fault(), (401, MISSING), "no fallback to the header");
    let prefixed = oauth(
        "VerifyAccessToken",
        "<AccessToken>request.header.token</AccessToken><AccessTokenPrefix>Bearer</AccessTokenPrefix>",
    );
    assert_eq!(world.run(call(&format!("Bearer {token}")), &prefixed).end, End::Continue);
    assert_eq!(world.run(call(&token), &prefixed).fault(), (401, MISSING));
    let own = oauth("VerifyAccessToken", "<AccessToken>flow.token</AccessToken>");
    assert_eq!(world.run(bearer(&token), &own).fault(), (500, "steps.oauth.v2.FailedToResolveAccessToken"));
}

#[test]
fn failures_challenge_the_client() {
    let world = World::new();
    let token = world.client_token("web");
    world.pass(Duration::from_hours(1));
    let ran = world.run(bearer(&token), crate::support::VERIFY);
    assert_eq!(ran.fault(), (401, "keymanagement.service.access_token_expired"));
    assert_eq!(
        ran.message().content(),
        "{\"fault\":{\"faultstring\":\"Access Token expired\",\"detail\":{\"errorcode\":\"keymanagement.service.access_token_expired\"}}}"
    );
    assert_eq!(
        ran.header("www-authenticate").as_deref(),
        Some(
            "Bearer realm=\"null\",error=\"invalid_token\",\
             error_description=\"keymanagement.service.access_token_expired: Access Token expired\""
        )
    );
    assert_eq!(ran.text("oauthV2.P.fault.name"), "keymanagement.service.access_token_expired");
    assert_eq!(ran.text("oauthV2.P.fault.cause"), "Access Token expired");
    assert_eq!(ran.get("oauthV2.P.failed"), Value::Bool(true));
    assert_eq!(ran.get("oauthV2.failed"), Value::Bool(true));
    let realm = oauth(
        "VerifyAccessToken",
        "<GenerateErrorResponse enabled='true'><Realm>a \"realm\"</Realm></GenerateErrorResponse>",
    );
    let challenge = world.run(bearer(&token), &realm).header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("Bearer realm=\"a \\\"realm\\\"\","), "{challenge}");
}

#[test]
fn products_cover_verbs_and_paths() {
    let world = World::new();
    let token = world.client_token("narrow");
    let call = |verb: &'static str, path: &str| {
        with_authorization(Message::request(verb, path), &format!("Bearer {token}"))
    };
    assert_eq!(world.run(call("GET", "/x/users"), crate::support::VERIFY).end, End::Continue);
    let expected = (401, "keymanagement.service.InvalidAPICallAsNoApiProductMatchFound");
    for request in [call("POST", "/x/users"), call("GET", "/users"), call("GET", "/a/b/users")] {
        let ran = world.run(request, crate::support::VERIFY);
        assert_eq!(ran.fault(), expected);
    }
}

#[test]
fn one_scope_is_enough() {
    let world = World::new();
    let token = world.client_token("narrow");
    let verify = |scope: &str| {
        world.run(bearer(&token), &oauth("VerifyAccessToken", &format!("<Scope>{scope}</Scope>")))
    };
    assert_eq!(verify("read write").end, End::Continue);
    assert_eq!(verify("").end, End::Continue);
    let ran = verify("write admin");
    assert_eq!(
        ran.end,
        End::Fault {
            status: 403,
            code: "steps.oauth.v2.InsufficientScope".into(),
            text: "Required scope(s): [write, admin]".into()
        }
    );
    assert!(ran.header("www-authenticate").is_some_and(|value| value.contains("insufficient_scope")));
    assert_eq!(ran.text("oauthV2.P.fault.name"), "InsufficientScope");
    assert_eq!(verify("READ").fault().0, 403, "scopes are compared exactly");
}

#[test]
fn variables_of_a_verified_token() {
    let world = World::new();
    let issue = oauth(
        "GenerateAccessToken",
        "<SupportedGrantTypes><GrantType>password</GrantType></SupportedGrantTypes>\
         <Attributes><Attribute name='a.b'>c</Attribute></Attributes>",
    );
    let issued = world.run(crate::support::basic(&crate::support::password_form()), &issue);
    let token = issued.text("oauthv2accesstoken.P.access_token");
    world.pass(Duration::from_secs(100));
    let ran = world.run(bearer(&token), crate::support::VERIFY);
    assert_eq!(ran.end, End::Continue);
    for (name, expected) in [
        ("access_token", token.as_str()),
        ("client_id", "web"),
        ("grant_type", "password"),
        ("token_type", "BearerToken"),
        ("issued_at", "1800000900000"),
        ("expires_in", "1699"),
        ("status", "approved"),
        ("scope", "read write"),
        ("organization_name", "acme"),
        ("accesstoken.a.b", "c"),
        ("refresh_token_expires_in", "2591899"),
        ("apiproduct.name", "gold"),
        ("apiproduct.tier", "first"),
        ("apiproduct.developer.quota.limit", "10"),
        ("apiproduct.developer.quota.interval", "1"),
        ("apiproduct.developer.quota.timeunit", "minute"),
        ("developer.app.name", "Web"),
        ("developer.app.id", "web-app"),
        ("app.name", "Web"),
        ("app.id", "web-app"),
        ("app.callbackUrl", "https://web.example.com/cb"),
        ("app.status", "approved"),
        ("app.appFamily", "default"),
        ("app.apiproducts", "[gold]"),
        ("app.appType", "Developer"),
        ("app.appParentId", "ada"),
        ("app.appParentStatus", "active"),
        ("app.color", "red"),
        ("developer.id", "ada"),
        ("developer.userName", "ada1"),
        ("developer.firstName", "Ada"),
        ("developer.lastName", "L"),
        ("developer.email", "ada@example.com"),
        ("developer.status", "active"),
        ("developer.team", "blue"),
        ("apigee.access_token", token.as_str()),
        ("apigee.client_id", "web"),
        ("apigee.developer.email", "ada@example.com"),
    ] {
        assert_eq!(ran.text(name), expected, "{name}");
    }
    let apps = ran.text("developer.apps");
    for app in ["Web", "Free", "Off"] {
        assert!(apps.contains(app), "{apps}");
    }
    for null in ["accesstoken.x", "apiproduct.x", "app.x", "developer.x", "client_secret", "a.b"] {
        assert!(ran.get(null).is_null(), "{null}");
    }
    // What a template may name although no token of this kind has it.
    assert_eq!((ran.get("refresh_token"), ran.get("app_enduser")), (Value::from(""), Value::from("")));
}

#[test]
fn variables_of_an_operation() {
    let world = World::new();
    let ran = world.run(bearer(&world.client_token("narrow")), crate::support::VERIFY);
    for (name, expected) in [
        ("apiproduct.name", "operations"),
        ("apiproduct.operation.resource", "/*/users"),
        ("apiproduct.operation.methods", "[GET]"),
        ("apiproduct.operation.attributes.cost", "3"),
    ] {
        assert_eq!(ran.text(name), expected, "{name}");
    }
}

#[test]
fn elements_of_other_operations_are_tolerated() {
    let world = World::new();
    let token = world.client_token("web");
    let elements = "<GenerateResponse enabled='true'/><SupportedGrantTypes><GrantType>password</GrantType>\
        </SupportedGrantTypes><ExternalAuthorization>true</ExternalAuthorization>\
        <Attributes><Attribute name='a'>b</Attribute></Attributes>\
        <RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>";
    let verify = oauth("VerifyAccessToken", elements);
    let ran: Ran = world.run(bearer(&token), &verify);
    assert_eq!(ran.end, End::Continue);
    assert!(!ran.has_response());
    let ran = world.run(bearer("x"), &verify);
    assert_eq!(ran.fault(), (401, UNKNOWN));
    assert!(ran.message().content().starts_with("{\"fault\":"));
}

#[test]
fn the_wrong_kind_of_token_is_unknown() {
    let world = World::new();
    let (_, refresh) = world.tokens();
    for wrong in [refresh.as_str(), &world.code(), &"x".repeat(1 << 20)] {
        assert_eq!(world.verify(wrong), Err(UNKNOWN.into()));
    }
}
