//! The JSON form of apps, and of the keys inside of them.

use super::attributes::{read_attributes, read_scopes, write_attributes, write_scopes};
use super::credential::read_credential;
use super::node::{Fault, Node, Object, Place, Source, TEXT_MAX};
use crate::app::DEFAULT_FAMILY;
use crate::{
    App, ConsumerKey, Credential, Email, EntityId, KeyStatus, Name, ParseContext, Problem, generate_secret,
    identity,
};
use dormouse_token::{Attributes, Secret, Timestamp};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How an app in a file names its developer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeveloperReference {
    /// `developerEmail`.
    Email(Email),
    /// `developerId`.
    Id(EntityId),
}

/// An app as a file gives it. Its ids are those that it gets when it is new.
#[derive(Clone, Debug)]
pub struct IncomingApp {
    /// The app.
    pub app: App,
    /// Its owner.
    pub developer: DeveloperReference,
    /// Its keys. Where the file says nothing about keys there is one with everything generated.
    pub credentials: Vec<IncomingCredential>,
    /// Whether the file says nothing about keys.
    pub credentials_implied: bool,
}

/// A key of an app as a file gives it.
#[derive(Clone, Debug)]
pub struct IncomingCredential {
    /// The key. What the file leaves out is generated.
    pub credential: Credential,
    /// Whether the file gives no consumer key.
    pub key_generated: bool,
    /// Whether the file gives no consumer secret.
    pub secret_generated: bool,
    pub(crate) place: Place,
}

impl DeveloperReference {
    /// What the file says.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(email) => email.as_str(),
            Self::Id(id) => id.as_str(),
        }
    }
}

impl App {
    /// The management API's form, without `credentials`.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut form = Map::new();
        form.insert("appId".to_owned(), json!(self.app_id.as_str()));
        form.insert("name".to_owned(), json!(self.name.as_str()));
        form.insert("developerId".to_owned(), json!(self.developer_id.as_str()));
        form.insert("status".to_owned(), json!(self.status.as_str()));
        form.insert("callbackUrl".to_owned(), json!(self.callback_url.as_deref().unwrap_or_default()));
        form.insert("scopes".to_owned(), write_scopes(&self.scopes));
        form.insert("displayName".to_owned(), json!(self.display_name));
        form.insert("appFamily".to_owned(), json!(self.app_family));
        form.insert("attributes".to_owned(), write_attributes(self.attributes()));
        form.insert("createdAt".to_owned(), json!(self.created_at.as_ms().to_string()));
        form.insert("lastModifiedAt".to_owned(), json!(self.last_modified_at.as_ms().to_string()));
        form
    }
}

/// Reads an app that has its ids.
pub(crate) fn read_app(node: Node<'_>, now: Timestamp) -> Result<App, Fault> {
    let object = node.object()?;
    let app_id = object.required("appId")?.name("appId", EntityId::parse)?;
    let developer_id = object.required("developerId")?.name("developerId", EntityId::parse)?;
    read_body(&object, (app_id, developer_id), now)
}

/// Reads an app out of a file.
pub(crate) fn read_incoming(
    node: Node<'_>,
    source: &Arc<Source>,
    context: &ParseContext<'_>,
) -> Result<IncomingApp, Fault> {
    let object = node.object()?;
    let developer = read_reference(&object)?;
    let developer_id = match &developer {
        DeveloperReference::Email(email) => identity::developer_id(context.organization, email.as_str()),
        DeveloperReference::Id(id) => id.clone(),
    };
    let name = object.required("name")?.name("name", Name::parse)?;
    let app_id = match object.get("appId") {
        Some(id) => id.name("appId", EntityId::parse)?,
        None => identity::app_id(context.organization, developer.as_str(), name.as_str()),
    };
    let app = read_body(&object, (app_id, developer_id), context.now)?;
    let mut nodes = object.list("credentials")?;
    let credentials_implied = nodes.is_empty();
    if credentials_implied {
        nodes.push(node);
    }
    let read = |node| read_incoming_credential(node, credentials_implied, &app, source, context);
    let credentials = nodes.into_iter().map(read).collect::<Result<_, _>>()?;
    Ok(IncomingApp { app, developer, credentials, credentials_implied })
}

