//! What a start with entity files changes (`--entities`): pure, so that it can be shown before it is done.

use crate::planner::{Owners, Planner};
use crate::reconcile::Reason;
use crate::{
    ApiProduct, App, Applied, ConsumerKey, Credential, Developer, DigestKey, Directory, Email, EntityError,
    EntityKey, EntitySet, IncomingUser, KeyValueMap, Ledger, TargetServer,
};
use dormouse_token::{Secret, Timestamp};
use std::fmt;

/// What to write, to remember and to say.
#[derive(Debug, Default)]
pub struct Plan {
    /// What to store, developers before their apps before their keys.
    pub changes: Vec<Change>,
    /// What to put into the ledger together with the changes.
    pub applied: Vec<(EntityKey, Applied)>,
    /// Keys and secrets that were made up, to be printed once.
    pub generated: Vec<Generated>,
    /// Differences that were not applied. No values, which may be secret.
    pub unapplied: Vec<Unapplied>,
    /// Where the changes and the applied parts of each entry end.
    pub(crate) ends: Vec<(usize, usize)>,
}

impl Plan {
    /// Changes and what to remember of them, one entry of the files after the other: what must be stored together. An app
    /// and its keys are one entry, and so is a map.
    pub fn entries(&self) -> impl Iterator<Item = (&[Change], &[(EntityKey, Applied)])> {
        let starts = std::iter::once((0, 0)).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| {
            let changes = self.changes.get(start.0..end.0).unwrap_or_default();
            (changes, self.applied.get(start.1..end.1).unwrap_or_default())
        })
    }
}

/// One entity to store.
#[derive(Clone, Debug)]
pub enum Change {
    /// Add or replace.
    Product(ApiProduct),
    /// Add or replace.
    Developer(Developer),
    /// Add or replace.
    App(App),
    /// Add or replace.
    Credential(Credential),
    /// Add or replace.
    TargetServer(TargetServer),
    /// Put these entries into the map, which may be new; leave its other entries alone.
    MapEntries(KeyValueMap),
    /// Add, unless there is a person of this name: a password that exists is never replaced.
    NewUser(IncomingUser),
}

/// A key or secret that a file leaves out.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The app's owner.
    pub developer: Email,
    /// The app's name.
    pub app: String,
    /// The key.
    pub consumer_key: ConsumerKey,
    /// The secret.
    pub consumer_secret: Secret,
}

/// A difference between files and store that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unapplied {
    /// The entity.
    pub entity: EntityKey,
    /// The member, `attributes/NAME` or `apiProducts/NAME`; none for the entity as a whole.
    pub part: Option<String>,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Unapplied {
    /// `app "shop" of ann@example.com, attributes/tier: changed by administration since`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.entity)?;
        if let Some(part) = &self.part {
            write!(f, ", {part}")?;
        }
        f.write_str(match self.reason {
            Reason::ChangedByAdministration => ": administration changed it since it was last applied",
            Reason::Deleted => ": administration deleted it",
            Reason::OwnerDeleted => ": administration deleted what it belongs to",
            Reason::Protected => ": files set it only when they create",
            Reason::RemovedFromFile => ": it is no longer in the file, and files delete nothing",
        })
    }
}

/// Compares files with what exists. Nothing is deleted; states, secrets and expiry of what exists are never touched; what
/// administration deleted is not made again; of what exists only what changed in the files since it was last applied is
/// updated.
///
/// # Errors
/// Apps whose developer is unknown, and keys and ids that belong to another entity.
pub fn plan(
    current: &Directory,
    ledger: &Ledger,
    incoming: &EntitySet,
    digests: &DigestKey,
    now: Timestamp,
) -> Result<Plan, Vec<EntityError>> {
    let mut planner = Planner::new(current, ledger, digests, now);
    for product in &incoming.products {
        planner.product(&product.value, &product.place);
        planner.end_entry();
    }
    for server in &incoming.target_servers {
        planner.target_server(&server.value, &server.place);
        planner.end_entry();
    }
    let mut owners = Owners::default();
    for developer in &incoming.developers {
        planner.developer(&developer.value, &developer.place, &mut owners);
        planner.end_entry();
    }
    for app in &incoming.apps {
        planner.app(&app.value, &app.place, &owners);
        planner.end_entry();
    }
    for map in &incoming.maps {
        planner.map(&map.value);
        planner.end_entry();
    }
    for user in &incoming.users {
        planner.user(&user.value);
        planner.end_entry();
    }
    planner.finish()
}

impl Directory {
    /// Takes over what a change says of resident entities.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Product(product) => self.put_product(product.clone()),
            Change::Developer(developer) => self.put_developer(developer.clone()),
            Change::App(app) => self.put_app(app.clone()),
            Change::Credential(credential) => self.put_credential(credential.clone()),
            Change::TargetServer(server) => self.put_target_server(server.clone()),
            Change::MapEntries(_) | Change::NewUser(_) => {}
        }
    }
}
