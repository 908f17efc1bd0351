//! Walks the entities of files and decides about each: the work behind [`crate::plan()`].

use crate::form::Form;
use crate::json::{self, DeveloperReference, Fault, IncomingApp, IncomingCredential, Node, Place, Source};
use crate::plan::{Change, Generated, Plan, Unapplied};
use crate::reconcile::{Reason, applied, reconcile};
use crate::{
    ApiProduct, Applied, ConsumerKey, Developer, DigestKey, Directory, Email, EntityError, EntityId,
    EntityKey, IncomingUser, KeyValueMap, Ledger, MapScope, Problem, Secrets, TargetServer,
};
use dormouse_token::Timestamp;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

pub(crate) struct Planner<'a> {
    current: &'a Directory,
    ledger: &'a Ledger,
    digests: &'a DigestKey,
    now: Timestamp,
    plan: Plan,
    errors: Vec<EntityError>,
    /// What the files still have.
    seen: HashSet<EntityKey>,
}

/// Developers of the files under the id that they have or get; none when administration deleted the developer.
#[derive(Default)]
pub(crate) struct Owners<'a> {
    by_email: HashMap<&'a str, Option<EntityId>>,
    by_file_id: HashMap<&'a str, &'a Email>,
}

/// The developer of an app.
enum Owner {
    Known(Email, EntityId),
    Deleted,
    Unknown,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(
        current: &'a Directory,
        ledger: &'a Ledger,
        digests: &'a DigestKey,
        now: Timestamp,
    ) -> Self {
        Self {
            current,
            ledger,
            digests,
            now,
            plan: Plan::default(),
            errors: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// Names what is gone from the files but exists, and gives the plan, unless there were errors.
    pub(crate) fn finish(mut self) -> Result<Plan, Vec<EntityError>> {
        let gone =
            |(key, applied): &(&EntityKey, &Applied)| !self.seen.contains(key) && self.exists(key, applied);
        let gone: Vec<_> = self.ledger.applied.iter().filter(gone).map(|(key, _)| key.clone()).collect();
        let reason = Reason::RemovedFromFile;
        self.plan.unapplied.extend(gone.into_iter().map(|entity| Unapplied { entity, part: None, reason }));
        if self.errors.is_empty() { Ok(self.plan) } else { Err(self.errors) }
    }

    /// Everything planned since the last call belongs to one entry of the files.
    pub(crate) fn end_entry(&mut self) {
        let end = (self.plan.changes.len(), self.plan.applied.len());
        if self.plan.ends.last().copied().unwrap_or_default() != end {
            self.plan.ends.push(end);
        }
    }

    fn exists(&self, key: &EntityKey, applied: &Applied) -> bool {
        match key {
            EntityKey::Product(name) => self.current.product(name).is_some(),
            EntityKey::Developer(email) => self.current.developer_by_email(email).is_some(),
            EntityKey::App { developer, app } => {
                let developer = self.current.developer_by_email(developer);
                developer.is_some_and(|it| self.current.app_named(it.developer_id.as_str(), app).is_some())
            }
            EntityKey::Credential(key) => self.current.credential(key).is_some(),
            EntityKey::GeneratedCredential { .. } => {
                applied.consumer_key.as_ref().is_some_and(|key| self.current.credential(key).is_some())
            }
            EntityKey::TargetServer(name) => self.current.target_server(name).is_some(),
            // Not resident, or no entity of a file by itself.
            EntityKey::CredentialProduct { .. }
            | EntityKey::Map { .. }
            | EntityKey::MapEntry { .. }
            | EntityKey::User(_) => false,
        }
    }

    pub(crate) fn product(&mut self, product: &ApiProduct, place: &Place) {
        let key = EntityKey::Product(product.name.to_string());
        let existing = self.current.product(product.name.as_str()).map(|existing| existing.to_json());
        if let Some(form) = self.settle(key, product.to_json(), existing) {
            let now = self.now;
            self.change(form, place, |node| json::read_product(node, now).map(Change::Product));
        }
    }

    pub(crate) fn target_server(&mut self, server: &TargetServer, place: &Place) {
        let key = EntityKey::TargetServer(server.name.to_string());
        let existing = self.current.target_server(server.name.as_str()).map(|existing| existing.to_json());
        if let Some(form) = self.settle(key, server.to_json(), existing) {
            self.change(form, place, |node| json::read_target_server(node).map(Change::TargetServer));
        }
    }

    pub(crate) fn developer(&mut self, developer: &'a Developer, place: &Place, owners: &mut Owners<'a>) {
        let email = developer.email.as_str();
        let key = EntityKey::Developer(email.to_owned());
        let known = self.ledger.applied.contains_key(&key);
        let moved = || self.current.developer(developer.developer_id.as_str()).filter(|_| known);
        let existing = self.current.developer_by_email(email).or_else(moved);
        let deleted = self.ledger.tombstones.contains(&key);
        let id = existing.map_or(&developer.developer_id, |existing| &existing.developer_id).clone();
        owners.by_file_id.insert(developer.developer_id.as_str(), &developer.email);
        owners.by_email.insert(email, Some(id.clone()).filter(|_| !deleted));
        if existing.is_none() && !deleted && self.current.developer(id.as_str()).is_some() {
            return self.conflict(place, format!("developerId {:?}", id.as_str()), "developer");
        }
        let existing = existing.map(|existing| existing.to_json());
        if let Some(form) = self.settle(key, developer.to_json(), existing) {
            let now = self.now;
            self.change(form, place, |node| json::read_developer(node, "", now).map(Change::Developer));
        }
    }

    pub(crate) fn app(&mut self, incoming: &IncomingApp, place: &Place, owners: &Owners<'_>) {
        let name = incoming.app.name.as_str();
        let key = |developer: &str| EntityKey::App { developer: developer.to_owned(), app: name.to_owned() };
        let (email, developer_id) = match self.owner(&incoming.developer, owners) {
            Owner::Known(email, id) => (email, id),
            Owner::Deleted => {
                let entity = key(incoming.developer.as_str());
                return self.plan.unapplied.push(Unapplied {
                    entity,
                    part: None,
                    reason: Reason::OwnerDeleted,
                });
            }
            Owner::Unknown => {
                let problem = Problem::UnknownDeveloper(incoming.developer.as_str().to_owned());
                return self.errors.push(place.error(problem));
            }
        };
        let existing = self.current.app_named(developer_id.as_str(), name);
        let app_id = existing.map_or(&incoming.app.app_id, |existing| &existing.app_id).clone();
        let key = key(email.as_str());
        let deleted = self.ledger.tombstones.contains(&key);
        if existing.is_none() && !deleted && self.current.app(app_id.as_str()).is_some() {
            return self.conflict(place, format!("appId {:?}", app_id.as_str()), "app");
        }
        let is_new = existing.is_none();
        let existing = existing.map(|existing| existing.to_json());
        let mut app = incoming.app.clone();
        app.developer_id = developer_id;
        if let Some(form) = self.settle(key, app.to_json(), existing) {
            let now = self.now;
            self.change(form, place, |node| json::read_app(node, now).map(Change::App));
        }
        if deleted || (incoming.credentials_implied && !is_new && !self.has_generated(&email, name)) {
            return;
        }
        for (index, credential) in incoming.credentials.iter().enumerate() {
            self.credential(credential, &app_id, (&email, name, index));
        }
    }

    fn has_generated(&self, email: &Email, app: &str) -> bool {
        self.ledger.applied.contains_key(&generated_key((email, app, 0)))
    }

    fn owner(&self, reference: &DeveloperReference, owners: &Owners<'_>) -> Owner {
        let email = match reference {
            DeveloperReference::Email(email) => email.clone(),
            DeveloperReference::Id(id) => {
                let existing = self.current.developer(id.as_str()).map(|developer| &developer.email);
                match existing.or_else(|| owners.by_file_id.get(id.as_str()).copied()) {
                    Some(email) => email.clone(),
                    None => return Owner::Unknown,
                }
            }
        };
        if let Some(id) = owners.by_email.get(email.as_str()) {
            return id.clone().map_or(Owner::Deleted, |id| Owner::Known(email, id));
        }
        if let Some(developer) = self.current.developer_by_email(email.as_str()) {
            return Owner::Known(email, developer.developer_id.clone());
        }
        let deleted = self.ledger.tombstones.contains(&EntityKey::Developer(email.to_string()));
        if deleted { Owner::Deleted } else { Owner::Unknown }
    }

    /// `app` is the owner's e-mail address, the app's name, and the key's place in the app.
    fn credential(&mut self, incoming: &IncomingCredential, app_id: &EntityId, app: (&Email, &str, usize)) {
        let mut credential = incoming.credential.clone();
        credential.app_id = app_id.clone();
        let mut ledger_key = EntityKey::Credential(credential.consumer_key.to_string());
        if incoming.key_generated {
            ledger_key = generated_key(app);
            let before =
                self.ledger.applied.get(&ledger_key).and_then(|before| before.consumer_key.as_deref());
            if let Some(key) = before.and_then(|key| ConsumerKey::parse(key).ok()) {
                credential.consumer_key = key;
            }
        }
        let key = credential.consumer_key.clone();
        let entity = EntityKey::Credential(key.to_string());
        if incoming.key_generated && self.ledger.tombstones.contains(&entity) {
            return self.plan.unapplied.push(Unapplied { entity, part: None, reason: Reason::Deleted });
        }
        let existing = self.current.credential(key.as_str()).cloned();
        if existing.as_ref().is_some_and(|existing| existing.app_id != *app_id) {
            return self.conflict(&incoming.place, format!("consumerKey {:?}", key.as_str()), "app");
        }
        let secret =
            existing.as_ref().map_or(&credential.consumer_secret, |existing| &existing.consumer_secret);
        if *secret != credential.consumer_secret && !incoming.secret_generated {
            let part = Some("consumerSecret".to_owned());
            self.plan.unapplied.push(Unapplied { entity, part, reason: Reason::Protected });
        }
        let secret = secret.clone();
        let form = credential.to_json(Secrets::Hidden);
        let Some(form) =
            self.settle(ledger_key, form, existing.as_ref().map(|it| it.to_json(Secrets::Hidden)))
        else {
            return;
        };
        if incoming.key_generated
            && let Some((_, applied)) = self.plan.applied.last_mut()
        {
            applied.consumer_key = Some(key.to_string());
        }
        if existing.is_none() && (incoming.key_generated || incoming.secret_generated) {
            let (developer, app) = (app.0.clone(), app.1.to_owned());
            let generated =
                Generated { developer, app, consumer_key: key.clone(), consumer_secret: secret.clone() };
            self.plan.generated.push(generated);
        }
        let (app_id, now) = (app_id.clone(), self.now);
        self.change(form, &incoming.place, |node| {
            json::read_credential(&node.object()?, (key, secret), app_id, now).map(Change::Credential)
        });
    }

    /// Entries of maps are not resident, so the ledger alone decides: what is new or changed in the file is put.
    pub(crate) fn map(&mut self, map: &KeyValueMap) {
        let proxy = match &map.scope {
            MapScope::Proxy(proxy) => proxy.to_string(),
            MapScope::Environment | MapScope::Organization => String::new(),
        };
        let scope = map.scope.as_str().to_owned();
        let key = EntityKey::Map { scope, proxy, map: map.name.to_string() };
        if self.ledger.tombstones.contains(&key) {
            return self.plan.unapplied.push(Unapplied { entity: key, part: None, reason: Reason::Deleted });
        }
        let mut entries = Vec::new();
        for (name, value) in &map.entries {
            let entry = EntityKey::MapEntry { map: Box::new(key.clone()), key: name.clone() };
            let digest = self.digests.digest("value", &Value::from(value.expose()));
            let applied = Applied { parts: [("value".to_owned(), digest)].into(), consumer_key: None };
            if self.ledger.tombstones.contains(&entry) {
                self.plan.unapplied.push(Unapplied { entity: entry, part: None, reason: Reason::Deleted });
            } else if self.ledger.applied.get(&entry) != Some(&applied) {
                entries.push((name.clone(), value.clone()));
                self.plan.applied.push((entry, applied));
            }
        }
        if entries.is_empty() && self.ledger.applied.contains_key(&key) {
            return;
        }
        self.plan.applied.push((key, Applied::default()));
        self.plan.changes.push(Change::MapEntries(KeyValueMap { entries, ..map.clone() }));
    }

    pub(crate) fn user(&mut self, user: &IncomingUser) {
        let key = EntityKey::User(user.username.to_string());
        if self.ledger.tombstones.contains(&key) {
            self.plan.unapplied.push(Unapplied { entity: key, part: None, reason: Reason::Deleted });
        } else if !self.ledger.applied.contains_key(&key) {
            self.plan.changes.push(Change::NewUser(user.clone()));
            self.plan.applied.push((key, Applied::default()));
        }
    }

    /// Decides about one entity: the form to store, if anything changes. Notes what is left alone and what is applied.
    fn settle(
        &mut self,
        key: EntityKey,
        incoming: Map<String, Value>,
        existing: Option<Map<String, Value>>,
    ) -> Option<Form> {
        self.seen.insert(key.clone());
        if self.ledger.tombstones.contains(&key) {
            self.plan.unapplied.push(Unapplied { entity: key, part: None, reason: Reason::Deleted });
            return None;
        }
        let incoming = Form::new(incoming);
        let mut memory = applied(&incoming, self.digests);
        let before = self.ledger.applied.get(&key);
        memory.consumer_key = before.and_then(|before| before.consumer_key.clone());
        let is_known = before == Some(&memory);
        let form = match existing {
            None => Some(incoming),
            Some(existing) => {
                let ledger = self.ledger;
                let consumer_key =
                    existing.get("consumerKey").and_then(Value::as_str).unwrap_or_default().to_owned();
                let deleted = |product: &str| {
                    let (consumer_key, product) = (consumer_key.clone(), product.to_owned());
                    ledger.tombstones.contains(&EntityKey::CredentialProduct { consumer_key, product })
                };
                let result = reconcile(&incoming, &Form::new(existing), before, self.digests, &deleted);
                let unapplied = result.unapplied.into_iter();
                let named = unapplied.map(|(part, reason)| Unapplied {
                    entity: key.clone(),
                    part: Some(part),
                    reason,
                });
                self.plan.unapplied.extend(named);
                result.form
            }
        };
        if !is_known || form.is_some() {
            self.plan.applied.push((key, memory));
        }
        form
    }

    /// Turns a form into the entity again.
    fn change(&mut self, form: Form, place: &Place, read: impl FnOnce(Node<'_>) -> Result<Change, Fault>) {
        let mut form = form.into_json();
        form.insert("lastModifiedAt".to_owned(), Value::from(self.now.as_ms().to_string()));
        let source = Source::new("", &Value::Object(form).to_string());
        let change = source.root().and_then(|node| read(node).map_err(|fault| source.error(fault)));
        match change {
            Ok(change) => self.plan.changes.push(change),
            // Both halves were in order, so only their union can be at fault: the file's change does not fit.
            Err(error) => self.errors.push(place.error(error.problem)),
        }
    }

    fn conflict(&mut self, place: &Place, what: String, owner: &'static str) {
        self.errors.push(place.error(Problem::Conflict { what, owner }));
    }
}

fn generated_key((email, app, index): (&Email, &str, usize)) -> EntityKey {
    EntityKey::GeneratedCredential { developer: email.to_string(), app: app.to_owned(), index }
}
