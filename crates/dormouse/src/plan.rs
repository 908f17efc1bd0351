//! What `run` and `serve` start, told by either's flags and, for `serve`, by configuration.

use crate::data::StorePlan;
use crate::tls::ListenPlan;
use dormouse_engine::Settings;
use dormouse_policy::Platform;
use dormouse_server::OAuthSettings;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What to serve, and how.
pub(crate) struct Plan {
    /// Bundles as arguments name them.
    pub(crate) bundles: Vec<String>,
    /// Whether a policy that cannot run is an error.
    pub(crate) strict: bool,
    /// The directory of entity files.
    pub(crate) entities: Option<PathBuf>,
    /// Whether to make a throw-away client where neither files nor store have one.
    pub(crate) trial: bool,
    /// The organization, which tokens are bound to.
    pub(crate) organization: String,
    /// The environment, which products may be bound to.
    pub(crate) environment: String,
    /// Whose defaults hold in bundles.
    pub(crate) platform: Platform,
    /// Where bundles listen.
    pub(crate) gateway: Option<ListenPlan>,
    /// Where the native endpoints listen, and their settings.
    pub(crate) oauth: Option<(ListenPlan, OAuthSettings)>,
    /// Administration.
    pub(crate) admin: AdminPlan,
    /// Threads for each listener; none for one per processor.
    pub(crate) workers: Option<usize>,
    /// Windows and limits of the engine.
    pub(crate) engine: Settings,
    /// Where state is kept.
    pub(crate) store: StorePlan,
}

/// The admin listener.
pub(crate) struct AdminPlan {
    /// Where it listens.
    pub(crate) listen: ListenPlan,
    /// The file of its token; without it, the data directory's.
    pub(crate) token_file: Option<PathBuf>,
    /// Host names that it is reached under, beside loopback ones.
    pub(crate) hosts: Vec<String>,
    /// Whether `/metrics` needs no token.
    pub(crate) metrics_open: bool,
}

impl AdminPlan {
    /// An admin listener on an address, with defaults.
    pub(crate) const fn on(listen: SocketAddr) -> Self {
        Self { listen: ListenPlan::plain(listen), token_file: None, hosts: Vec::new(), metrics_open: false }
    }
}
