//! Entity files: what is accepted, what is refused, and where the problem is said to be.

use crate::support::{APPS, DEVELOPERS, NOW, parse};
use dormouse_entity::{AppStatus, DeveloperReference, IncomingPassword, KeyStatus, MapScope};
use dormouse_token::{Rotation, Timestamp};

#[track_caller]
fn refuses(file: &str, text: &str, expected: &str) {
    let errors = parse(&[(file, text)]).err().unwrap_or_default();
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors, [expected]);
}

#[test]
fn products_are_read_tolerantly() {
    let text = r#"{"apiProduct": [
        {"name": "bare"},
        {"name": "full", "displayName": "Full", "approvalType": "manual", "environments": [], "proxies": ["p"],
         "apiResources": ["/", "/a/*"], "scopes": ["read write", ""], "quota": 100, "quotaInterval": "1",
         "quotaTimeUnit": "minute", "unknown": {"x": [1]}},
        {"name": "ops", "quota": {}, "operationGroup": {"operationConfigs": [
            {"apiSource": "p", "operations": [{"resource": "/x"}, {"resource": "/y", "methods": ["GET"]}],
             "quota": {"limit": "5", "interval": 1, "timeUnit": "hour"}},
            {"apiSource": "q", "operations": [], "quota": {}}], "operationConfigType": "proxy"}}
    ]}"#;
    let set = parse(&[("data/products.json", text)]).expect("reads");
    let [bare, full, ops] = &set.products[..] else { panic!("three products") };
    assert_eq!((bare.value.display_name.as_str(), bare.value.environments.len()), ("bare", 0));
    assert_eq!(full.value.scopes.to_string(), "read write");
    assert_eq!((full.value.quota.limit.as_str(), full.value.quota.time_unit.as_str()), ("100", "minute"));
    let configs = &ops.value.operation_group.as_ref().expect("a group").configs;
    assert_eq!(configs[0].operations[0].methods, [""; 0]);
    assert_eq!(configs[0].quota.interval, "1");
    assert!(configs[1].operations.is_empty() && configs[1].quota.is_empty() && ops.value.quota.is_empty());
}

#[test]
fn groups_for_other_kinds_of_operations_still_restrict() {
    let text = r#"[{"name": "llm", "llmOperationGroup": {"operationConfigs": [
        {"apiSource": "chat", "llmOperations": [{"resource": "/v1", "model": "m"}], "llmTokenQuota": {}}]}}]"#;
    let set = parse(&[("products.json", text)]).expect("reads");
    let group = set.products[0].value.operation_group.as_ref().expect("a group");
    assert_eq!(group.configs[0].api_source.as_deref(), Some("chat"));
    assert_eq!(group.configs[0].operations[0].resource.as_str(), "/v1");
}

#[test]
fn apps_and_keys_are_read_tolerantly() {
    let text = r#"[
        {"name": "a", "developerId": "dev-1", "callbackUrl": "NA", "status": "revoked",
         "credentials": [{"consumerKey": 17, "consumerSecret": "s", "expiresAt": "-1", "issuedAt": "5",
                          "status": "pending", "apiProducts": [{"apiproduct": "p", "status": "revoked"}, "q"]},
                         {"consumerKey": "k", "consumerSecret": "", "expiresAt": 9}]},
        {"name": "b", "developerEmail": "ada@example.com", "callbackUrl": "", "apiProducts": ["p"], "keyExpiresIn": "1000",
         "attributes": [{"name": "dormouse.refresh.rotation", "value": "strict"}, {"name": "empty"}]}
    ]"#;
    let set = parse(&[("developerapps.json", text)]).expect("reads");
    let (a, b) = (&set.apps[0].value, &set.apps[1].value);
    assert_eq!(
        (a.app.status, a.app.callback_url.as_deref(), b.app.callback_url.as_deref()),
        (AppStatus::Revoked, None, None)
    );
    assert_eq!(a.developer, DeveloperReference::Id(a.app.developer_id.clone()));
    let key = &a.credentials[0];
    assert_eq!((key.credential.consumer_key.as_str(), key.credential.expires_at), ("17", None));
    assert_eq!(key.credential.issued_at, Timestamp::from_ms(5));
    let statuses: Vec<_> = key.credential.products.iter().map(|it| (it.name.as_str(), it.status)).collect();
    assert_eq!(statuses, [("p", KeyStatus::Revoked), ("q", KeyStatus::Approved)]);
    assert!(!key.key_generated && !key.secret_generated && a.credentials[1].secret_generated);
    assert_eq!(a.credentials[1].credential.expires_at, Some(Timestamp::from_ms(9)));
    assert_eq!(b.app.settings().rotation, Some(Rotation::Strict));
    assert_eq!(b.app.attributes().value("empty"), Some(""));
    let implied = &b.credentials[0];
    assert!(b.credentials_implied && implied.key_generated && implied.secret_generated);
    assert_eq!(implied.credential.products[0].name.as_str(), "p");
    assert_eq!(implied.credential.expires_at.map(|at| at.since(NOW).as_millis()), Some(1000));
    assert!(implied.credential.attributes.is_empty(), "the app's attributes are not the key's");
}

