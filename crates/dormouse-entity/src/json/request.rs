//! Entities as the management API receives them: one JSON object a request, of which what only the service decides (ids,
//! states, times) is not read.

use super::app::read_body;
use super::attributes::{read_attribute_list, read_attributes, read_scopes};
use super::credential::read_products;
use super::developer::read_developer;
use super::node::{Fault, Node, Object, Source};
use super::product::read_product;
use super::user::read_user;
use crate::{
    ApiProduct, App, AppStatus, ConsumerKey, Developer, DeveloperStatus, EntityError, EntityId, IncomingUser,
    Name,
};
use dormouse_token::{Attributes, Scope, Secret, Timestamp};
use std::time::Duration;

/// What a request says of a key: one to be made, or changes of one that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRequest {
    /// `consumerKey`; none lets one be generated.
    pub consumer_key: Option<ConsumerKey>,
    /// `consumerSecret`; none lets one be generated.
    pub consumer_secret: Option<Secret>,
    /// `keyExpiresIn` in milliseconds or `expiresInSeconds`; none is never.
    pub lifetime: Option<Duration>,
    /// `scopes`.
    pub scopes: Scope,
    /// `attributes`; of a new app they are the app's, not the key's.
    pub attributes: Attributes,
    /// Names in `apiProducts`, each once.
    pub products: Vec<Name>,
}

impl KeyRequest {
    /// Reads a request body.
    ///
    /// # Errors
    /// [`EntityError`] at the first member that cannot be.
    pub fn from_json(text: &str) -> Result<Self, EntityError> {
        read(text, |node| {
            let object = node.object()?;
            let given = |name: &str| object.get(name).filter(|node| !node.is_empty_text());
            let key = given("consumerKey").map(|node| node.name("consumerKey", ConsumerKey::parse));
            let secret = given("consumerSecret").map(|node| node.plain(super::app::SECRET_MAX));
            Ok(Self {
                consumer_key: key.transpose()?,
                consumer_secret: secret.transpose()?.map(Secret::new),
                lifetime: read_lifetime(&object)?,
                scopes: read_scopes(&object)?,
                attributes: read_attributes(&object)?,
                products: read_products(&object)?.into_iter().map(|product| product.name).collect(),
            })
        })
    }
}

impl Developer {
    /// Reads a request body as a new, active developer with this id.
    ///
    /// # Errors
    /// [`EntityError`] at the first member that cannot be.
    pub fn from_json(text: &str, id: EntityId, now: Timestamp) -> Result<Self, EntityError> {
        let mut developer = read(text, |node| read_developer(node, "", now))?;
        developer.developer_id = id;
        developer.status = DeveloperStatus::Active;
        (developer.created_at, developer.last_modified_at) = (now, now);
        Ok(developer)
    }
}

impl App {
    /// Reads a request body as a new, approved app with these ids: its own and its developer's.
    ///
    /// # Errors
    /// [`EntityError`] at the first member that cannot be.
    pub fn from_json(text: &str, ids: (EntityId, EntityId), now: Timestamp) -> Result<Self, EntityError> {
        let mut app = read(text, |node| read_body(&node.object()?, ids, now))?;
        app.status = AppStatus::Approved;
        (app.created_at, app.last_modified_at) = (now, now);
        Ok(app)
    }
}

impl ApiProduct {
    /// Reads a request body as a new product.
    ///
    /// # Errors
    /// [`EntityError`] at the first member that cannot be.
    pub fn from_json(text: &str, now: Timestamp) -> Result<Self, EntityError> {
        let mut product = read(text, |node| read_product(node, now))?;
        (product.created_at, product.last_modified_at) = (now, now);
        Ok(product)
    }
}

impl IncomingUser {
    /// Reads a request body as a person with a password.
    ///
    /// # Errors
    /// [`EntityError`] at the first member that cannot be.
    pub fn from_json(text: &str) -> Result<Self, EntityError> {
        read(text, read_user)
    }
}

/// Reads the body of an `attributes` sub-resource, `{"attribute": [{"name": …, "value": …}]}`.
///
/// # Errors
/// [`EntityError`] at the first member that cannot be.
pub fn attributes_from_json(text: &str) -> Result<Attributes, EntityError> {
    read(text, |node| {
        let object = node.object()?;
        let member = if object.get("attribute").is_some() { "attribute" } else { "attributes" };
        object.required(member)?;
        read_attribute_list(&object, member)
    })
}

