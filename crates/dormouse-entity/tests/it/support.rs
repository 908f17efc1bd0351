//! Short ways to make entities for tests.

use dormouse_entity::{
    Change, DigestKey, Directory, EntityError, EntitySet, Ledger, ParseContext, Plan, plan,
};
use dormouse_token::{SeededEntropy, Timestamp};

pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

pub(crate) const PRODUCTS: &str = r#"[
  {"name": "gold", "scopes": ["read", "write"], "attributes": [{"name": "tier", "value": "1"}]},
  {"name": "silver", "scopes": ["read"]}
]"#;
pub(crate) const DEVELOPERS: &str = r#"[{"email": "ada@example.com", "firstName": "Ada"}]"#;
pub(crate) const APPS: &str = r#"[
  {"name": "web", "developerEmail": "ada@example.com", "callbackUrl": "https://example.com/cb",
   "attributes": [{"name": "color", "value": "red"}],
   "credentials": [{"consumerKey": "key-1", "consumerSecret": "secret-1",
                    "apiProducts": [{"apiproduct": "gold", "status": "approved"}, "silver"]}]}
]"#;

/// Reads files with a fixed organization, time and seed.
pub(crate) fn parse(files: &[(&str, &str)]) -> Result<EntitySet, Vec<EntityError>> {
    let entropy = SeededEntropy::new(5);
    EntitySet::parse(files, &ParseContext { organization: "local", now: NOW, entropy: &entropy })
}

/// A store that starts with files again and again.
#[derive(Default)]
pub(crate) struct Starts {
    pub(crate) directory: Directory,
    pub(crate) ledger: Ledger,
}

impl Starts {
    pub(crate) fn plan(&self, files: &[(&str, &str)]) -> Result<Plan, Vec<EntityError>> {
        let set = parse(files)?;
        plan(&self.directory, &self.ledger, &set, &DigestKey::new(&[1; 32]), NOW)
    }

    /// Plans and does it.
    pub(crate) fn start(&mut self, files: &[(&str, &str)]) -> Plan {
        let plan = self.plan(files).expect("files are in order");
        plan.changes.iter().for_each(|change| self.directory.apply(change));
        self.ledger.applied.extend(plan.applied.iter().cloned());
        plan
    }

    pub(crate) fn standard() -> Self {
        let mut starts = Self::default();
        starts.start(&STANDARD);
        starts
    }
}

pub(crate) const STANDARD: [(&str, &str); 3] =
    [("products.json", PRODUCTS), ("developers.json", DEVELOPERS), ("developerapps.json", APPS)];

/// One word for each change: kind and name.
pub(crate) fn names(changes: &[Change]) -> Vec<String> {
    let name = |change: &Change| match change {
        Change::Product(product) => format!("product {}", product.name),
        Change::Developer(developer) => format!("developer {}", developer.email),
        Change::App(app) => format!("app {}", app.name),
        Change::Credential(credential) => format!("credential {}", credential.consumer_key),
        Change::TargetServer(server) => format!("server {}", server.name),
        Change::MapEntries(map) => {
            let keys: Vec<_> = map.entries.iter().map(|(key, _)| key.as_str()).collect();
            format!("map {} [{}]", map.name, keys.join(" "))
        }
        Change::NewUser(user) => format!("user {}", user.username),
    };
    changes.iter().map(name).collect()
}
