//! `dormouse serve`: the native OAuth endpoints, and bundles beside them.

use crate::command::run::PlatformName;
use crate::config::{Config, OAuthConfig, Origin, StoreConfig};
use crate::data::StorePlan;
use crate::exit::{Failure, OrFailure as _, Outcome, say};
use crate::plan::{AdminPlan, Plan};
use crate::serving;
use crate::tls::{ListenPlan, TlsFiles, TlsPlan};
use dormouse_engine::Settings;
use dormouse_server::OAuthSettings;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The configuration file. Without it, dormouse.toml is read if it exists.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A directory with products.json, developers.json, developerapps.json, maps.json, targetservers.json, users.json.
    #[arg(long, value_name = "DIR")]
    entities: Option<PathBuf>,
    /// Keep state in this directory. Without it, everything is forgotten at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the OAuth endpoints listen. Port 0 takes a free one. [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where health, metrics and audit listen. Port 0 takes a free one. [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
    /// A proxy bundle to serve beside the endpoints, at the gateway's address. May be repeated.
    #[arg(long = "bundle", value_name = "BUNDLE", num_args = 1..)]
    bundles: Vec<String>,
    /// Where bundles listen. Port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    gateway: Option<SocketAddr>,
    /// The organization, which tokens are bound to. [default: local]
    #[arg(long, value_name = "NAME")]
    org: Option<String>,
    /// The environment, which products may be bound to. [default: test]
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// Whose defaults hold in bundles: Apigee X and hybrid, or Edge. [default: x]
    #[arg(long, value_enum)]
    platform: Option<PlatformName>,
    /// Treat a policy that cannot run as an error.
    #[arg(long)]
    strict: bool,
    /// Threads for each listener; by default one per processor.
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let (config, origin) = Config::load(args.config.as_deref()).or_usage()?;
    let plan = args.plan(config, &origin)?;
    if let Some(path) = origin.path() {
        say(format_args!("reading {}", path.display()));
    }
    serving::serve(&plan)
}

impl Args {
    /// What flags and configuration say together.
    fn plan(&self, config: Config, origin: &Origin) -> Result<Plan, Failure> {
        let bundles = if self.bundles.is_empty() {
            config.gateway.bundles.unwrap_or_default()
        } else {
            self.bundles.clone()
        };
        let gateway = self.gateway.or(config.gateway.listen);
        let mistake = |key, message| Err(origin.mistake("gateway", key, message)).or_usage();
        match (bundles.is_empty(), gateway) {
            (false, None) => mistake(
                "bundles",
                "bundles need an address of their own: give --gateway ADDR, or gateway.listen",
            )?,
            (true, Some(_)) => mistake(
                "listen",
                "the gateway has nothing to serve: give --bundle BUNDLE, or gateway.bundles",
            )?,
            _ => {}
        }
        let or_default = |value: Option<String>, default: &str| value.unwrap_or_else(|| default.to_owned());
        let directory = self.data.clone().or(config.data);
        let of_a_directory = [
            ("mark", config.store.mark.is_some()),
            ("mark_identity", config.store.mark_identity.is_some()),
            ("roots", config.store.roots.is_some()),
        ];
        if let Some((key, _)) = of_a_directory.into_iter().find(|(_, set)| *set && directory.is_none()) {
            let message = "store.mark, store.mark_identity and store.roots need a data directory: give --data DIR, or data";
            return Err(origin.mistake("store", key, message)).or_usage();
        }
        let tls = |section, certificate, key| tls_plan(origin, section, (certificate, key));
        let gateway_tls = tls("gateway", config.gateway.tls_certificate, config.gateway.tls_key)?;
        let oauth_tls = tls("oauth", config.oauth.tls_certificate.clone(), config.oauth.tls_key.clone())?;
        let admin_tls = tls("admin", config.admin.tls_certificate, config.admin.tls_key)?;
        Ok(Plan {
            bundles,
            strict: self.strict || config.gateway.strict.unwrap_or_default(),
            entities: self.entities.clone().or(config.entities),
            trial: false,
            organization: or_default(self.org.clone().or(config.organization), "local"),
            environment: or_default(self.env.clone().or(config.environment), "test"),
            platform: self.platform.map(Into::into).or(config.platform).unwrap_or_default(),
            gateway: gateway.map(|address| ListenPlan { address, tls: gateway_tls }),
            oauth: Some((
                ListenPlan { address: self.listen.or(config.oauth.listen).unwrap_or(LISTEN), tls: oauth_tls },
                oauth_settings(&config.oauth),
            )),
            admin: AdminPlan {
                listen: ListenPlan {
                    address: self.admin.or(config.admin.listen).unwrap_or(ADMIN),
                    tls: admin_tls,
                },
                token_file: config.admin.token_file,
                hosts: config.admin.hosts.unwrap_or_default(),
                metrics_open: config.admin.metrics_open.unwrap_or_default(),
            },
            workers: self.workers.or(config.workers.map(Into::into)),
            engine: engine_settings(&config.oauth, &config.store),
            store: StorePlan::new(directory, config.store),
        })
    }
}