#[test]
fn maps_servers_and_users_are_read() {
    let maps = r#"[
        {"name": "settings", "scope": "environment", "entries": {"a": "1", "b": 2, "c": null}},
        {"name": "settings", "scope": "organization", "encrypted": "true", "entry": [{"name": "a", "value": "x"}]}]"#;
    let servers = r#"[{"name": "t", "host": "example.com", "port": "8443", "isEnabled": "true",
        "sSLInfo": {"enabled": "true", "ciphers": [""], "protocols": []}}, {"name": "u", "host": "h"}]"#;
    let users = r#"[{"username": "ada", "password": "pässword"}]"#;
    let files =
        [("maps.json", maps), ("targetservers.json", servers), ("users.json", users), ("other.json", "{")];
    let set = parse(&files).expect("reads");
    let values: Vec<_> =
        set.maps[0].value.entries.iter().map(|(key, value)| (key.as_str(), value.expose())).collect();
    assert_eq!(values, [("a", "1"), ("b", "2"), ("c", "")]);
    assert_eq!((&set.maps[1].value.scope, set.maps[1].value.encrypted), (&MapScope::Organization, true));
    let (first, second) = (&set.target_servers[0].value, &set.target_servers[1].value);
    assert_eq!((first.port, first.is_enabled, second.port), (8443, true, 80));
    assert!(first.tls.as_ref().is_some_and(|tls| tls.enabled && tls.ciphers.is_empty()));
    assert!(
        matches!(&set.users[0].value.password, IncomingPassword::Clear(password) if password.expose() == "pässword")
    );
}

#[test]
fn ids_are_the_same_at_every_start() {
    let files = [("developers.json", DEVELOPERS), ("developerapps.json", APPS)];
    let (first, second) = (parse(&files).expect("reads"), parse(&files).expect("reads"));
    assert_eq!(first.developers[0].value, second.developers[0].value);
    assert_eq!(first.apps[0].value.app, second.apps[0].value.app);
    assert_eq!(first.apps[0].value.app.developer_id, first.developers[0].value.developer_id);
}

#[test]
fn empty_files_hold_nothing() {
    for text in ["", " \n", "\u{feff}", "[]", "\u{feff}[]"] {
        let set = parse(&[("products.json", text)]).expect("reads");
        assert!(set.products.is_empty(), "{text:?}");
    }
}

#[test]
fn problems_are_said_with_place_and_remedy() {
    refuses(
        "d/products.json",
        "[{\"name\": \"ok\"},\n  {\"name\": \"a/b\"}]",
        "d/products.json:2:12: $[1].name: name contains '/'; allowed are letters, digits, blank and . _ @ $ % -",
    );
    refuses(
        "products.json",
        "[{\"name\": \"a\"},]",
        "products.json:1:16: $: this is not JSON: expected value",
    );
    refuses("products.json", "{\"name\": \"a\"}", "products.json:1:1: $: must be a list, is an object");
    refuses("developers.json", "[{}]", "developers.json:1:2: $[0]: email is missing; add it");
    refuses("developers.json", "[7]", "developers.json:1:2: $[0]: must be an object, is a number");
    refuses(
        "developerapps.json",
        "[{\"name\": \"a\"}]",
        "developerapps.json:1:2: $[0]: developerEmail is missing; add it",
    );
    refuses(
        "users.json",
        "{\"user\": [{\"username\": \"a\", \"passwordHash\": \"$1$x\"}]}",
        "users.json:1:45: $.user[0].passwordHash: passwordHash is not a PHC string; expected \
         `$argon2id$v=19$m=…,t=…,p=…$salt$hash`",
    );
    refuses(
        "targetservers.json",
        "[{\"name\": \"t\", \"host\": \"h\", \"port\": 65536}]",
        "targetservers.json:1:37: $[0].port: must be a whole number from 1 to 65535",
    );
}