/// Apigee has milliseconds where an app is made, and seconds where a key is. What is not positive is never.
fn read_lifetime(object: &Object<'_>) -> Result<Option<Duration>, Fault> {
    for (member, unit) in [("keyExpiresIn", 1), ("expiresInSeconds", 1000)] {
        let Some(node) = object.get(member).filter(|node| !node.is_empty_text()) else { continue };
        let lifetime = u64::try_from(node.number(-1, i64::MAX)?).unwrap_or_default();
        return Ok((lifetime > 0).then(|| Duration::from_millis(lifetime.saturating_mul(unit))));
    }
    Ok(None)
}

fn read<T>(text: &str, read: impl FnOnce(Node<'_>) -> Result<T, Fault>) -> Result<T, EntityError> {
    let source = Source::new("body", text);
    read(source.root()?).map_err(|fault| source.error(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<KeyRequest, &str>) {
        assert_eq!(KeyRequest::from_json(text).map_err(|it| it.to_string()), expected.map_err(str::to_owned));
    }

    #[test]
    fn a_request_for_a_key_says_only_what_it_says() {
        check("{}", Ok(KeyRequest::default()));
        let product = |name: &str| Name::parse(name).unwrap();
        let expected = KeyRequest {
            consumer_key: ConsumerKey::parse("k").ok(),
            consumer_secret: Some(Secret::new("s")),
            lifetime: Some(Duration::from_mins(1)),
            products: vec![product("a"), product("b")],
            ..KeyRequest::default()
        };
        check(
            r#"{"consumerKey": "k", "consumerSecret": "s", "expiresInSeconds": "60", "apiProducts": ["a", {"apiproduct": "b"}]}"#,
            Ok(expected),
        );
        check(r#"{"keyExpiresIn": "-1", "consumerKey": ""}"#, Ok(KeyRequest::default()));
        let lifetime = Some(Duration::from_millis(1500));
        check(r#"{"keyExpiresIn": 1500}"#, Ok(KeyRequest { lifetime, ..KeyRequest::default() }));
    }

    #[test]
    fn a_bad_request_is_told_where() {
        check("", Err("body:1:1: $: this is not JSON: EOF while parsing a value"));
        check("[]", Err("body:1:1: $: must be an object, is a list"));
        check(
            r#"{"apiProducts": ["a/b"]}"#,
            Err(
                "body:1:18: $.apiProducts[0]: apiProducts contains '/'; allowed are letters, digits, blank and . _ @ $ % -",
            ),
        );
        check(
            r#"{"apiProducts": ["a", "a"]}"#,
            Err("body:1:23: $.apiProducts[1]: member \"a\" occurs twice in one object; remove one"),
        );
    }

    #[test]
    fn ids_states_and_times_of_a_body_mean_nothing() {
        let id = || EntityId::parse("own").unwrap();
        let now = Timestamp::from_ms(7);
        let text = r#"{"name": "n", "appId": "x", "developerId": "y", "status": "revoked", "createdAt": "1",
            "attributes": [{"name": "a", "value": "b"}]}"#;
        let app = App::from_json(text, (id(), id()), now).unwrap();
        assert_eq!((app.app_id.as_str(), app.status, app.created_at), ("own", AppStatus::Approved, now));
        assert_eq!(app.attributes().value("a"), Some("b"));
        let text = r#"{"email": "a@b", "developerId": "y", "status": "inactive", "lastModifiedAt": "1"}"#;
        let developer = Developer::from_json(text, id(), now).unwrap();
        assert_eq!((developer.developer_id.as_str(), developer.last_modified_at), ("own", now));
        assert_eq!(developer.status, DeveloperStatus::Active);
        assert!(ApiProduct::from_json("{}", now).is_err(), "a product has a name");
    }

    #[test]
    fn attribute_bodies_have_either_name() {
        for member in ["attribute", "attributes"] {
            let text = format!(r#"{{"{member}": [{{"name": "a", "value": "b"}}]}}"#);
            assert_eq!(attributes_from_json(&text).unwrap().value("a"), Some("b"));
        }
        assert!(attributes_from_json("{}").is_err(), "a forgotten list would remove everything");
    }
}
