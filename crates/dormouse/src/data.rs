//! Picking a backend: memory, or a data directory with its store, its key file and its admin token.

use crate::config::{Config, StoreConfig};
use crate::exit::{Failure, OrFailure as _, say};
use crate::process::{SystemClock, SystemEntropy};
use dormouse_entity::generate_secret;
use dormouse_server::{Actor, AuditLog, AuditLogSettings, Record};
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

/// Where state is kept.
#[derive(Clone, Default)]
pub(crate) struct StorePlan {
    /// The data directory; none for memory.
    pub(crate) directory: Option<PathBuf>,
    /// Where the mark is kept; none for the data directory.
    pub(crate) mark: Option<PathBuf>,
    /// How a copied store is recognised.
    pub(crate) mark_identity: MarkIdentity,
    /// The key file that nodes share; none for the data directory's own.
    pub(crate) roots: Option<PathBuf>,
}

impl StorePlan {
    /// What configuration says of a directory's store.
    pub(crate) fn new(directory: Option<PathBuf>, config: StoreConfig) -> Self {
        let mark_identity = config.mark_identity.unwrap_or_default();
        Self { directory, mark: config.mark, mark_identity, roots: config.roots }
    }

    /// Where `dormouse serve` with the same configuration and the same `--data` keeps state.
    pub(crate) fn load(config: Option<&Path>, directory: Option<&Path>) -> Result<Self, Failure> {
        let (config, _) = Config::load(config).or_usage()?;
        Ok(Self::new(directory.map(Path::to_owned).or(config.data), config.store))
    }

    /// What the store is opened with.
    pub(crate) fn settings(&self) -> StoreSettings {
        StoreSettings {
            clock: Arc::new(SystemClock::new()),
            entropy: Arc::new(SystemEntropy),
            mark_path: self.mark.clone(),
            mark_identity: self.mark_identity,
            roots_path: self.roots.clone(),
        }
    }
}

/// The backend of a plan.
pub(crate) fn open(plan: &StorePlan) -> Result<Backend, Failure> {
    let Some(directory) = &plan.directory else { return Ok(memory()) };
    let settings = plan.settings();
    let opened = RedbStore::open(directory, &settings, Box::new(stop)).or_refused()?;
    Ok(Backend {
        store: Arc::new(opened.store),
        roots: (opened.roots.roots, opened.roots.sealing),
        clock: settings.clock,
        entropy: settings.entropy,
    })
}

/// A store in memory under a root that dies with the process.
pub(crate) fn memory() -> Backend {
    let (clock, entropy) = (Arc::new(SystemClock::new()), Arc::new(SystemEntropy));
    let root = Root::generate(&*entropy);
    let sealing = root.id();
    let store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>, &*entropy));
    Backend { store, roots: (vec![root], sealing), clock, entropy }
}

/// The admin token of a data directory, made at the first start, and where it is.
pub(crate) fn admin_token(directory: &Path) -> Result<(PathBuf, Secret), Failure> {
    let path = directory.join("admin-token");
    if !path.try_exists().or_refused()? {
        let token = generate_secret(&SystemEntropy);
        private_file::write(&path, format!("{}\n", token.expose()).as_bytes()).or_refused()?;
    }
    let text = private_file::read_own(&path).or_refused()?;
    let token = token_of(&text);
    if token.expose().len() < ADMIN_TOKEN_MIN {
        let error = anyhow::anyhow!(
            "{} holds no token of at least {ADMIN_TOKEN_MIN} characters: remove it, and the next start \
                                     makes a new one",
            path.display()
        );
        return Err(Failure::Refused(error));
    }
    Ok((path, token))
}

/// The audit log of a data directory that this process has opened.
pub(crate) fn audit_log(directory: &Path, clock: Arc<dyn Clock>) -> Result<AuditLog, Failure> {
    let settings = AuditLogSettings {
        path: directory.join("audit.log"),
        part_bytes: AUDIT_LOG_PART_BYTES,
        parts: AUDIT_LOG_PARTS,
        format_time: |time| {
            let ms = i64::try_from(time.as_ms()).unwrap_or(i64::MAX);
            jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::MAX).to_string()
        },
    };
    AuditLog::open(settings, clock).or_refused()
}

/// Logs what the command line did to a data directory that nothing serves. It is done by then: a log that cannot be opened
/// is told, and makes no failure of it.
pub(crate) fn log_act(directory: &Path, what: &'static str, target: &[(&str, &str)]) {
    match audit_log(directory, Arc::new(SystemClock::new())) {
        Ok(log) => {
            let record = Record::new(what, "done").by(Actor::CommandLine);
            log.note(target.iter().fold(record, |record, (name, value)| record.with(name, value)));
            log.close();
        }
        Err(failure) => {
            let error = failure.into_error();
            say(format_args!(
                "warning: {} has no line of this: {error:#}",
                directory.join("audit.log").display()
            ));
        }
    }
}

/// The admin token in a file that the configuration names, and where it is.
pub(crate) fn configured_token(path: &Path) -> Result<(PathBuf, Secret), Failure> {
    let token = token_of(&private_file::read_configured(path).or_refused()?);
    if token.expose().len() < ADMIN_TOKEN_MIN {
        let error =
            anyhow::anyhow!("{} holds no token of at least {ADMIN_TOKEN_MIN} characters", path.display());
        return Err(Failure::Refused(error));
    }
    Ok((path.to_owned(), token))
}

fn token_of(content: &[u8]) -> Secret {
    Secret::new(String::from_utf8_lossy(content).trim_end())
}

/// What is on the disk is unknown from here on; only a restart, which reads it, can go on.
fn stop(error: &dormouse_token::StoreError) {
    say(format_args!(
        "error: the store's medium has failed: {error}; stopping, so that nothing is acknowledged that may be lost"
    ));
    std::process::exit(3);
}

/// Together with the number of parts, what the audit log may take of the disk: 128 MiB.
const AUDIT_LOG_PART_BYTES: u64 = 16 << 20;
const AUDIT_LOG_PARTS: u32 = 8;

const ADMIN_TOKEN_MIN: usize = 16;