#[test]
fn problems_deep_inside_an_app_are_found() {
    let app = |rest: &str| format!("[{{\"name\": \"a\", \"developerEmail\": \"a@b.c\",\n{rest}}}]");
    refuses(
        "developerapps.json",
        &app("\"credentials\": [{\"consumerKey\": \"schlüssel\"}]"),
        "developerapps.json:2:33: $[0].credentials[0].consumerKey: consumerKey contains 'ü'; allowed are the printable ASCII \
         characters",
    );
    refuses(
        "developerapps.json",
        &app("\"credentials\": [{\"consumerKey\": \"k\", \"consumerSecret\": \"a\\u0000\"}]"),
        "developerapps.json:2:56: $[0].credentials[0].consumerSecret: contains a control character; remove it",
    );
    refuses(
        "developerapps.json",
        &app("\"status\": \"pending\""),
        "developerapps.json:2:11: $[0].status: must be one of approved, revoked",
    );
    refuses(
        "developerapps.json",
        &app("\"attributes\": [{\"name\": \"x\"}, {\"name\": \"dormouse.public\", \"value\": \"ja\"}]"),
        "developerapps.json:2:68: $[0].attributes[1].value: attribute `dormouse.public` must be true or false",
    );
}

#[test]
fn names_occur_once() {
    refuses(
        "products.json",
        "[{\"name\": \"a\"},\n{\"name\": \"b\"},\n{\"name\": \"a\"}]",
        "products.json:3:1: $[2]: product \"a\" occurs a second time, first in line 1; remove or rename one",
    );
    refuses(
        "developerapps.json",
        "[{\"name\": \"a\", \"developerEmail\": \"x\", \"credentials\": [{\"consumerKey\": \"k\"}]},\n \
          {\"name\": \"b\", \"developerEmail\": \"x\", \"credentials\": [{\"consumerKey\": \"k\"}]}]",
        "developerapps.json:2:55: $[1].credentials[0]: key \"k\" occurs a second time, first in line 1; remove or rename one",
    );
    refuses(
        "products.json",
        "[{\"name\": \"a\", \"attributes\": [{\"name\": \"x\"}, {\"name\": \"x\"}]}]",
        "products.json:1:55: $[0].attributes[1].name: member \"x\" occurs twice in one object; remove one",
    );
    // The same name at two developers is two apps.
    let text = "[{\"name\": \"a\", \"developerEmail\": \"x\"}, {\"name\": \"a\", \"developerEmail\": \"y\"}]";
    assert!(parse(&[("developerapps.json", text)]).is_ok());
}

#[test]
fn every_entity_with_a_problem_is_named() {
    let text = "[{\"name\": \"\"}, {\"name\": \"ok\"}, {\"nome\": \"x\"}]";
    let errors = parse(&[("products.json", text), ("developers.json", "[1")]).err().unwrap_or_default();
    let places: Vec<_> = errors.iter().map(|error| error.position.path.as_str()).collect();
    assert_eq!(places, ["$[0].name", "$[2]", "$"]);
}

#[test]
fn no_secret_is_shown() {
    let set = parse(&[
        ("developerapps.json", APPS),
        ("developers.json", DEVELOPERS),
        ("maps.json", r#"[{"name": "m", "entries": {"k": "value-1"}}]"#),
        ("users.json", r#"[{"username": "u", "password": "password-1"}]"#),
    ])
    .expect("reads");
    let shown = format!("{set:?}");
    for secret in ["secret-1", "value-1", "password-1"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}
