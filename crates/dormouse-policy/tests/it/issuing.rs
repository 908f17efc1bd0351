//! GenerateAccessToken: grants, credentials, lifetimes, attributes, responses and variables.

use crate::support::{
    CLIENT, End, NOW, PASSWORD, Ran, World, base64, basic, form, oauth, password_form, with_authorization,
};
use dormouse_flow::{Message, Value, VariableSource};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// All grants, answered by the policy.
fn generating(elements: &str) -> String {
    oauth(
        "GenerateAccessToken",
        &format!(
            "<SupportedGrantTypes><GrantType>client_credentials</GrantType><GrantType>password</GrantType>\
             <GrantType>authorization_code</GrantType></SupportedGrantTypes><GenerateResponse/>{elements}"
        ),
    )
}

fn without_tokens(mut body: Json) -> Json {
    for name in ["access_token", "refresh_token"] {
        if let Some(token) = body.as_object_mut().expect("an object").remove(name) {
            assert!(token.as_str().is_some_and(|token| token.starts_with("dm")), "{name}");
        }
    }
    body
}

#[test]
fn a_password_response_in_the_older_shape() {
    let ran = World::new().run(
        basic(&password_form()),
        &generating(
            "<ExpiresIn>600000</ExpiresIn><RefreshTokenExpiresIn>43200000</RefreshTokenExpiresIn>\
             <AppEndUser>request.formparam.username</AppEndUser>\
             <Attributes><Attribute name='idp.jwt'>x&amp;y</Attribute><Attribute name='hidden' display='false'>z</Attribute>\
             </Attributes>",
        ),
    );
    assert_eq!(ran.end, End::Continue);
    assert_eq!(ran.message().status(), Some(200));
    assert_eq!(ran.header("content-type").as_deref(), Some("application/json"));
    assert_eq!(
        without_tokens(ran.json()),
        json!({
            "issued_at": NOW.as_ms().to_string(),
            "application_name": "web-app",
            "scope": "read write",
            "app_enduser": "ann",
            "status": "approved",
            "api_product_list": "[gold]",
            "api_product_list_json": ["gold"],
            "expires_in": "599",
            "developer.email": "ada@example.com",
            "organization_id": "0",
            "organization_name": "acme",
            "token_type": "BearerToken",
            "client_id": "web",
            "refresh_token_issued_at": NOW.as_ms().to_string(),
            "refresh_token_status": "approved",
            "refresh_token_expires_in": "43199",
            "refresh_count": "0",
            "idp.jwt": "x&y",
        })
    );
}

#[test]
fn fields_keep_their_order() {
    let ran = World::new().run(basic(&password_form()), &generating(""));
    let content = ran.message().content().into_owned();
    let names = ["issued_at", "scope", "expires_in", "access_token", "refresh_token", "refresh_count"];
    let places: Vec<_> = names.iter().map(|name| content.find(&format!("\"{name}\":"))).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?}");
}

#[test]
fn client_credentials_never_yield_a_refresh_token() {
    let ran = World::new().run(basic(&[("grant_type", "client_credentials")]), &generating(""));
    let body = ran.json();
    for absent in ["refresh_token", "refresh_token_issued_at", "refresh_token_status", "app_enduser"] {
        assert!(body.get(absent).is_none(), "{absent}");
    }
    assert_eq!((&body["refresh_token_expires_in"], &body["refresh_count"]), (&json!("0"), &json!("0")));
    assert_eq!(body["expires_in"], json!("1799"));
    assert_eq!(body["scope"], json!("read write"));
    // Templates that serve every grant resolve.
    assert_eq!(ran.get("oauthv2accesstoken.P.refresh_token"), Value::from(""));
}

