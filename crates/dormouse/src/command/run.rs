//! `dormouse run`: serves bundles.

use crate::data::{self, Backend};
use crate::exit::{self, Failure, OrFailure as _, Outcome, say};
use crate::hint::{Credentials, curl_lines};
use crate::{check, entities, log, process, serving};
use anyhow::anyhow;
use dormouse_bundle::Bundle;
use dormouse_engine::Provisioned;
use dormouse_policy::{Platform, token_sources};
use dormouse_server::{AdminAccess, Running, ServerSettings, Service, Shutdown};
use dormouse_token::Secret;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

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
    /// Where health, metrics and audit listen. Port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    admin: SocketAddr,
    /// Keep state in this directory. Without it, everything is forgotten at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The organization, which tokens are bound to.
    #[arg(long, value_name = "NAME", default_value = "local")]
    org: String,
    /// The environment, which products may be bound to.
    #[arg(long, value_name = "NAME", default_value = "test")]
    env: String,
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
enum PlatformName {
    X,
    Edge,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().build().or_internal()?;
    if args.check {
        return runtime.block_on(check_only(args));
    }
    log::start();
    process::raise_file_limit();
    let (running, service, shutdown) = runtime.block_on(start(args))?;
    process::stop_on_signals(&shutdown).or_internal()?;
    running.join();
    drop(service);
    Ok(())
}

async fn check_only(args: &Args) -> Outcome {
    let (bundles, mut problems) = check::load_all(&args.bundles)?;
    let engine = serving::engine(data::memory(), &args.org).await?;
    let (_, found) = serving::program(&engine, &bundles, &args.env, args.platform());
    problems.extend(found);
    if args.strict {
        check::make_strict(&mut problems);
    }
    check::show(&mut problems);
    if check::has_errors(&problems) { Err(Failure::Found) } else { Ok(()) }
}

async fn start(args: &Args) -> Result<(Running, Arc<Service>, Shutdown), Failure> {
    let (bundles, mut problems) = check::load_all(&args.bundles)?;
    let files = args.entities.as_deref().map(entities::read).transpose()?;
    let (backend, access) = backend(args)?;
    let engine = serving::engine(backend, &args.org).await?;
    let (program, found) = serving::program(&engine, &bundles, &args.env, args.platform());
    problems.extend(found);
    if args.strict {
        check::make_strict(&mut problems);
    }
    check::show(&mut problems);
    // A shared flow that is missing becomes a fault of the request that calls it.
    problems.retain(|problem| problem.code != MISSING_SHARED_FLOW);
    if check::has_errors(&problems) {
        return Err(Failure::Refused(anyhow!("the bundles have errors, so that nothing is served")));
    }
    let is_trial = files.is_none();
    let provisioned = match files {
        Some(files) => Some(entities::apply(&engine, &files).await?),
        None if engine.directory().credential_count() == 0 => {
            Some(entities::apply(&engine, &entities::throw_away()).await?)
        }
        None => None,
    };
    let sources: Vec<String> = bundles.iter().flat_map(token_sources).map(|(_, name)| name).collect();
    engine.register_sources(&sources).await.or_refused()?;
    let shutdown = Shutdown::new();
    let service = Arc::new(Service::new(Arc::clone(&engine), program));
    let settings = ServerSettings {
        gateway: args.listen,
        admin: args.admin,
        workers: args.workers.unwrap_or_else(processors),
        admin_access: access.clone().map(|(_, access)| access).unwrap_or_default(),
    };
    let running = dormouse_server::start(&service, &settings, &shutdown).or_refused()?;
    let started = Started {
        running: &running,
        service: &service,
        bundles: &bundles,
        provisioned: provisioned.as_ref(),
        is_trial,
    };
    announce(args, &started);
    if let Some((path, _)) = access {
        say(format_args!("  admin token   in {}", path.display()));
    }
    Ok((running, service, shutdown))
}

/// The store, and who may use the admin listener: everybody only while both are this machine's alone.
fn backend(args: &Args) -> Result<(Backend, Option<(PathBuf, AdminAccess)>), Failure> {
    let access = |token: Secret| AdminAccess { token: Some(token), ..AdminAccess::default() };
    match &args.data {
        Some(directory) => {
            let backend = data::directory(directory)?;
            let (path, token) = data::admin_token(directory)?;
            Ok((backend, Some((path, access(token)))))
        }
        None if args.admin.ip().is_loopback() => Ok((data::memory(), None)),
        None => Err(Failure::Usage(anyhow!(
            "an admin address that is not loopback needs a token, and the token needs --data DIR"
        ))),
    }
}

/// What was started, for people.
struct Started<'a> {
    running: &'a Running,
    service: &'a Service,
    bundles: &'a [Bundle],
    provisioned: Option<&'a Provisioned>,
    /// Whether the entities are throw-away ones.
    is_trial: bool,
}

fn announce(args: &Args, started: &Started<'_>) {
    let running = started.running;
    let in_memory = || "in memory, forgotten at the end".to_owned();
    say(format_args!("dormouse {} serves", env!("CARGO_PKG_VERSION")));
    for (base_path, proxy) in started.service.program.routes() {
        say(format_args!("  {proxy:<13} http://{}{base_path}", running.gateway));
    }
    say(format_args!("  admin         http://{}  (healthz, readyz, metrics, audit)", running.admin));
    say(format_args!(
        "  store         {}",
        args.data.as_ref().map_or_else(in_memory, |path| path.display().to_string())
    ));
    let Some(provisioned) = started.provisioned else { return };
    for difference in &provisioned.unapplied {
        say(format_args!("note: not applied: {difference}"));
    }
    // This is the one time that these are shown; standard output is where people take results from.
    for generated in &provisioned.generated {
        let (app, developer) = (&generated.app, &generated.developer);
        let (key, secret) = (&generated.consumer_key, generated.consumer_secret.expose());
        exit::print(format_args!("app {app} of {developer}\n  key     {key}\n  secret  {secret}\n"));
    }
    if started.is_trial
        && let Some(generated) = provisioned.generated.first()
    {
        let client =
            Credentials { key: generated.consumer_key.as_str(), secret: generated.consumer_secret.expose() };
        for line in curl_lines(started.bundles, &running.gateway.to_string(), &client) {
            exit::print(format_args!("  {line}\n"));
        }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Args {
    const fn platform(&self) -> Platform {
        match self.platform {
            PlatformName::X => Platform::X,
            PlatformName::Edge => Platform::Edge,
        }
    }
}

const MISSING_SHARED_FLOW: &str = "missing-shared-flow";

const EXAMPLES: &str = "\
Examples:
  dormouse run ./oauth
  dormouse run ./oauth ./weather --entities ./entities --data ./state
  dormouse run --check --strict ./oauth.zip
  dormouse run payments=./oauth --listen 0.0.0.0:8080 --env prod";
