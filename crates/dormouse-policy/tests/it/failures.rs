//! How failures are answered: faults, generated bodies, final answers, and a service that cannot answer.

use crate::support::{
    End, NOW, Ran, World, basic, basic_of, bearer, form, in_response_phase, oauth, password_form,
};
use dormouse_flow::{Message, Value};
use serde_json::json;
use std::time::Duration;

fn issuing(elements: &str) -> String {
    oauth(
        "GenerateAccessToken",
        &format!(
            "<SupportedGrantTypes><GrantType>client_credentials</GrantType><GrantType>password</GrantType>\
             <GrantType>authorization_code</GrantType></SupportedGrantTypes>{elements}"
        ),
    )
}

const LEGACY: &str = "<GenerateResponse enabled='true'/>";
const RFC: &str =
    "<GenerateResponse enabled='true'/><RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>";

/// A bad request, with the fault's status and code, the status and `ErrorCode` of the older shape, the RFC's `error`, and the
/// text of the generated bodies.
struct Case {
    request: Message,
    fault: (u16, &'static str),
    legacy: (u16, &'static str),
    rfc: &'static str,
    text: &'static str,
}

fn case(
    request: Message,
    fault: (u16, &'static str),
    (status, legacy, rfc): (u16, &'static str, &'static str),
    text: &'static str,
) -> Case {
    Case { request, fault, legacy: (status, legacy), rfc, text }
}

#[track_caller]
fn check(world: &World, case: &Case, policy: impl Fn(&str) -> String) {
    let ran = world.run(case.request.clone(), &policy(""));
    assert_eq!(ran.fault(), case.fault);
    assert!(ran.message().content().starts_with("{\"fault\":"), "{}", ran.message().content());
    let ran = world.run(case.request.clone(), &policy(LEGACY));
    assert_eq!(ran.json(), json!({"ErrorCode": case.legacy.1, "Error": case.text}));
    assert_eq!(ran.message().status(), Some(case.legacy.0));
    assert_eq!(ran.text("oauthV2.P.fault.cause"), case.text);
    assert_eq!(ran.get("oauthV2.P.failed"), Value::Bool(true));
    let ran = world.run(case.request.clone(), &policy(RFC));
    assert_eq!(ran.json(), json!({"error": case.rfc, "error_description": case.text}));
    assert_eq!(ran.header("cache-control").as_deref(), Some("no-store"));
}

#[test]
fn token_requests() {
    let world = World::new();
    let required = |request, text| {
        let bad = (400, "invalid_request", "invalid_request");
        case(request, (400, "steps.oauth.v2.invalid_request"), bad, text)
    };
    let long_user = "u".repeat(257);
    let cases = [
        required(basic(&[]), "Required param : grant_type"),
        required(basic(&[("grant_type", "password"), ("password", "x")]), "Required param : username"),
        required(basic(&[("grant_type", "password"), ("username", "x")]), "Required param : password"),
        required(basic(&[("grant_type", "authorization_code")]), "Required param : code"),
        case(
            basic(&[("grant_type", "authorization_code"), ("code", "x")]),
            (400, "keymanagement.service.invalid_request-authorization_code_invalid"),
            (400, "invalid_request", "invalid_grant"),
            "Invalid Authorization Code",
        ),
        case(
            basic(&[("grant_type", "refresh_token")]),
            (500, "oauth.v2.UnSupportedGrantType"),
            (400, "UnSupportedGrantType", "unsupported_grant_type"),
            "Unsupported grant type : refresh_token",
        ),
        case(
            form(&[("grant_type", "client_credentials")]),
            (500, "oauth.v2.InvalidClientIdentifier"),
            (401, "invalid_client", "invalid_client"),
            "Client credentials are invalid",
        ),
        case(
            basic_of("off", &[("grant_type", "client_credentials")]),
            (401, "keymanagement.service.invalid_client-app_not_approved"),
            (401, "invalid_client", "invalid_client"),
            "App is not approved",
        ),
        case(
            basic_of("idle", &[("grant_type", "client_credentials")]),
            (401, "keymanagement.service.DeveloperStatusNotActive"),
            (401, "invalid_client", "invalid_client"),
            "Developer status is not active",
        ),
        case(
            basic(&[("grant_type", "password"), ("username", &long_user), ("password", "x")]),
            (400, "steps.oauth.v2.AppEndUserTooLong"),
            (400, "invalid_request", "invalid_request"),
            "The end user's id exceeds 256 bytes",
        ),
    ];
    for case in &cases {
        check(&world, case, |elements| {
            issuing(&format!("<AppEndUser>request.formparam.username</AppEndUser>{elements}"))
        });
    }
}

#[test]
fn a_grant_that_the_policy_does_not_list() {
    let world = World::new();
    let only_codes = |elements: &str| oauth("GenerateAccessToken", elements);
    for grant in ["client_credentials", "password", "implicit", "", "x"] {
        let ran = world.run(basic(&[("grant_type", grant)]), &only_codes(LEGACY));
        assert_ne!(ran.end, End::Continue, "{grant}");
    }
    let ran = world.run(basic(&[("grant_type", "authorization_code"), ("code", "x")]), &only_codes(""));
    assert_eq!(ran.fault().1, "keymanagement.service.invalid_request-authorization_code_invalid");
}

#[test]
fn bad_clients_and_unsupported_grants_are_answered_finally() {
    let world = World::new();
    for request in [form(&[("grant_type", "client_credentials")]), basic(&[("grant_type", "x")])] {
        let ran = world.run(request, &issuing(LEGACY));
        assert_eq!(ran.end, End::Respond, "no fault rules run");
        assert!(ran.has_response());
    }
    let ran = world.run(basic(&[]), &issuing(LEGACY));
    assert_eq!(ran.fault().1, "steps.oauth.v2.invalid_request", "all else can be handled by fault rules");
    let transaction = in_response_phase(world.transaction(form(&[("grant_type", "client_credentials")])));
    assert_eq!(world.run_on(transaction, &issuing(LEGACY)).message().status(), Some(401));
}

#[test]
fn an_rfc_client_that_is_refused_is_challenged() {
    let ran = World::new().run(form(&[("grant_type", "client_credentials")]), &issuing(RFC));
    assert_eq!(ran.header("www-authenticate").as_deref(), Some("Basic realm=\"null\""));
}

#[test]
fn keys_that_may_not_be_used() {
    let world = World::new();
    let token = world.client_token("web");
    let request = || basic(&[("grant_type", "client_credentials")]);
    let both = |world: &World, code: &str| {
        assert_eq!(world.run(request(), &issuing("")).fault(), (401, code));
        assert_eq!(world.verify(&token), Err(code.to_owned()));
    };
    world.change_key("web", "status", json!("revoked"));
    both(&world, "keymanagement.service.invalid_client-client_id_not_approved");
    world.change_key("web", "status", json!("approved"));
    world.change_key("web", "expiresAt", json!(NOW.as_ms().to_string()));
    both(&world, "keymanagement.service.consumer_key_expired");
    world.change_key("web", "expiresAt", json!("-1"));
    assert_eq!(world.verify(&token), Ok(()), "what is approved again works again");
    world.delete_key("web");
    assert_eq!(world.run(request(), &issuing("")).fault(), (500, "oauth.v2.InvalidClientIdentifier"));
    assert_eq!(world.verify(&token), Err("keymanagement.service.invalid_client-invalid_client_id".into()));
}

#[test]
fn the_state_of_a_client_is_told_only_to_who_knows_its_secret() {
    let world = World::new();
    let wrong = form(&[("grant_type", "client_credentials"), ("client_id", "off"), ("client_secret", "x")]);
    let unknown = form(&[("grant_type", "client_credentials"), ("client_id", "x"), ("client_secret", "x")]);
    for elements in ["", LEGACY, RFC] {
        let (wrong, unknown) =
            (world.run(wrong.clone(), &issuing(elements)), world.run(unknown.clone(), &issuing(elements)));
        assert_eq!(wrong.end, unknown.end);
        assert_eq!(wrong.message().content(), unknown.message().content());
    }
}

#[test]
fn attributes_that_are_too_large() {
    let world = World::new();
    let mut transaction = world.transaction(basic(&password_form()));
    transaction.set("big", "x".repeat(9000)).expect("a variable");
    let ran = world.run_on(transaction, &issuing("<Attributes><Attribute name='a' ref='big'/></Attributes>"));
    assert_eq!(ran.fault(), (500, "steps.oauth.v2.AttributesTooLarge"));
}

#[test]
fn a_service_that_cannot_answer_says_so() {
    let world = World::new();
    let (access, refresh) = world.tokens();
    crate::support::block_on(world.engine.burn_hour(world.root, NOW.hour())).expect("burned");
    let answered = |ran: Ran| {
        assert_eq!(ran.message().status(), Some(503));
        assert_eq!(ran.header("retry-after").as_deref(), Some("60"));
        ran
    };
    let ran = answered(world.run(basic(&password_form()), &issuing("")));
    assert_eq!(ran.fault(), (503, "steps.oauth.v2.TokenServiceUnavailable"));
    let ran = answered(world.run(basic(&password_form()), &issuing(LEGACY)));
    assert_eq!(ran.json()["ErrorCode"], json!("temporarily_unavailable"));
    let ran = answered(world.run(basic(&password_form()), &issuing(RFC)));
    assert_eq!(ran.json()["error"], json!("temporarily_unavailable"));
    // What was burned is unknown, and says so.
    assert_eq!(world.verify(&access), Err("keymanagement.service.invalid_access_token".into()));
    assert_eq!(world.refresh(&refresh), Err("Invalid Refresh Token".into()));
    world.pass(Duration::from_hours(1));
    assert_eq!(world.run(basic(&password_form()), &issuing("")).end, End::Continue);
}

#[test]
fn with_continue_on_error_nothing_is_answered_unless_asked_for() {
    let world = World::new();
    let policy = |elements: &str| {
        issuing(elements).replace("<OAuthV2 name='P'>", "<OAuthV2 name='P' continueOnError='true'>")
    };
    let request = || form(&[("grant_type", "client_credentials")]);
    let ran = world.run(request(), &policy(LEGACY));
    assert!(matches!(ran.end, End::Fault { .. }) && !ran.has_response());
    assert_eq!(ran.get("oauthV2.P.failed"), Value::Bool(true));
    let asked = "<GenerateErrorResponse enabled='true'><Format>FORM_PARAM</Format><Realm>me</Realm></GenerateErrorResponse>";
    let ran = world.run(request(), &policy(asked));
    let response = ran.transaction.response().expect("a response");
    assert_eq!(response.status(), Some(401));
    assert_eq!(
        response.content(),
        r#"{"ErrorCode":"invalid_client","Error":"Client credentials are invalid"}"#
    );
    assert_eq!(
        response.headers().first(&http::header::WWW_AUTHENTICATE).as_deref(),
        Some("Basic realm=\"me\"")
    );
    // Without continueOnError it has no effect.
    assert!(!world.run(request(), &issuing(asked)).has_response());
}

#[test]
fn jwt_operations_are_named_at_load_and_fault() {
    let world = World::new();
    let policy = oauth(
        "VerifyJWTAccessToken",
        "<Algorithm>HS256</Algorithm><SecretKey><Value ref='private.key'/></SecretKey>",
    );
    let (_, problems) = world.compile(&policy);
    assert!(problems.iter().any(|problem| problem.code == "unsupported-policy"), "{problems:?}");
    let ran = world.run(bearer("x"), &policy);
    assert_eq!(ran.fault(), (500, "steps.runtime.PolicyNotRunnable"));
}