#[test]
fn rfc_mode_has_numbers_and_forbids_storing() {
    let elements = "<RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>";
    let ran = World::new().run(basic(&password_form()), &generating(elements));
    let body = ran.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(1799)));
    assert_eq!(body["refresh_token_expires_in"], json!(2_591_999));
    assert_eq!((&body["refresh_count"], &body["status"]), (&json!("0"), &json!("approved")));
    assert_eq!(ran.header("cache-control").as_deref(), Some("no-store"));
    assert_eq!(ran.header("pragma").as_deref(), Some("no-cache"));
    assert_eq!(ran.text("oauthv2accesstoken.P.token_type"), "Bearer");
}

#[test]
fn a_format_has_no_effect() {
    let world = World::new();
    for format in ["FORM_PARAM", "XML"] {
        let element =
            format!("<GenerateResponse enabled='true'><Format>{format}</Format></GenerateResponse>");
        let policy = generating("").replace("<GenerateResponse/>", &element);
        let ran = world.run(basic(&[("grant_type", "client_credentials")]), &policy);
        assert_eq!(ran.json()["expires_in"], json!("1799"), "{format}");
        let (_, problems) = world.compile(&policy);
        assert!(problems.iter().any(|problem| problem.code == "format-without-effect"), "{problems:?}");
    }
}

#[test]
fn without_a_response_there_are_variables_only() {
    let ran = World::new().run(basic(&password_form()), PASSWORD);
    assert_eq!(ran.end, End::Continue);
    assert!(!ran.has_response());
    check_variables(
        &ran,
        "oauthv2accesstoken.P.",
        &[
            ("token_type", "BearerToken"),
            ("status", "approved"),
            ("scope", "read write"),
            ("expires_in", "1799"),
            ("client_id", "web"),
            ("api_product_list", "[gold]"),
            ("api_product_list_json", "[\"gold\"]"),
            ("refresh_token_status", "approved"),
            ("refresh_token_expires_in", "2591999"),
            ("refresh_count", "0"),
            ("organization_name", "acme"),
        ],
    );
    assert!(ran.text("oauthv2accesstoken.P.access_token").starts_with("dmat_"));
    assert!(ran.text("oauthv2accesstoken.P.refresh_token").starts_with("dmrt_"));
    assert_eq!(ran.text("apigee.access_token"), ran.text("oauthv2accesstoken.P.access_token"));
    check_variables(
        &ran,
        "apigee.",
        &[("client_id", "web"), ("developer.app.name", "Web"), ("developer.email", "ada@example.com")],
    );
    assert_eq!(ran.get("oauthV2.P.failed"), Value::Bool(false));
    assert_eq!(ran.get("oauthV2.failed"), Value::Bool(false));
    assert!(ran.get("oauthv2accesstoken.Q.access_token").is_null());
    assert!(ran.get("oauthV2.P.fault.name").is_null());
}

#[track_caller]
fn check_variables(ran: &Ran, prefix: &str, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(ran.text(&format!("{prefix}{name}")), *value, "{name}");
    }
}

#[test]
fn ways_to_prove_who_the_client_is() {
    let grant = ("grant_type", "client_credentials");
    let world = World::new();
    let header = |value: &str| with_authorization(form(&[grant]), value);
    let accepted = [
        basic(&[grant]),
        form(&[grant, ("client_id", "web"), ("client_secret", "web-secret")]),
        header(&format!("basic {}", base64("web:web-secret"))),
        header(&format!("BASIC {}", base64("web:web-secret").trim_end_matches('='))),
        header(&format!("Basic {}", base64("web:web%2Dsecret"))),
        // Another scheme is no Basic header: the form decides.
        with_authorization(form(&[grant, ("client_id", "web"), ("client_secret", "web-secret")]), "Bearer x"),
    ];
    for request in accepted {
        assert_eq!(world.run(request, CLIENT).end, End::Continue);
    }
    let refused = [
        form(&[grant]),
        form(&[grant, ("client_id", "web")]),
        form(&[grant, ("client_id", "web"), ("client_secret", "wrong")]),
        form(&[grant, ("client_id", "nobody"), ("client_secret", "web-secret")]),
        header("Basic"),
        header("Basic !!!"),
        header(&format!("Basic {}", base64("web"))),
        header(&format!("Basic {}", base64("web:wrong"))),
        header(&format!("Basic {}", base64(":"))),
        header("Basic //8="),
        // A Basic header decides alone.
        with_authorization(
            form(&[grant, ("client_id", "web"), ("client_secret", "web-secret")]),
            "Basic !!!",
        ),
    ];
    let mut bodies = Vec::new();
    for request in refused {
        let ran = world.run(request, CLIENT);
        assert_eq!(ran.fault(), (500, "oauth.v2.InvalidClientIdentifier"));
        bodies.push(ran.message().content().into_owned());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "no answer tells an unknown client from a wrong secret");
}