fn read_reference(object: &Object<'_>) -> Result<DeveloperReference, Fault> {
    // Exports carry ids of another organization; an address next to one names the same developer everywhere.
    if let (None, Some(id)) = (object.get("developerEmail"), object.get("developerId")) {
        return Ok(DeveloperReference::Id(id.name("developerId", EntityId::parse)?));
    }
    let email = object.required("developerEmail")?.name("developerEmail", Email::parse)?;
    Ok(DeveloperReference::Email(email))
}

pub(super) fn read_body(
    object: &Object<'_>,
    ids: (EntityId, EntityId),
    now: Timestamp,
) -> Result<App, Fault> {
    let name = object.required("name")?.name("name", Name::parse)?;
    let mut app = App::new(ids.0, ids.1, name, now);
    app.status = object.status("status")?;
    app.callback_url = Some(object.plain("callbackUrl")?).filter(|url| !matches!(url.as_str(), "" | "NA"));
    app.scopes = read_scopes(object)?;
    app.display_name = object.plain("displayName")?;
    app.app_family =
        object.get("appFamily").map_or(Ok(DEFAULT_FAMILY.to_owned()), |node| node.plain(TEXT_MAX))?;
    app.created_at = object.timestamp("createdAt", now)?;
    app.last_modified_at = object.timestamp("lastModifiedAt", now)?;
    let attributes = read_attributes(object)?;
    if let Err(error) = app.set_attributes(attributes) {
        return Err(setting_fault(object, error));
    }
    Ok(app)
}

/// Points at the value of the attribute that is wrong.
fn setting_fault(object: &Object<'_>, error: crate::SettingError) -> Fault {
    let nodes = object.list("attributes").unwrap_or_default();
    let attribute = nodes.into_iter().find_map(|node| {
        let attribute = node.object().ok()?;
        let name = attribute.get("name")?.text(TEXT_MAX).ok()?;
        (name == error.attribute()).then(|| attribute.get("value").unwrap_or(node))
    });
    attribute.unwrap_or_else(|| object.node()).fault(Problem::Setting(error))
}

/// Reads a key of an app. When it is implied, `node` is the app itself, whose `apiProducts` the key gets.
fn read_incoming_credential(
    node: Node<'_>,
    implied: bool,
    app: &App,
    source: &Arc<Source>,
    context: &ParseContext<'_>,
) -> Result<IncomingCredential, Fault> {
    let place = source.place(node);
    let object = node.object()?;
    let given = |name: &str| object.get(name).filter(|node| !implied && !node.is_empty_text());
    let key = given("consumerKey").map(|node| node.name("consumerKey", ConsumerKey::parse)).transpose()?;
    let secret = given("consumerSecret").map(|node| node.plain(SECRET_MAX)).transpose()?.map(Secret::new);
    let (key_generated, secret_generated) = (key.is_none(), secret.is_none());
    let key = key.unwrap_or_else(|| ConsumerKey::generate(context.entropy));
    let secret = secret.unwrap_or_else(|| generate_secret(context.entropy));
    let mut credential = read_credential(&object, (key, secret), app.app_id.clone(), context.now)?;
    if implied {
        // The node is the app's own: what it says about status, times and attributes is not the key's.
        credential.status = KeyStatus::Approved;
        credential.issued_at = context.now;
        credential.expires_at = read_lifetime(&object)?.map(|lifetime| context.now.saturating_add(lifetime));
        credential.attributes = Attributes::default();
    }
    Ok(IncomingCredential { credential, key_generated, secret_generated, place })
}

/// `keyExpiresIn`, which Apigee takes when an app is made: milliseconds, `-1` for never.
fn read_lifetime(object: &Object<'_>) -> Result<Option<Duration>, Fault> {
    let lifetime = object.get("keyExpiresIn").map_or(Ok(-1), |node| node.number(-1, i64::MAX))?;
    Ok(u64::try_from(lifetime).ok().filter(|lifetime| *lifetime > 0).map(Duration::from_millis))
}

/// Longest consumer secret.
pub(super) const SECRET_MAX: usize = 1024;
