//! AccessEntity: reads the profile of a product, app, key or developer as XML (Apigee: "AccessEntity policy").
//!
//! Variables: `AccessEntity.P`, unset when nothing is found. An app's profile has its keys with their secrets, as Apigee's
//! has.

use crate::compile_context::CompileContext;
use crate::configuration::{refused, text_of, variable_of, warn_unknown};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Element, Policy, Problem};
use dormouse_entity::{ApiProduct, App, Credential, Developer, Directory, Name, PathPattern};
use dormouse_flow::{Executable, Host, ImmediatePolicy, Outcome, Text, Transaction, Variable};
use dormouse_token::Attributes;
use std::fmt::Display;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "AccessEntity",
    summary: "Reads the profile of a product, app, key or developer.",
    failure_prefix: "accessentity",
    may_continue: true,
    compile,
};

struct AccessEntity {
    kind: Kind,
    identifier: Identifier,
    secondary: Option<Identifier>,
    /// `AccessEntity.P`
    target: Text,
}

#[derive(Clone, Copy)]
enum Kind {
    ApiProduct,
    App,
    ConsumerKey,
    Developer,
}

/// A variable, and what it identifies.
struct Identifier {
    variable: Variable,
    kind: String,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let element = &policy.element;
    warn_unknown(element, ELEMENTS, &mut problems);
    if text_of(element, "OutputFormat").is_some_and(|format| format.as_str() != "XML") {
        let problem = Problem::warning("no-effect", "AccessEntity writes XML only").at(policy.span());
        problems.push(problem.help("write <OutputFormat>XML</OutputFormat>"));
    }
    let named = element.element("EntityType").and_then(|kind| kind.attribute_value("value"));
    let kind = match named.map(str::trim) {
        Some("apiproduct") => Kind::ApiProduct,
        Some("app") => Kind::App,
        Some("consumerkey" | "consumerkey_scope") => Kind::ConsumerKey,
        Some("developer") => Kind::Developer,
        _ => {
            let message = "EntityType is missing, or is none that exists here";
            let problem = refused("invalid-entity-type", policy, "InvalidEntityType", message);
            problems.push(problem.help("use apiproduct, app, consumerkey or developer"));
            return (None, problems);
        }
    };
    let Some(identifier) = identifier(element, "EntityIdentifier") else {
        let message = "EntityIdentifier has no ref or no type";
        let problem = refused("missing-identifier", policy, "EntityIdentifierRequired", message);
        problems.push(problem.help("write <EntityIdentifier ref=\"client_id\" type=\"consumerkey\"/>"));
        return (None, problems);
    };
    let secondary = self::identifier(element, "SecondaryIdentifier");
    let target = format!("AccessEntity.{}", policy.name).into();
    let compiled = AccessEntity { kind, identifier, secondary, target };
    (Some(Executable::Immediate(Box::new(compiled))), problems)
}

/// The identifier, also where it stands in `Identifiers`.
fn identifier(parent: &Element, name: &str) -> Option<Identifier> {
    let list = parent.element("Identifiers").and_then(|list| list.element("Identifier"));
    let element = parent.element(name).or_else(|| list?.element(name))?;
    let kind = element.attribute_value("type")?.trim().to_ascii_lowercase();
    Some(Identifier { variable: variable_of(element, "ref")?, kind })
}

impl ImmediatePolicy for AccessEntity {
    fn run(&self, transaction: &mut Transaction, host: &Host) -> Outcome {
        let profile = self.profile(transaction, &host.engine.directory());
        transaction.note(&self.target, profile);
        Outcome::Continue
    }
}

impl AccessEntity {
    fn profile(&self, transaction: &Transaction, directory: &Directory) -> Option<String> {
        let id = transaction.text(&self.identifier.variable)?;
        let second = self.secondary.as_ref();
        let second = second.and_then(|own| Some((&*own.kind, transaction.text(&own.variable)?)));
        let second = second.as_ref().map(|(kind, id)| (*kind, &**id));
        let kind = self.identifier.kind.as_str();
        let mut xml = Xml::default();
        match self.kind {
            Kind::Developer => xml.developer(developer(directory, kind, &id)?),
            Kind::App => xml.app(app(directory, (kind, &id), second)?, directory),
            Kind::ConsumerKey => xml.credential(directory.credential(&id).filter(|_| kind == CONSUMER_KEY)?),
            Kind::ApiProduct => xml.product(product(directory, (kind, &id), second)?),
        }
        Some(xml.0)
    }
}

fn app<'a>(
    directory: &'a Directory,
    (kind, id): (&str, &str),
    second: Option<(&str, &str)>,
) -> Option<&'a App> {
    let app = match kind {
        "appid" => directory.app(id),
        CONSUMER_KEY => directory.app(directory.credential(id)?.app_id.as_str()),
        "appname" => {
            let (kind, owner) = second?;
            directory.app_named(developer(directory, kind, owner)?.developer_id.as_str(), id)
        }
        _ => None,
    };
    app.map(|app| &**app)
}

fn developer<'a>(directory: &'a Directory, kind: &str, id: &str) -> Option<&'a Developer> {
    let developer = match kind {
        "developerid" => directory.developer(id),
        "developeremail" => directory.developer_by_email(id),
        _ => directory.developer(app(directory, (kind, id), None)?.developer_id.as_str()),
    };
    developer.map(|developer| &**developer)
}