#[test]
fn secrets_with_colons_and_form_encoding() {
    let world = World::new();
    for credentials in ["odd%20key:a:b+c%41", "odd%2520key:a%3Ab%2Bc%2541"] {
        let request = with_authorization(
            form(&[("grant_type", "client_credentials")]),
            &format!("Basic {}", base64(credentials)),
        );
        assert_eq!(world.run(request, CLIENT).end, End::Continue, "{credentials}");
    }
}

#[test]
fn a_client_id_element_does_not_switch_off_basic() {
    let named = oauth(
        "GenerateAccessToken",
        "<SupportedGrantTypes><GrantType>client_credentials</GrantType></SupportedGrantTypes>\
         <ClientId>flow.client</ClientId>",
    );
    let world = World::new();
    assert_eq!(world.run(basic(&[("grant_type", "client_credentials")]), &named).end, End::Continue);
    // The default place of the id is not looked at any more.
    let request =
        form(&[("grant_type", "client_credentials"), ("client_id", "web"), ("client_secret", "web-secret")]);
    let ran = world.run(request.clone(), &named);
    assert_eq!(ran.fault(), (500, "steps.oauth.v2.FailedToResolveClientId"));
    let mut transaction = world.transaction(request);
    transaction.set("flow.client", "web").expect("a variable");
    assert_eq!(world.run_on(transaction, &named).end, End::Continue);
}

#[test]
fn lifetimes_come_from_the_variable_then_the_text_then_the_platform() {
    let world = World::new();
    let cases = [
        ("<ExpiresIn ref='ttl'>600000</ExpiresIn>", Some("3600000"), "3599"),
        ("<ExpiresIn ref='ttl'>600000</ExpiresIn>", None, "599"),
        ("<ExpiresIn ref='ttl'>600000</ExpiresIn>", Some("3.6E6"), "599"),
        ("<ExpiresIn ref='ttl'>600000</ExpiresIn>", Some("0"), "599"),
        ("<ExpiresIn ref='ttl'/>", Some("x"), "1799"),
        ("", None, "1799"),
        ("<ExpiresIn>-1</ExpiresIn>", None, "63071999"),
        ("<ExpiresIn ref='ttl'/>", Some("99999999999999"), "63071999"),
    ];
    for (element, value, expected) in cases {
        let mut transaction = world.transaction(basic(&[("grant_type", "client_credentials")]));
        transaction.set("ttl", value).expect("a variable");
        let ran = world.run_on(transaction, &generating(element));
        assert_eq!(ran.json()["expires_in"], json!(expected), "{element} {value:?}");
    }
}

#[test]
fn attributes_that_do_not_resolve_are_left_out_and_none_replaces_a_field() {
    let ran = World::new().run(
        basic(&[("grant_type", "client_credentials")]),
        &generating(
            "<Attributes><Attribute name='a' ref='request.formparam.grant_type'>other</Attribute>\
             <Attribute name='b' ref='unset'>text</Attribute><Attribute name='c' ref='unset'/>\
             <Attribute name='scope'>admin</Attribute><Attribute name='access_token'>forged</Attribute></Attributes>",
        ),
    );
    let content = ran.message().content().into_owned();
    assert_eq!(content.matches("\"scope\"").count(), 1);
    assert_eq!(content.matches("\"access_token\"").count(), 1);
    let body = ran.json();
    assert_eq!((&body["a"], &body["b"]), (&json!("client_credentials"), &json!("text")));
    assert!(body.get("c").is_none() && body["scope"] == json!("read write"));
    assert_eq!(ran.text("oauthv2accesstoken.P.a"), "client_credentials");
    assert_eq!(ran.text("oauthv2accesstoken.P.scope"), "read write");
    assert_eq!(
        ran.text("oauthv2accesstoken.P.accesstoken.scope"),
        "admin",
        "it is there under its own prefix"
    );
}

