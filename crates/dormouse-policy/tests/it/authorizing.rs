//! GenerateAuthorizationCode, the exchange of codes, and the implicit grant.

use crate::support::{CALLBACK, CODE, End, Ran, World, basic, basic_of, bearer, form, oauth};
use dormouse_flow::Message;
use serde_json::json;
use std::time::Duration;

const ANSWERED: &str =
    "<OAuthV2 name='P'><Operation>GenerateAuthorizationCode</Operation><GenerateResponse/></OAuthV2>";
const IMPLICIT: &str =
    "<OAuthV2 name='P'><Operation>GenerateAccessTokenImplicitGrant</Operation><GenerateResponse/></OAuthV2>";
const EXCHANGE: &str = "<OAuthV2 name='P'><Operation>GenerateAccessToken</Operation>\
    <SupportedGrantTypes><GrantType>authorization_code</GrantType></SupportedGrantTypes><GenerateResponse/></OAuthV2>";

fn authorize(world: &World, query: &str) -> Ran {
    world.run(Message::request("GET", &format!("/authorize?{query}")), ANSWERED)
}

fn exchange(world: &World, code: &str, redirect_uri: Option<&str>) -> Ran {
    let mut parameters = vec![("grant_type", "authorization_code"), ("code", code)];
    parameters.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
    world.run(basic(&parameters), EXCHANGE)
}

#[test]
fn a_browser_is_sent_back_with_a_code() {
    let world = World::new();
    let ran = authorize(&world, "client_id=web&response_type=code&state=a%26b%20c&scope=read%20admin");
    assert_eq!((ran.end == End::Continue, ran.message().status()), (true, Some(302)));
    let location = ran.header("location").expect("a location");
    let code = ran.text("oauthv2authcode.P.code");
    assert_eq!(location, format!("{CALLBACK}?code={code}&state=a%26b%20c&scope=read"));
    assert_eq!(ran.text("oauthv2authcode.P.redirect_uri"), CALLBACK);
    assert_eq!(ran.text("oauthv2authcode.P.scope"), "read");
    assert_eq!(ran.text("oauthv2authcode.P.client_id"), "web");
    let bare = authorize(&world, "client_id=web&response_type=code");
    assert!(!bare.header("location").expect("a location").contains(['&', '#']));
}

#[test]
fn on_post_the_form_goes_before_the_query() {
    let world = World::new();
    let mut request = form(&[("client_id", "web"), ("state", "form")]);
    request.set_path("/authorize");
    request.set_query("client_id=nobody&response_type=code&state=query");
    let ran = world.run(request, ANSWERED);
    assert!(ran.header("location").expect("a location").contains("&state=form"));
}

#[test]
fn without_a_response_there_is_a_variable() {
    let ran = World::new().run(Message::request("GET", "/?client_id=web&response_type=code"), CODE);
    assert!(!ran.has_response() && ran.text("oauthv2authcode.P.code").starts_with("dmac_"));
}

#[test]
fn nothing_is_injected_into_the_location() {
    let world = World::new();
    let ran = authorize(&world, "client_id=web&response_type=code&state=%0d%0aSet-Cookie:%20x%3d1");
    let location = ran.header("location").expect("a location");
    assert!(location.ends_with("&state=%0D%0ASet-Cookie%3A%20x%3D1"), "{location}");
    let query = "client_id=free&response_type=code&redirect_uri=https://a.example/%0d%0aSet-Cookie:x";
    assert_eq!(authorize(&world, query).message().status(), Some(400));
}

#[test]
fn what_is_wrong_with_a_browsers_request() {
    let world = World::new();
    for (query, status, text) in [
        ("response_type=code", 400, "The request is missing a required parameter : client_id"),
        ("client_id=nobody&response_type=code", 401, "Invalid client id : nobody. ClientId is Invalid"),
        ("client_id=web", 400, "The request is missing a required parameter : response_type"),
        ("client_id=web&response_type=token", 400, "Response type must be code"),
        ("client_id=web&response_type=code&redirect_uri=https://b", 400, "Invalid redirection uri https://b"),
        ("client_id=free&response_type=code", 400, "Redirection URI is required"),
    ] {
        let ran = authorize(&world, query);
        assert_eq!(ran.json(), json!({"ErrorCode": "invalid_request", "Error": text}), "{query}");
        assert_eq!(ran.message().status(), Some(status), "{query}");
        assert_eq!(ran.text("oauthV2.P.fault.cause"), text);
        assert!(ran.header("location").is_none());
    }
    let ran = world.run(Message::request("GET", "/?client_id=web&response_type=code"), IMPLICIT);
    assert_eq!(ran.json()["Error"], json!("Response type must be token"));
    let ran = world.run(Message::request("GET", "/?client_id=nobody&response_type=code"), CODE);
    assert_eq!(ran.fault(), (500, "keymanagement.service.invalid_client-invalid_client_id"));
}

