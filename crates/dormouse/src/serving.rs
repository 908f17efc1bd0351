//! From a plan to a running server: what `run` and `serve` do, in the order in which it can fail.

use crate::announce::{announce, show_generated};
use crate::data::{self, Backend};
use crate::exit::{Failure, OrFailure as _, Outcome};
use crate::plan::Plan;
use crate::tls::{CertificateFile, TlsWatch};
use crate::{check, entities, log, process};
use anyhow::anyhow;
use dormouse_bundle::{Bundle, Problem};
use dormouse_engine::{Engine, Provisioned, Settings};
use dormouse_flow::Host;
use dormouse_gateway::{Program, compile};
use dormouse_policy::{Platform, put_initial_entries, token_sources};
use dormouse_server::{AdminAccess, NATIVE_SOURCE, Running, ServerSettings, Service, Shutdown};
use std::path::PathBuf;
use std::sync::Arc;

/// A server that was started.
pub(crate) struct Started {
    pub(crate) opened: Opened,
    pub(crate) bundles: Vec<Bundle>,
    /// What came of the entity files, if there were any.
    pub(crate) provisioned: Option<Provisioned>,
    /// Whether the entities are throw-away ones.
    pub(crate) is_trial: bool,
    /// Where the admin token is, if one is needed.
    pub(crate) admin_token: Option<PathBuf>,
}

/// Listeners, and what they serve.
pub(crate) struct Opened {
    pub(crate) running: Running,
    pub(crate) service: Arc<Service>,
    /// The file of the gateway's self-signed certificate, if it has one.
    pub(crate) certificate: Option<CertificateFile>,
}

/// Serves until the process is told to stop.
pub(crate) fn serve(plan: &Plan) -> Outcome {
    log::start();
    process::raise_file_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().build().or_internal()?;
    let shutdown = Shutdown::new();
    // Before anybody can see that it serves, and tell it to stop.
    process::stop_on_signals(&shutdown).or_internal()?;
    let started = runtime.block_on(start(plan, &shutdown))?;
    announce(plan, &started);
    let Opened { running, service, certificate } = started.opened;
    running.join();
    service.close_audit_log();
    drop((service, certificate));
    Ok(())
}

async fn start(plan: &Plan, shutdown: &Shutdown) -> Result<Started, Failure> {
    let (bundles, mut problems) = check::load_all(&plan.bundles)?;
    let files = plan.entities.as_deref().map(entities::read).transpose()?;
    let backend = data::open(&plan.store)?;
    let (access, admin_token) = admin_access(plan)?;
    let engine = engine(backend, &plan.organization, plan.engine.clone()).await?;
    let (program, found) = program(&engine, &bundles, &plan.environment, plan.platform);
    problems.extend(found);
    check_bundles(problems, plan.strict)?;
    let is_trial = files.is_none() && plan.trial && engine.directory().credential_count() == 0;
    let files = if is_trial { Some(entities::throw_away()) } else { files };
    let provisioned = match files {
        Some(files) => Some(entities::apply(&engine, &files).await?),
        None => None,
    };
    let opened = open(plan, (&engine, program), (&bundles, access), shutdown).await;
    if let (Err(_), Some(provisioned)) = (&opened, &provisioned) {
        // They are in the store by now, and the next start takes them for known.
        show_generated(provisioned);
    }
    Ok(Started { opened: opened?, bundles, provisioned, is_trial, admin_token })
}