#[test]
fn scopes_at_issue() {
    let world = World::new();
    let scope = |scope: &str, elements: &str| {
        let request = basic(&[("grant_type", "client_credentials"), ("scope", scope)]);
        world.run(request, &generating(elements))
    };
    let element = "<Scope>request.formparam.scope</Scope>";
    assert_eq!(
        scope("read", "").json()["scope"],
        json!("read write"),
        "without the element no scope is read"
    );
    assert_eq!(scope("read admin", element).json()["scope"], json!("read"));
    assert_eq!(scope("", element).json()["scope"], json!("read write"));
    assert_eq!(scope("x", "<Scope>a literal</Scope>").json()["scope"], json!("read write"));
    assert_eq!(scope("admin", element).json()["scope"], json!(""));
    let rfc = format!("{element}<RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>");
    assert_eq!(scope("admin", &rfc).json()["error"], json!("invalid_scope"));
}

#[test]
fn an_explicit_refusal_to_store_gives_a_token_that_never_verifies() {
    let world = World::new();
    let ran = world.run(basic(&password_form()), &generating("<StoreToken>false</StoreToken>"));
    let body = ran.json();
    let (access, refresh) = (body["access_token"].as_str(), body["refresh_token"].as_str());
    let (access, refresh) = (access.expect("a token"), refresh.expect("a token"));
    assert_eq!((access.len(), refresh.len()), (28, 32));
    assert!(dormouse_token::Kind::of(access).is_none());
    assert_eq!(body["refresh_token_expires_in"], json!("2591999"));
    assert_eq!(world.verify(access), Err("keymanagement.service.invalid_access_token".into()));
    assert_eq!(world.refresh(refresh), Err("Invalid Refresh Token".into()));
}

#[test]
fn issuing_stores_nothing() {
    let world = World::new();
    for _ in 0..10 {
        world.tokens();
    }
    let stored = world.statistics();
    assert_eq!((stored.families, stored.token_bytes), (0, 0));
}

#[test]
fn a_platform_has_its_defaults() {
    let world = World::on(dormouse_policy::Platform::Edge);
    let ran = world.run(basic(&password_form()), &generating(""));
    assert_eq!(ran.json()["refresh_token_expires_in"], json!("63071999"));
    world.pass(Duration::from_hours(24 * 700));
    assert!(world.refresh(ran.json()["refresh_token"].as_str().expect("a token")).is_ok());
}

#[test]
fn a_response_made_in_fault_rules_is_the_error_message() {
    let world = World::new();
    let mut transaction = world.transaction(basic(&[("grant_type", "client_credentials")]));
    transaction.enter_error_flow(dormouse_flow::Fault::step("x", "y"));
    let ran = world.run_on(transaction, &generating(""));
    let content = ran.transaction.error_message().map(|message: &Message| message.content().into_owned());
    assert!(content.expect("an error message").contains("access_token"));
}

/// Sources of variables say which names they have.
#[test]
fn later_values_win_over_published_ones() {
    struct Fixed;
    impl VariableSource for Fixed {
        fn variable(&self, name: &str) -> Option<Value> {
            (name == "oauthv2accesstoken.P.scope").then(|| "fixed".into())
        }
    }
    let mut ran = World::new().run(basic(&password_form()), PASSWORD);
    ran.transaction.publish(Box::new(Fixed));
    assert_eq!(ran.text("oauthv2accesstoken.P.scope"), "fixed");
}
