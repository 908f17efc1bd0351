//! The small organization that is measured: one developer, one product, one confidential client.

use crate::ambient::{SystemClock, SystemEntropy};
use dormouse_engine::{Engine, IssueRequest, Settings};
use dormouse_store::{MarkIdentity, MemoryStore, RedbStore, StoreSettings};
use dormouse_token::{Attributes, Clock, Entropy, FrontEnd, Grant, Root, Rotation, SourceId, Store};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The client.
pub(crate) const CLIENT: &str = "bench-client-0123456789abcdef0123456789abcdef";
/// Its secret.
pub(crate) const SECRET: &str = "bench-secret-0123456789abcdef";
/// Lifetime of access tokens.
pub(crate) const ACCESS_TTL: Duration = Duration::from_mins(30);
/// Lifetime of refresh tokens.
pub(crate) const REFRESH_TTL: Duration = Duration::from_hours(24 * 30);

/// Entity files, as name and text.
pub(crate) fn files() -> [(&'static str, String); 4] {
    let app = format!(
        r#"[{{"name": "bench", "developerEmail": "ann@example.com",
            "attributes": [{{"name": "dormouse.grants", "value": "client_credentials password refresh_token"}}],
            "credentials": [{{"consumerKey": "{CLIENT}", "consumerSecret": "{SECRET}",
                             "apiProducts": [{{"apiproduct": "all"}}]}}]}}]"#
    );
    [
        ("products.json", r#"[{"name": "all", "scopes": ["read", "write"]}]"#.to_owned()),
        (
            "developers.json",
            r#"[{"email": "ann@example.com", "firstName": "Ann", "lastName": "Ode"}]"#.to_owned(),
        ),
        ("developerapps.json", app),
        ("users.json", r#"[{"username": "ann", "password": "correct horse"}]"#.to_owned()),
    ]
}

/// Writes the entity files into a new directory.
pub(crate) fn write(scratch: &Path) -> anyhow::Result<PathBuf> {
    let directory = scratch.join("entities");
    fs::create_dir_all(&directory)?;
    for (name, text) in files() {
        fs::write(directory.join(name), text)?;
    }
    Ok(directory)
}

/// A node in this process on a store in memory.
pub(crate) async fn in_memory() -> anyhow::Result<Arc<Engine>> {
    let clock = SystemClock::shared();
    let root = Root::generate(&SystemEntropy);
    let sealing = root.id();
    let store = Arc::new(MemoryStore::new(Arc::clone(&clock), &SystemEntropy));
    node(store, (vec![root], sealing), clock).await
}

/// A node in this process on a data directory.
pub(crate) async fn on_disk(directory: &Path) -> anyhow::Result<Arc<Engine>> {
    let settings = settings();
    let opened = RedbStore::open(directory, &settings, Box::new(|_| std::process::abort()))?;
    node(Arc::new(opened.store), (opened.roots.roots, opened.roots.sealing), settings.clock).await
}

/// The settings of a store on disk.
pub(crate) fn settings() -> StoreSettings {
    StoreSettings {
        clock: SystemClock::shared(),
        entropy: Arc::new(SystemEntropy),
        mark_path: None,
        roots_path: None,
        mark_identity: MarkIdentity::default(),
    }
}

async fn node(
    store: Arc<dyn Store>,
    roots: (Vec<Root>, dormouse_token::RootId),
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Arc<Engine>> {
    let ambient = (clock, Arc::new(SystemEntropy) as Arc<dyn Entropy>);
    let engine = Engine::start(store, roots, "local", ambient, Settings::default()).await?;
    let files = files();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    engine.provision(&files).await?;
    Ok(engine)
}

/// What a pair is issued by.
pub(crate) fn pair(client: &dormouse_engine::AuthenticatedClient) -> IssueRequest<'_> {
    IssueRequest {
        client,
        grant: Grant::Password,
        user: Some("ann"),
        scope: None,
        attributes: Attributes::default(),
        access_ttl: ACCESS_TTL,
        refresh_ttl: Some(REFRESH_TTL),
        source: SourceId(*b"benches!"),
        front_end: FrontEnd::Native(Rotation::Rotate),
    }
}
