//! The audit log: what is administered, revoked and replayed is in it, and never a token or a secret.

use crate::management::Admin;
use crate::support::binary;
use serde_json::{Value, json};

fn lines(admin: &Admin) -> (String, Vec<Value>) {
    let text = std::fs::read_to_string(admin.directory.path().join("data/audit.log")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (text, lines)
}

fn of<'a>(lines: &'a [Value], what: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["what"] == what).collect()
}

#[test]
fn acts_are_logged_without_tokens_and_survive_a_restart() {
    let mut admin = Admin::start();
    let (access, refresh) = admin.pair("ann");
    assert_eq!(admin.act(&format!("/oauth2/accesstokens/{access}"), "revoke"), 204);
    admin.check(("POST", "/developers"), &json!({}), 400);
    let (text, before) = lines(&admin);
    let revoked = of(&before, "token.revoke");
    assert_eq!(revoked.len(), 1, "{text}");
    assert_eq!(revoked[0]["actor"], json!({ "kind": "admin", "address": "127.0.0.1" }), "{text}");
    assert_eq!(revoked[0]["target"]["client"], "apigee", "{text}");
    let outcomes: Vec<_> = of(&before, "administer").iter().map(|line| line["outcome"].clone()).collect();
    assert_eq!(outcomes, [204, 400], "{text}");
    assert!(!text.contains(&access) && !text.contains(&refresh), "{text}");
    admin.restart();
    admin.check(("POST", "/developers"), &json!({}), 400);
    assert_eq!(of(&lines(&admin).1, "administer").len(), 3);
    admin.server.kill();
    let data = admin.directory.path().join("data").display().to_string();
    assert!(binary().args(["store", "rotate-root", "--data", &data]).status().unwrap().success());
    let rotated = of(&lines(&admin).1, "store.rotate-root")[0].clone();
    assert_eq!(rotated["actor"]["kind"], "command-line");
}

#[test]
fn repeats_from_one_address_are_folded() {
    let mut admin = Admin::start();
    for _ in 0..5 {
        let url = format!("{}/audit", admin.server.admin);
        assert_eq!(crate::support::Caller::new().get(&url, Some("a-wrong-token")).status, 401);
    }
    assert!(admin.server.terminate().success());
    let (text, lines) = lines(&admin);
    let counts: Vec<_> = of(&lines, "admin.unauthorized").iter().map(|line| line["count"].clone()).collect();
    assert_eq!(counts, [1, 4], "{text}");
    assert!(!text.contains("a-wrong-token"), "{text}");
}
