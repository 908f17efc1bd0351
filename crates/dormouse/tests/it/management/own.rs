//! What Apigee has no path for: whose a key is, people, roots and burns, the store, and the explanation of a token.

use super::Admin;
use serde_json::{Value, json};

impl Admin {
    #[track_caller]
    fn own(&self, (method, path): (&str, &str), body: &Value, expected: u16) -> Value {
        let (status, answer) = self.send_to(method, path, body);
        assert_eq!(status, expected, "{method} {path}: {answer}");
        answer
    }

    fn inspect(&self, token: &str) -> Value {
        self.own(("POST", "/token/inspect"), &json!({ "token": token }), 200)
    }

    #[track_caller]
    fn refuses(&self, token: &str, check: &str, why: &str) {
        let answer = self.inspect(token);
        assert_eq!(answer["accepted"], false, "{answer}");
        assert!(answer["refusal"].as_str().is_some_and(|text| text.contains(why)), "{answer}");
        let failed: Vec<_> =
            answer["checks"].as_array().unwrap().iter().filter(|it| it["passed"] == false).collect();
        assert!(failed.iter().any(|it| it["check"] == check), "{answer}");
    }
}

#[test]
fn a_key_tells_whose_it_is() {
    let admin = Admin::start();
    let owner = admin.own(("GET", "/keys/rotate"), &Value::Null, 200);
    assert_eq!((&owner["developer"], &owner["app"]), (&json!("ann@shop.example"), &json!("rotate")));
    assert_eq!(owner["credential"]["consumerSecret"], "shop-secret-0123456789");
    admin.own(("GET", "/keys/nobody"), &Value::Null, 404);
    let memory = Admin::start_in_memory();
    assert!(
        memory.own(("GET", "/keys/rotate"), &Value::Null, 200)["credential"].get("consumerSecret").is_none()
    );
}

#[test]
fn people_are_added_listed_and_deleted_and_passwords_never_told() {
    let mut admin = Admin::start();
    let path = "/users/carl%2Fx";
    admin.own(("PUT", path), &json!({"password": "secret-of-carl"}), 204);
    admin.own(("PUT", path), &json!({"password": "secret-of-carl-2"}), 204);
    let (listed, shown) =
        (admin.own(("GET", "/users"), &Value::Null, 200), admin.own(("GET", path), &Value::Null, 200));
    assert_eq!(
        (&listed, &shown),
        (&json!({"user": [{"username": "carl/x"}]}), &json!({"username": "carl/x"}))
    );
    for (body, expected) in [
        (json!({}), 400),
        (json!({"password": ""}), 400),
        (json!({"password": "x".repeat(5000)}), 400),
        (json!({"passwordHash": "md5"}), 400),
    ] {
        admin.own(("PUT", path), &body, expected);
    }
    admin.restart();
    admin.own(("DELETE", path), &Value::Null, 204);
    for method in ["GET", "DELETE"] {
        admin.own((method, path), &Value::Null, 404);
    }
}

#[test]
fn a_token_is_explained() {
    let admin = Admin::start();
    let (access, refresh) = admin.pair("ann");
    let answer = admin.inspect(&refresh);
    assert_eq!(
        (&answer["accepted"], &answer["kind"], &answer["family"]),
        (&json!(true), &json!("refresh token"), &Value::Null)
    );
    let claims = &answer["claims"];
    assert_eq!(
        (&claims["client"], &claims["user"], &claims["grant"]),
        (&json!("apigee"), &json!("ann"), &json!("password"))
    );
    assert!(claims["source"].as_str().is_some_and(|source| source.contains("OA-Generate")), "{answer}");
    assert!(!answer.to_string().contains(&refresh), "the token itself is not repeated");

    assert!(admin.redeems(&refresh));
    admin.refuses(&refresh, "family", "redeemed before");
    admin.refuses(&access, "family", "redeemed before");
    assert_eq!(admin.inspect(&refresh)["family"]["refreshGeneration"], 1);

    let (access, _) = admin.pair("bob");
    assert_eq!(admin.inspect(&format!(" {access}\n"))["accepted"], true);
    let app = "/developers/ann@shop.example/apps/apigee";
    admin.act(app, "revoke");
    admin.refuses(&access, "client", "the app of its client is revoked");
    admin.act(app, "approve");
    admin.own(("POST", "/v1/o/local/oauth2/revoke?enduser=bob"), &Value::Null, 204);
    admin.refuses(&access, "burns and cut-offs", "of its end user");
    let (access, _) = admin.pair("carl");
    admin.act(&format!("/oauth2/accesstokens/{access}"), "revoke");
    admin.refuses(&access, "family", "by its own string");
}

#[test]
fn what_is_no_token_is_explained_too() {
    let admin = Admin::start();
    let (access, _) = admin.pair("ann");
    let flipped = format!("{}{}", &access[..access.len() - 1], if access.ends_with('A') { 'B' } else { 'A' });
    let other_kind = access.replacen("dmat_", "dmrt_", 1);
    for (token, why) in [
        ("hello", "no prefix"),
        ("dmat_x", "does not open"),
        (&flipped, "does not open"),
        (&other_kind, "does not authenticate"),
    ] {
        let answer = admin.inspect(token);
        assert!(answer["accepted"] == false && answer["refusal"].as_str().unwrap().contains(why), "{answer}");
    }
    for body in [json!({}), json!({"token": ""}), json!({"token": 1}), json!([])] {
        admin.own(("POST", "/token/inspect"), &body, 400);
    }
    assert!(!admin.server.output().contains(&access));
}

#[test]
fn an_hour_is_burned() {
    let admin = Admin::start();
    let (access, refresh) = admin.pair("ann");
    let roots = admin.own(("GET", "/roots"), &Value::Null, 200);
    let root = roots["roots"][0]["root"].as_str().unwrap().to_owned();
    assert_eq!(roots["roots"], json!([{"root": root, "seals": true}]));
    let burn = format!("/roots/{root}/burn");
    admin.own(("POST", &burn), &json!({}), 404);
    admin.own(("POST", &burn), &json!({"hour": -1}), 400);
    admin.own(("POST", "/roots/0000000000000000/burn"), &json!({"hour": 1}), 404);
    let hour = admin.inspect(&access)["claims"]["sealedUnder"]["hour"].clone();
    admin.own(("POST", &burn), &json!({ "hour": hour }), 200);
    assert!(!admin.accepts(&access) && !admin.redeems(&refresh));
    admin.refuses(&access, "burns and cut-offs", "burned");
    let store = admin.own(("GET", "/store"), &Value::Null, 200);
    assert_eq!((&store["cutOffs"], &store["isRolledBack"]), (&json!(1), &json!(false)), "{store}");
}
