//! What a directory of entity files holds: Apigee's JSON under the names that its emulator uses.

use crate::json::{self, Fault, IncomingApp, Node, Place, Source};
use crate::{ApiProduct, Developer, EntityError, IncomingUser, KeyValueMap, Position, Problem, TargetServer};
use dormouse_token::{Entropy, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// The entities of a set of files, every one checked. The texts of the files, secrets included, are kept as long as the
/// set is, for the positions of problems that show later.
#[derive(Debug, Default)]
pub struct EntitySet {
    /// `products.json`.
    pub products: Vec<Placed<ApiProduct>>,
    /// `developers.json`.
    pub developers: Vec<Placed<Developer>>,
    /// `developerapps.json`.
    pub apps: Vec<Placed<IncomingApp>>,
    /// `maps.json`.
    pub maps: Vec<Placed<KeyValueMap>>,
    /// `targetservers.json`.
    pub target_servers: Vec<Placed<TargetServer>>,
    /// `users.json`.
    pub users: Vec<Placed<IncomingUser>>,
}

/// An entity and where it stands.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The entity.
    pub value: T,
    pub(crate) place: Place,
}

/// What reading files needs besides them.
#[derive(Clone, Copy)]
pub struct ParseContext<'a> {
    /// The organization, from which missing ids are derived.
    pub organization: &'a str,
    /// The time that counts as creation of what gives none.
    pub now: Timestamp,
    /// The source of missing keys and secrets.
    pub entropy: &'a dyn Entropy,
}

impl EntitySet {
    /// Reads files, given as name and text. Other names than [`FILE_NAMES`] are not looked at; folders in front of a name
    /// do not matter. An object with a list in it, as the management API answers, is as good as the list.
    ///
    /// # Errors
    /// Every problem of every entity (the first of each), in the order of the files, at most a hundred a file.
    pub fn parse(files: &[(&str, &str)], context: &ParseContext<'_>) -> Result<Self, Vec<EntityError>> {
        let mut set = Self::default();
        let mut errors = Vec::new();
        for (path, text) in files {
            let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
            if FILE_NAMES.contains(&name) {
                set.read_file(name, path, text, context).unwrap_or_else(|found| errors.extend(found));
            }
        }
        set.check_duplicates(&mut errors);
        if errors.is_empty() { Ok(set) } else { Err(errors) }
    }

    fn read_file(
        &mut self,
        name: &str,
        path: &str,
        text: &str,
        context: &ParseContext<'_>,
    ) -> Result<(), Vec<EntityError>> {
        let source = Source::new(path, text);
        if text.trim_start_matches('\u{feff}').trim().is_empty() {
            return Ok(());
        }
        let root = source.root().map_err(|error| vec![error])?;
        if text.len() > FILE_BYTES_MAX {
            let problem = Problem::TooLong { length: text.len(), limit: FILE_BYTES_MAX };
            return Err(vec![source.error(root.fault(problem))]);
        }
        let organization = context.organization;
        match name {
            "products.json" => {
                let read = |node| json::read_product(node, context.now);
                read_list(&source, (root, "apiProduct"), read, &mut self.products)
            }
            "developers.json" => {
                let read = |node| json::read_developer(node, organization, context.now);
                read_list(&source, (root, "developer"), read, &mut self.developers)
            }
            "developerapps.json" => {
                let read = |node| json::read_incoming(node, &source, context);
                read_list(&source, (root, "app"), read, &mut self.apps)
            }
            "maps.json" => read_list(&source, (root, "keyValueMap"), json::read_map, &mut self.maps),
            "targetservers.json" => {
                read_list(&source, (root, "targetServer"), json::read_target_server, &mut self.target_servers)
            }
            _ => read_list(&source, (root, "user"), json::read_user, &mut self.users),
        }
    }

