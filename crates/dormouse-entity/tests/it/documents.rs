//! Entities through the forms that the store keeps and the management API shows.

use crate::support::{Starts, parse};
use dormouse_entity::{
    ApiProduct, App, Credential, Developer, Document, DocumentError, NotSealed, Secrets, TargetServer, User,
    Vault, hash_password,
};
use dormouse_token::{Secret, SeededEntropy};
use proptest::prelude::*;
use serde_json::Value;

/// Seals by flipping bits, which is enough to see what goes through it.
struct Flip(u8);

impl Vault for Flip {
    fn seal(&self, secret: &Secret) -> Result<Vec<u8>, NotSealed> {
        Ok([b'v'].into_iter().chain(secret.expose().bytes()).map(|byte| byte ^ self.0).collect())
    }

    fn open(&self, sealed: &[u8]) -> Option<Secret> {
        let opened: Vec<u8> = sealed.iter().map(|byte| byte ^ self.0).collect();
        let text = String::from_utf8(opened).ok()?;
        text.strip_prefix('v').map(Secret::new)
    }
}

#[track_caller]
fn round_trip<T: Document + PartialEq + std::fmt::Debug + Clone>(entity: &T) -> Vec<u8> {
    let bytes = entity.to_document(&Flip(0x55)).expect("seals");
    assert_eq!(T::from_document(&bytes, &Flip(0x55)).expect("reads back"), *entity);
    bytes
}

#[test]
fn every_kind_reads_back_as_it_was() {
    let directory = Starts::standard().directory;
    directory.developers().for_each(|it| drop(round_trip::<Developer>(it)));
    directory.apps().for_each(|it| drop(round_trip::<App>(it)));
    directory.products().for_each(|it| drop(round_trip::<ApiProduct>(it)));
    let servers = r#"[{"name": "t", "host": "h", "sSLInfo": {"enabled": true, "keyStore": "ref://k"}}]"#;
    let set = parse(&[("targetservers.json", servers)]).expect("reads");
    round_trip::<TargetServer>(&set.target_servers[0].value);
    let password_hash = hash_password(&Secret::new("x"), &SeededEntropy::new(1)).expect("hashes");
    let username = dormouse_entity::PlainName::parse("zoë").expect("a name");
    round_trip(&User { username, password_hash });
}

#[test]
fn a_secret_is_stored_sealed_alone() {
    let directory = Starts::standard().directory;
    let credential = directory.credential("key-1").expect("exists");
    let bytes = round_trip::<Credential>(credential);
    assert!(!String::from_utf8_lossy(&bytes).contains("secret-1"));
    let error = Credential::from_document(&bytes, &Flip(0x54)).err();
    assert!(matches!(error, Some(DocumentError::Sealed(key)) if key == "key-1"));
}

#[test]
fn damaged_documents_are_refused() {
    for bytes in [&b""[..], b"{", b"{}", b"[]", b"\xff", b"{\"name\": \"a/b\"}"] {
        assert!(ApiProduct::from_document(bytes, &Flip(0)).is_err());
        assert!(Credential::from_document(bytes, &Flip(0)).is_err());
    }
}

#[test]
fn the_management_form_shows_secrets_only_when_asked() {
    let directory = Starts::standard().directory;
    let app = directory.apps().next().expect("one app");
    let hidden = Value::Object(directory.app_json(app, Secrets::Hidden));
    assert_eq!(hidden.pointer("/credentials/0/consumerSecret"), None);
    assert_eq!(hidden.pointer("/credentials/0/apiProducts/1/apiproduct"), Some(&Value::from("silver")));
    assert_eq!(hidden.pointer("/credentials/0/expiresAt"), Some(&Value::from("-1")));
    let shown = Value::Object(directory.app_json(app, Secrets::Shown));
    assert_eq!(shown.pointer("/credentials/0/consumerSecret"), Some(&Value::from("secret-1")));
    let developer = directory.developers().next().expect("one developer");
    let form = Value::Object(directory.developer_json(developer, "local"));
    assert_eq!(
        (form.pointer("/apps/0"), form.pointer("/organizationName")),
        (Some(&"web".into()), Some(&"local".into()))
    );
    // What is shown can be read again.
    let text = Value::Array(vec![shown]).to_string();
    let set = parse(&[("developerapps.json", &text)]).expect("reads");
    assert_eq!(set.apps[0].value.app, **app);
    assert_eq!(set.apps[0].value.credentials[0].credential, **directory.credential("key-1").expect("exists"));
}

proptest! {
    #[test]
    fn any_product_reads_back(
        name in "[A-Za-z0-9._ @$%-]{1,20}",
        texts in prop::collection::vec("[^\\p{Cc}]{0,12}", 0..4),
        attributes in prop::collection::btree_map("[^\\p{Cc}]{1,8}", any::<String>(), 0..4),
        operations in any::<bool>(),
    ) {
        let attributes: Vec<_> =
            attributes.iter().map(|(name, value)| serde_json::json!({"name": name, "value": value})).collect();
        let mut form = serde_json::json!({
            "name": name, "proxies": texts, "apiResources": texts, "scopes": texts, "attributes": attributes,
            "description": texts.concat(),
        });
        if operations {
            let config = serde_json::json!({
                "apiSource": texts.first(), "attributes": attributes,
                "operations": [{"resource": texts.concat(), "methods": texts}],
            });
            form["operationGroup"] = serde_json::json!({"operationConfigs": [config]});
        }
        let text = Value::Array(vec![form]).to_string();
        let set = parse(&[("products.json", &text)]).expect("reads");
        round_trip(&set.products[0].value);
    }

    #[test]
    fn no_text_makes_reading_panic(text in any::<String>(), kind in 0..6_usize) {
        let _ = parse(&[(dormouse_entity::FILE_NAMES[kind], &text)]);
    }

    #[test]
    fn no_json_makes_reading_panic(text in "[\\[\\]{}:,\"a1\\\\u -]{0,40}", kind in 0..6_usize) {
        let _ = parse(&[(dormouse_entity::FILE_NAMES[kind], &text)]);
    }
}