/// The first product of the key, or of the app's keys. A resource picks the product that lists it.
fn product<'a>(
    directory: &'a Directory,
    (kind, id): (&str, &str),
    second: Option<(&str, &str)>,
) -> Option<&'a ApiProduct> {
    let keys = match kind {
        "apiproductname" => return directory.product(id).map(|product| &**product),
        CONSUMER_KEY => vec![directory.credential(id)?],
        _ => directory.credentials_of(app(directory, (kind, id), second)?.app_id.as_str()),
    };
    let names = keys.into_iter().flat_map(|key| &key.products).map(|product| product.name.as_str());
    let resource = second.filter(|(kind, _)| *kind == "apiresource").map(|(_, resource)| resource);
    let lists = |product: &ApiProduct| {
        resource.is_none_or(|wanted| product.api_resources.iter().any(|own| own.as_str() == wanted))
    };
    names.filter_map(|name| directory.product(name)).map(|product| &**product).find(|product| lists(product))
}

/// XML that is being written.
#[derive(Default)]
struct Xml(String);

impl Xml {
    fn open(&mut self, tag: &str, name: Option<&str>) {
        self.0.push('<');
        self.0.push_str(tag);
        if let Some(name) = name {
            self.0.push_str(" name=\"");
            self.text(name);
            self.0.push('"');
        }
        self.0.push('>');
    }

    fn close(&mut self, tag: &str) {
        self.0.extend(["</", tag, ">"]);
    }

    fn leaf(&mut self, tag: &str, value: impl Display) {
        self.open(tag, None);
        self.text(&value.to_string());
        self.close(tag);
    }

    /// Text without the characters that XML gives a meaning or does not allow.
    fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\t' | '\n' | '\r' => self.0.push(character),
                control if control.is_control() => {}
                other => self.0.push(other),
            }
        }
    }

    fn list<T: Display>(&mut self, tag: &str, item: &str, values: impl IntoIterator<Item = T>) {
        self.open(tag, None);
        values.into_iter().for_each(|value| self.leaf(item, value));
        self.close(tag);
    }

    fn attributes(&mut self, attributes: &Attributes) {
        self.open("Attributes", None);
        for (name, value) in attributes.iter() {
            self.open("Attribute", None);
            self.leaf("Name", name);
            self.leaf("Value", value);
            self.close("Attribute");
        }
        self.close("Attributes");
    }

    fn credential(&mut self, key: &Credential) {
        self.open("Credential", None);
        self.attributes(&key.attributes);
        self.leaf("ConsumerKey", key.consumer_key.as_str());
        self.leaf("ConsumerSecret", key.consumer_secret.expose());
        self.open("ApiProducts", None);
        for product in &key.products {
            self.open("ApiProduct", None);
            self.leaf("Name", product.name.as_str());
            self.leaf("Status", product.status.as_str());
            self.close("ApiProduct");
        }
        self.close("ApiProducts");
        self.list("Scopes", "Scope", key.scopes.iter());
        self.leaf("Status", key.status.as_str());
        self.close("Credential");
    }

    fn app(&mut self, app: &App, directory: &Directory) {
        self.open("App", Some(app.name.as_str()));
        self.leaf("AccessType", "");
        self.open("Credentials", None);
        directory.credentials_of(app.app_id.as_str()).into_iter().for_each(|key| self.credential(key));
        self.close("Credentials");
        self.leaf("AppFamily", &app.app_family);
        self.leaf("AppId", app.app_id.as_str());
        self.attributes(app.attributes());
        self.leaf("CallbackUrl", app.callback_url.as_deref().unwrap_or_default());
        self.leaf("CreatedAt", app.created_at.as_ms());
        self.leaf("DeveloperId", app.developer_id.as_str());
        self.leaf("LastModifiedAt", app.last_modified_at.as_ms());
        self.list("Scopes", "Scope", app.scopes.iter());
        self.leaf("Status", app.status.as_str());
        self.close("App");
    }

    fn product(&mut self, product: &ApiProduct) {
        self.open("ApiProduct", Some(product.name.as_str()));
        self.list("ApiResources", "ApiResource", product.api_resources.iter().map(PathPattern::as_str));
        self.attributes(&product.attributes);
        self.leaf("Description", &product.description);
        self.leaf("DisplayName", &product.display_name);
        self.list("Environments", "Environment", product.environments.iter().map(Name::as_str));
        self.list("Proxies", "Proxy", &product.proxies);
        self.list("Scopes", "Scope", product.scopes.iter());
        self.close("ApiProduct");
    }

    fn developer(&mut self, developer: &Developer) {
        self.open("Developer", None);
        self.attributes(&developer.attributes);
        self.leaf("DeveloperId", developer.developer_id.as_str());
        self.leaf("Email", developer.email.as_str());
        self.leaf("FirstName", &developer.first_name);
        self.leaf("LastName", &developer.last_name);
        self.leaf("Status", developer.status.as_str());
        self.leaf("UserName", &developer.user_name);
        self.close("Developer");
    }
}

const CONSUMER_KEY: &str = "consumerkey";
const ELEMENTS: &[&str] =
    &["EntityIdentifier", "EntityType", "Identifiers", "OutputFormat", "SecondaryIdentifier"];
