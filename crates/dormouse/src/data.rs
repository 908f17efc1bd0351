//! Picking a backend: memory, or a data directory with its store, its key file and its admin token.

use crate::exit::{Failure, OrFailure as _, say};
use crate::process::{SystemClock, SystemEntropy};
use dormouse_entity::generate_secret;
use dormouse_store::private_file;
use dormouse_store::{MarkIdentity, MemoryStore, RedbStore, StoreSettings};
use dormouse_token::{Clock, Entropy, Root, RootId, Secret, Store};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A store, and the roots that its tokens are sealed under.
pub(crate) struct Backend {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) roots: (Vec<Root>, RootId),
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// A store in memory under a root that dies with the process.
pub(crate) fn memory() -> Backend {
    let (clock, entropy) = (Arc::new(SystemClock::new()), Arc::new(SystemEntropy));
    let root = Root::generate(&*entropy);
    let sealing = root.id();
    let store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>, &*entropy));
    Backend { store, roots: (vec![root], sealing), clock, entropy }
}

/// The store of a data directory, made when there is none.
pub(crate) fn directory(path: &Path) -> Result<Backend, Failure> {
    let settings = store_settings();
    let opened = RedbStore::open(path, &settings, Box::new(stop)).or_refused()?;
    Ok(Backend {
        store: Arc::new(opened.store),
        roots: (opened.roots.roots, opened.roots.sealing),
        clock: settings.clock,
        entropy: settings.entropy,
    })
}

/// The settings of every store that this process opens.
pub(crate) fn store_settings() -> StoreSettings {
    StoreSettings {
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(SystemEntropy),
        mark_path: None,
        mark_identity: MarkIdentity::default(),
    }
}

/// The admin token of a data directory, made at the first start, and where it is.
pub(crate) fn admin_token(directory: &Path) -> Result<(PathBuf, Secret), Failure> {
    let path = directory.join("admin-token");
    if !path.try_exists().or_refused()? {
        let token = generate_secret(&SystemEntropy);
        private_file::write(&path, format!("{}\n", token.expose()).as_bytes()).or_refused()?;
    }
    let text = private_file::read_own(&path).or_refused()?;
    let text = String::from_utf8_lossy(&text).trim_end().to_owned();
    if text.len() < ADMIN_TOKEN_MIN {
        let error = anyhow::anyhow!(
            "{} holds no token of at least {ADMIN_TOKEN_MIN} characters: remove it, and the next start \
                                     makes a new one",
            path.display()
        );
        return Err(Failure::Refused(error));
    }
    Ok((path, Secret::new(text)))
}

/// What is on the disk is unknown from here on; only a restart, which reads it, can go on.
fn stop(error: &dormouse_token::StoreError) {
    say(format_args!(
        "error: the store's medium has failed: {error}; stopping, so that nothing is acknowledged that may be lost"
    ));
    std::process::exit(3);
}

const ADMIN_TOKEN_MIN: usize = 16;