/// The identity of a listener. Half of one is a mistake: it would be served without.
fn tls_plan(
    origin: &Origin,
    section: &str,
    files: (Option<PathBuf>, Option<PathBuf>),
) -> Result<Option<TlsPlan>, Failure> {
    match files {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsPlan::Files(TlsFiles { certificate, key }))),
        (Some(_), None) => {
            let message = format!("{section}.tls_certificate needs its private key: give {section}.tls_key");
            Err(origin.mistake(section, "tls_certificate", &message)).or_usage()
        }
        (None, Some(_)) => {
            let message = format!("{section}.tls_key needs its certificate: give {section}.tls_certificate");
            Err(origin.mistake(section, "tls_key", &message)).or_usage()
        }
    }
}

fn oauth_settings(config: &OAuthConfig) -> OAuthSettings {
    let default = OAuthSettings::default();
    OAuthSettings {
        issuer: config.issuer.clone(),
        authorization_endpoint: config.authorization_endpoint.clone(),
        cors_origins: config.cors_origins.clone().unwrap_or_default(),
        access_ttl: config.access_ttl.unwrap_or(default.access_ttl),
        refresh_ttl: config.refresh_ttl.unwrap_or(default.refresh_ttl),
        rotation: config.rotation.unwrap_or(default.rotation),
    }
}

fn engine_settings(oauth: &OAuthConfig, store: &StoreConfig) -> Settings {
    let default = Settings::default();
    Settings {
        grace: oauth.grace.unwrap_or(default.grace),
        family_ttl: oauth.family_ttl.unwrap_or(default.family_ttl),
        stale_max: store.max_stale.unwrap_or(default.stale_max),
    }
}

const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const ADMIN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

const EXAMPLES: &str = "\
Examples:
  dormouse serve --entities ./entities
  dormouse serve --config /etc/dormouse.toml
  dormouse serve --entities ./entities --data ./state --bundle ./oauth --gateway 127.0.0.1:8082

Configuration (every key may be left out; flags win, then DORMOUSE__SECTION__KEY variables, then the file):
  entities = \"entities\"
  data = \"/var/lib/dormouse\"
  [oauth]
  listen = \"127.0.0.1:8080\"
  tls_certificate = \"/etc/dormouse/tls.crt\"   # with both, HTTPS; read again when they change
  tls_key = \"/etc/dormouse/tls.key\"           # gateway and admin have the same two
  issuer = \"https://auth.example.com\"
  access_ttl = \"30m\"
  refresh_ttl = \"30d\"
  family_ttl = \"180d\"
  rotation = \"rotate\"                 # reuse, apigee, rotate or strict
  grace = \"60s\"
  [gateway]
  listen = \"127.0.0.1:8082\"
  bundles = [\"./oauth\"]
  [admin]
  listen = \"127.0.0.1:8081\"
  token_file = \"/run/secrets/dormouse-admin\"
  hosts = [\"dormouse.internal\"]
  metrics = \"token\"                   # or open
  [store]
  roots = \"/run/secrets/dormouse-roots\"  # what tokens are sealed under, where nodes share it
  mark_identity = \"file\"              # or counter
  max_stale = \"60s\"";