#[test]
fn a_response_type_written_where_a_variable_belongs() {
    let world = World::new();
    let policy = ANSWERED.replace("<GenerateResponse/>", "<ResponseType>code</ResponseType>");
    let ran = world.run(Message::request("GET", "/?client_id=web"), &policy);
    assert_eq!(ran.end, End::Continue);
    let other = ANSWERED.replace("<GenerateResponse/>", "<ResponseType>token</ResponseType>");
    assert_eq!(
        world.run(Message::request("GET", "/?client_id=web&response_type=code"), &other).fault(),
        (400, "steps.oauth.v2.invalid_request")
    );
}

#[test]
fn any_redirect_uri_where_the_app_has_none() {
    let world = World::new();
    let query = "client_id=free&response_type=code&redirect_uri=https://any.example/?a=b";
    let location = authorize(&world, query).header("location").expect("a location");
    assert!(location.starts_with("https://any.example/?a=b&code="), "{location}");
}

#[test]
fn a_code_yields_tokens_once() {
    let world = World::new();
    let code = world.code();
    let body = exchange(&world, &code, Some(CALLBACK)).json();
    assert_eq!(body["scope"], json!("read"));
    assert_eq!(world.verify(body["access_token"].as_str().expect("a token")), Ok(()));
    assert!(body["refresh_token"].as_str().is_some());
    let again = exchange(&world, &code, Some(CALLBACK));
    assert_eq!(again.json(), json!({"ErrorCode": "invalid_request", "Error": "Invalid Authorization Code"}));
    assert_eq!(
        world.verify(body["access_token"].as_str().expect("a token")),
        Ok(()),
        "a replay revokes nothing"
    );
}

#[test]
fn the_redirect_uri_belongs_to_the_code() {
    let world = World::new();
    let code = world.code();
    let error = |ran: Ran| ran.json()["Error"].clone();
    assert_eq!(error(exchange(&world, &code, None)), json!("Required param : redirect_uri"));
    assert_eq!(error(exchange(&world, &code, Some("https://b"))), json!("Invalid redirect_uri : https://b"));
    assert_eq!(exchange(&world, &code, Some(CALLBACK)).end, End::Continue, "the refusals used nothing up");
    let ran = authorize(&world, "client_id=web&response_type=code");
    let code = ran.text("oauthv2authcode.P.code");
    assert_eq!(exchange(&world, &code, None).end, End::Continue, "the app's own applies");
}

#[test]
fn codes_that_cannot_be_exchanged() {
    let world = World::new();
    let bad = json!({"ErrorCode": "invalid_request", "Error": "Invalid Authorization Code"});
    assert_eq!(exchange(&world, "garbage", Some(CALLBACK)).json(), bad);
    let code = world.code();
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
    assert_eq!(world.run(basic_of("free", &form), EXCHANGE).json(), bad);
    world.pass(Duration::from_mins(30));
    assert_eq!(exchange(&world, &code, Some(CALLBACK)).json(), bad);
    let ran = world.run(basic(&[("grant_type", "authorization_code")]), EXCHANGE);
    assert_eq!(ran.json()["Error"], json!("Required param : code"));
}

#[test]
fn a_token_inherits_the_codes_attributes_and_user() {
    let world = World::new();
    let policy = oauth(
        "GenerateAuthorizationCode",
        "<AppEndUser>request.queryparam.user</AppEndUser>\
         <Attributes><Attribute name='a'>1</Attribute><Attribute name='b'>2</Attribute></Attributes>",
    );
    let ran = world.run(Message::request("GET", "/?client_id=web&response_type=code&user=ann"), &policy);
    let code = ran.text("oauthv2authcode.P.code");
    let exchange = EXCHANGE
        .replace("</OAuthV2>", "<Attributes><Attribute name='b'>3</Attribute></Attributes></OAuthV2>");
    let body = world.run(basic(&[("grant_type", "authorization_code"), ("code", &code)]), &exchange).json();
    assert_eq!((&body["a"], &body["b"], &body["app_enduser"]), (&json!("1"), &json!("3"), &json!("ann")));
}

#[test]
fn the_implicit_grant_answers_in_the_fragment() {
    let world = World::new();
    let ran = world
        .run(Message::request("GET", "/?client_id=web&response_type=token&state=s&scope=read"), IMPLICIT);
    assert_eq!(ran.message().status(), Some(302));
    let token = ran.text("oauthv2accesstoken.P.access_token");
    assert_eq!(
        ran.header("location").expect("a location"),
        format!("{CALLBACK}#expires_in=1799&access_token={token}&state=s&scope=read")
    );
    assert_eq!(ran.text("oauthv2accesstoken.P.expires_in"), "1799");
    assert_eq!(ran.text("oauthv2accesstoken.P.refresh_token"), "", "never a refresh token");
    assert_eq!(world.run(bearer(&token), crate::support::VERIFY).text("grant_type"), "implicit");
}

#[test]
fn a_code_that_is_not_stored_cannot_be_exchanged() {
    let world = World::new();
    let policy = oauth("GenerateAuthorizationCode", "<StoreToken>false</StoreToken>");
    let ran = world.run(Message::request("GET", "/?client_id=web&response_type=code"), &policy);
    let code = ran.text("oauthv2authcode.P.code");
    assert_eq!(code.len(), 8);
    assert_eq!(exchange(&world, &code, None).json()["Error"], json!("Invalid Authorization Code"));
}