    fn check_duplicates(&self, errors: &mut Vec<EntityError>) {
        let emails: HashMap<_, _> = self
            .developers
            .iter()
            .map(|developer| (developer.value.developer_id.as_str(), developer.value.email.as_str()))
            .collect();
        let app = |app: &IncomingApp| {
            let owner = app.developer.as_str();
            format!(
                "app {:?} of developer {:?}",
                app.app.name.as_str(),
                emails.get(owner).copied().unwrap_or(owner)
            )
        };
        let map = |map: &KeyValueMap| format!("{} map {:?}", map.scope.as_str(), map.name.as_str());
        duplicates(
            errors,
            self.products.iter().map(|it| (format!("product {:?}", it.value.name.as_str()), &it.place)),
        );
        duplicates(
            errors,
            self.developers.iter().map(|it| (format!("developer {:?}", it.value.email.as_str()), &it.place)),
        );
        let ids = self.developers.iter();
        duplicates(
            errors,
            ids.map(|it| (format!("developerId {:?}", it.value.developer_id.as_str()), &it.place)),
        );
        duplicates(errors, self.apps.iter().map(|it| (app(&it.value), &it.place)));
        duplicates(
            errors,
            self.apps.iter().map(|it| (format!("appId {:?}", it.value.app.app_id.as_str()), &it.place)),
        );
        let keys = self.apps.iter().flat_map(|app| &app.value.credentials);
        duplicates(
            errors,
            keys.map(|it| (format!("key {:?}", it.credential.consumer_key.as_str()), &it.place)),
        );
        duplicates(errors, self.maps.iter().map(|it| (map(&it.value), &it.place)));
        let servers = self.target_servers.iter();
        duplicates(
            errors,
            servers.map(|it| (format!("target server {:?}", it.value.name.as_str()), &it.place)),
        );
        duplicates(
            errors,
            self.users.iter().map(|it| (format!("user {:?}", it.value.username.as_str()), &it.place)),
        );
    }
}

impl<T> Placed<T> {
    /// Where the entity stands.
    pub fn position(&self) -> Position {
        self.place.position()
    }
}

/// Reads a list of entities, bare or as member `wrapper` of an object.
fn read_list<'a, T>(
    source: &'a Arc<Source>,
    (root, wrapper): (Node<'a>, &str),
    read: impl Fn(Node<'a>) -> Result<T, Fault>,
    into: &mut Vec<Placed<T>>,
) -> Result<(), Vec<EntityError>> {
    let list = if root.is_object() {
        root.object()
            .map(|object| object.get(wrapper))
            .map_err(|fault| vec![source.error(fault)])?
            .unwrap_or(root)
    } else {
        root
    };
    let nodes = list.list(ENTITIES_MAX).map_err(|fault| vec![source.error(fault)])?;
    let mut faults = Vec::new();
    for node in nodes {
        match read(node) {
            Ok(value) => into.push(Placed { value, place: source.place(node) }),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(faults.into_iter().take(ERRORS_MAX).map(|fault| source.error(fault)).collect())
}

fn duplicates<'a>(errors: &mut Vec<EntityError>, entities: impl Iterator<Item = (String, &'a Place)>) {
    let mut seen = HashMap::new();
    let mut found = 0;
    for (what, place) in entities {
        match seen.get(&what) {
            None => {
                seen.insert(what, place);
            }
            Some(first) if found < ERRORS_MAX => {
                found += 1;
                let first_line = Place::position(first).line;
                errors.push(place.error(Problem::Duplicate { what, first_line }));
            }
            Some(_) => {}
        }
    }
}

/// The files that are read.
pub const FILE_NAMES: [&str; 6] = [
    "products.json",
    "developers.json",
    "developerapps.json",
    "maps.json",
    "targetservers.json",
    "users.json",
];
const FILE_BYTES_MAX: usize = 256 * 1024 * 1024;
const ENTITIES_MAX: usize = 1_000_000;
/// Problems shown of one file; more would not be read.
const ERRORS_MAX: usize = 100;