/// Opens the listeners and serves.
async fn open(
    plan: &Plan,
    (engine, program): (&Arc<Engine>, Program),
    (bundles, access): (&[Bundle], AdminAccess),
    shutdown: &Shutdown,
) -> Result<Opened, Failure> {
    let policies = bundles.iter().flat_map(token_sources).map(|(_, name)| name);
    let native = plan.oauth.as_ref().map(|_| NATIVE_SOURCE.to_owned());
    let sources: Vec<String> = policies.chain(native).collect();
    engine.register_sources(&sources).await.or_refused()?;
    // After the entity files, whose entries go before those that a bundle brings along.
    for bundle in bundles {
        put_initial_entries(bundle, engine).await.or_refused()?;
    }
    let mut service = Service::new(Arc::clone(engine), program);
    if let Some(directory) = &plan.store.directory {
        service = service.with_audit_log(data::audit_log(directory, Arc::clone(engine.clock()))?);
    }
    let service = Arc::new(service);
    let mut watch = TlsWatch::default();
    let gateway = plan.gateway.as_ref().map(|listen| listen.open("gateway", &mut watch)).transpose()?;
    let (gateway, certificate) = gateway.unzip();
    let oauth = plan.oauth.as_ref().map(|(listen, settings)| {
        listen.open("oauth", &mut watch).map(|(listen, _)| (listen, settings.clone()))
    });
    let settings = ServerSettings {
        gateway,
        oauth: oauth.transpose()?,
        admin: plan.admin.listen.open("admin", &mut watch)?.0,
        workers: plan.workers.unwrap_or_else(processors),
        admin_access: access,
    };
    let running = dormouse_server::start(&service, &settings, shutdown).or_refused()?;
    watch.start(shutdown)?;
    Ok(Opened { running, service, certificate: certificate.flatten() })
}

/// Shows what is wrong with the bundles, and refuses to serve those that have errors.
fn check_bundles(mut problems: Vec<Problem>, strict: bool) -> Outcome {
    if strict {
        check::make_strict(&mut problems);
    }
    check::show(&mut problems);
    // A shared flow that is missing becomes a fault of the request that calls it.
    problems.retain(|problem| problem.code != MISSING_SHARED_FLOW);
    if check::has_errors(&problems) {
        return Err(Failure::Refused(anyhow!("the bundles have errors, so that nothing is served")));
    }
    Ok(())
}

/// Who may use the admin listener, and where its token is: everybody only while store and address are this machine's alone.
fn admin_access(plan: &Plan) -> Result<(AdminAccess, Option<PathBuf>), Failure> {
    let admin = &plan.admin;
    let token = match (&admin.token_file, &plan.store.directory) {
        (Some(path), _) => Some(data::configured_token(path)?),
        (None, Some(directory)) => Some(data::admin_token(directory)?),
        (None, None) if admin.listen.address.ip().is_loopback() => None,
        (None, None) => {
            return Err(Failure::Usage(anyhow!(
                "an admin address that is not loopback needs a token: give --data DIR, which keeps one, or name its \
                 file as admin.token_file in the configuration of `dormouse serve`"
            )));
        }
    };
    let (path, token) = token.unzip();
    Ok((AdminAccess { token, hosts: admin.hosts.clone(), metrics_open: admin.metrics_open }, path))
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The node of a backend.
pub(crate) async fn engine(
    backend: Backend,
    organization: &str,
    settings: Settings,
) -> Result<Arc<Engine>, Failure> {
    let Backend { store, roots, clock, entropy } = backend;
    Engine::start(store, roots, organization, (clock, entropy), settings).await.or_refused()
}

/// Compiles bundles for an environment.
pub(crate) fn program(
    engine: &Arc<Engine>,
    bundles: &[Bundle],
    environment: &str,
    platform: Platform,
) -> (Program, Vec<Problem>) {
    let host = Host {
        clock: Arc::clone(engine.clock()),
        entropy: Arc::clone(engine.entropy()),
        organization: engine.organization().into(),
        environment: environment.into(),
        time_zone: jiff::tz::TimeZone::system(),
        property_sets: dormouse_flow::PropertySets::default(),
        engine: Arc::clone(engine),
        http_client: Arc::new(dormouse_net::Client::default()),
        quota_counters: Arc::default(),
        node_state: Arc::default(),
    };
    compile(bundles, &dormouse_gateway::Settings { host: Arc::new(host), platform })
}

const MISSING_SHARED_FLOW: &str = "missing-shared-flow";
