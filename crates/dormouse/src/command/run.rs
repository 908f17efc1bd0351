//! `dormouse run`: serves bundles.

use crate::data::{self, StorePlan};
use crate::exit::{Failure, OrFailure as _, Outcome};
use crate::plan::{AdminPlan, Plan};
use crate::tls::{ListenPlan, TlsPlan};
use crate::{check, serving};
use dormouse_engine::Settings;
use dormouse_entity::Name;
use dormouse_policy::Platform;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A directory that holds apiproxy/ or sharedflowbundle/, that directory itself, or a zip. NAME=PATH deploys it under
    /// another name than its manifest's.
    #[arg(required = true, value_name = "BUNDLE")]
    bundles: Vec<String>,
    /// A directory with products.json, developers.json, developerapps.json, maps.json, targetservers.json, users.json. Without
    /// it, a throw-away developer, product and app are made.
    #[arg(long, value_name = "DIR")]
    entities: Option<PathBuf>,
    /// Where the proxies listen. Port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Serve the proxies over HTTPS, with a certificate that is made for this session and written to FILE, or to a temporary
    /// file that is named at the start.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "the flag may be absent, bare, or have a value")]
    tls_self_signed: Option<Option<PathBuf>>,
    /// Where health, metrics and audit listen. Port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    admin: SocketAddr,
    /// Keep state in this directory. Without it, everything is forgotten at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The organization, which tokens are bound to.
    #[arg(long, value_name = "NAME", default_value = "local", value_parser = Name::parse)]
    org: Name,
    /// The environment, which products may be bound to.
    #[arg(long, value_name = "NAME", default_value = "test", value_parser = Name::parse)]
    env: Name,
    /// Whose defaults hold: Apigee X and hybrid, or Edge.
    #[arg(long, value_enum, default_value_t = PlatformName::X)]
    platform: PlatformName,
    /// Say what is wrong with the bundles, and exit: 0 without errors, 1 with errors.
    #[arg(long)]
    check: bool,
    /// Treat a policy that cannot run as an error.
    #[arg(long)]
    strict: bool,
    /// Threads that serve the proxies; by default one per processor.
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum PlatformName {
    X,
    Edge,
}

pub(crate) fn run(args: &Args) -> Outcome {
    if args.check {
        let runtime = tokio::runtime::Builder::new_current_thread().build().or_internal()?;
        return runtime.block_on(check_only(args));
    }
    serving::serve(&args.plan())
}

async fn check_only(args: &Args) -> Outcome {
    let (bundles, mut problems) = check::load_all(&args.bundles)?;
    let engine = serving::engine(data::memory(), args.org.as_str(), Settings::default()).await?;
    let (_, found) = serving::program(&engine, &bundles, args.env.as_str(), args.platform.into());
    problems.extend(found);
    if args.strict {
        check::make_strict(&mut problems);
    }
    check::show(&mut problems);
    if check::has_errors(&problems) { Err(Failure::Found) } else { Ok(()) }
}

impl Args {
    /// Bundles only: the native endpoints would shadow base paths.
    fn plan(&self) -> Plan {
        Plan {
            bundles: self.bundles.clone(),
            strict: self.strict,
            entities: self.entities.clone(),
            trial: true,
            organization: self.org.to_string(),
            environment: self.env.to_string(),
            platform: self.platform.into(),
            gateway: Some(ListenPlan {
                address: self.listen,
                tls: self.tls_self_signed.clone().map(TlsPlan::SelfSigned),
            }),
            oauth: None,
            admin: AdminPlan::on(self.admin),
            workers: self.workers,
            engine: Settings::default(),
            store: StorePlan { directory: self.data.clone(), ..StorePlan::default() },
        }
    }
}

impl From<PlatformName> for Platform {
    fn from(name: PlatformName) -> Self {
        match name {
            PlatformName::X => Self::X,
            PlatformName::Edge => Self::Edge,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  dormouse run ./oauth
  dormouse run ./oauth ./weather --entities ./entities --data ./state
  dormouse run --check --strict ./oauth.zip
  dormouse run ./oauth --listen 127.0.0.1:8443 --tls-self-signed=dormouse.pem
  dormouse run payments=./oauth --listen 0.0.0.0:8080 --env prod";
