//! Starting and stopping every listener.

use crate::admin::{self, AdminAccess};
use crate::gateway;
use crate::oauth::{self, Issuer, OAuth, OAuthSettings};
use crate::service::Service;
use crate::shutdown::Shutdown;
use crate::worker::{self, ConnectionLimits};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Address of the gateway, where bundles are served. Port 0 takes a free one.
    pub gateway: Option<SocketAddr>,
    /// Address and settings of the native OAuth endpoints, where they are served. Port 0 takes a free one.
    pub oauth: Option<(SocketAddr, OAuthSettings)>,
    /// Address of the admin listener. Port 0 takes a free one.
    pub admin: SocketAddr,
    /// Threads that serve the gateway, and as many that serve the native endpoints.
    pub workers: usize,
    /// Who may use the admin listener.
    pub admin_access: AdminAccess,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// What the system says.
    pub source: io::Error,
}

/// A running server.
pub struct Running {
    /// Where the gateway listens.
    pub gateway: Option<SocketAddr>,
    /// Where the native endpoints listen, and their issuer.
    pub oauth: Option<(SocketAddr, Issuer)>,
    /// Where the admin listener listens.
    pub admin: SocketAddr,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    /// Waits until a shutdown was requested and every open request is done.
    pub fn join(self) {
        for thread in self.threads {
            // A thread that panicked has logged why; the others are waited for all the same.
            let _ = thread.join();
        }
    }
}

/// Binds every address, then serves. When it returns, requests are answered.
///
/// # Errors
/// [`BindError`] for an address that is taken or not ours.
pub fn start(
    service: &Arc<Service>,
    settings: &ServerSettings,
    shutdown: &Shutdown,
) -> Result<Running, BindError> {
    let (admin_listener, admin) = bind(settings.admin)?;
    let gateway = settings.gateway.map(|address| bind_shared(address, settings.workers)).transpose()?;
    let native =
        settings.oauth.as_ref().map(|(address, _)| bind_shared(*address, settings.workers)).transpose()?;
    let mut running = Running { gateway: None, oauth: None, admin, threads: Vec::new() };
    if let Some((listeners, address)) = gateway {
        running.gateway = Some(address);
        for listener in listeners {
            let (service, shutdown) = (Arc::clone(service), shutdown.clone());
            running.threads.push(spawn("gateway", move || gateway_worker(listener, service, &shutdown)));
        }
    }
    if let (Some((listeners, address)), Some((_, settings))) = (native, &settings.oauth) {
        let issuer = settings.issuer.clone().unwrap_or_else(|| Issuer::of_address(address));
        running.oauth = Some((address, issuer.clone()));
        let native = Arc::new(OAuth::new(Arc::clone(service), settings.clone(), issuer));
        for listener in listeners {
            let (native, shutdown) = (Arc::clone(&native), shutdown.clone());
            running.threads.push(spawn("oauth", move || oauth_worker(listener, native, &shutdown)));
        }
    }
    let router = admin::router(Arc::clone(service), settings.admin_access.clone());
    let (maintained, stop) = (Arc::clone(service), shutdown.clone());
    running.threads.push(spawn("admin", move || admin_worker(admin_listener, router, &maintained, &stop)));
    service.set_ready(true);
    Ok(running)
}

fn bind(address: SocketAddr) -> Result<(std::net::TcpListener, SocketAddr), BindError> {
    let error = |source| BindError { address, source };
    let listener = worker::bind(address).map_err(error)?;
    let own = listener.local_addr().map_err(error)?;
    Ok((listener, own))
}

/// Sockets for so many workers on one address: those after the first share the port that it got.
fn bind_shared(
    address: SocketAddr,
    workers: usize,
) -> Result<(Vec<std::net::TcpListener>, SocketAddr), BindError> {
    let (first, own) = bind(address)?;
    let mut listeners = vec![first];
    for _ in 1..workers.max(1) {
        listeners.push(bind(own)?.0);
    }
    Ok((listeners, own))
}

fn spawn(name: &'static str, run: impl FnOnce() -> io::Result<()> + Send + 'static) -> JoinHandle<()> {
    thread::spawn(move || {
        if let Err(error) = run() {
            tracing::error!(%error, "the {name} listener stopped");
        }
    })
}

fn gateway_worker(
    listener: std::net::TcpListener,
    service: Arc<Service>,
    shutdown: &Shutdown,
) -> io::Result<()> {
    worker::serve(listener, GATEWAY_LIMITS, shutdown, move |request, peer| {
        let service = Arc::clone(&service);
        async move { gateway::answer(&service, request, peer).await }
    })
}

fn oauth_worker(listener: std::net::TcpListener, native: Arc<OAuth>, shutdown: &Shutdown) -> io::Result<()> {
    // Room enough that a head which is somewhat too large is read whole, and answered in the words of RFC 6749.
    let limits = ConnectionLimits { head_bytes: 2 * oauth::HEAD_BYTES_MAX, ..GATEWAY_LIMITS };
    worker::serve(listener, limits, shutdown, move |request, peer| {
        let native = Arc::clone(&native);
        async move { oauth::answer(&native, request, peer).await }
    })
}

/// The admin listener and the housekeeping share a thread: neither is hot.
fn admin_worker(
    listener: std::net::TcpListener,
    router: axum::Router,
    service: &Arc<Service>,
    shutdown: &Shutdown,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let stop = shutdown.clone();
        let draining = Arc::clone(service);
        let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
            stop.requested().await;
            draining.set_ready(false);
        });
        let drained = async {
            shutdown.requested().await;
            tokio::time::sleep(GATEWAY_LIMITS.drain_time).await;
        };
        let result = tokio::select! {
            result = serving => result,
            () = maintain(service) => Ok(()),
            () = drained => Ok(()),
        };
        // What was counted since the last round is not lost by an orderly stop.
        if let Err(error) = service.engine.maintain().await {
            tracing::warn!(%error, "the last housekeeping failed");
        }
        result
    })
}

async fn maintain(service: &Arc<Service>) {
    let mut every = tokio::time::interval(MAINTAIN_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if let Err(error) = service.engine.maintain().await {
            tracing::warn!(%error, "housekeeping failed; it is tried again");
        }
    }
}

const GATEWAY_LIMITS: ConnectionLimits = ConnectionLimits {
    head_bytes: gateway::HEAD_BYTES_MAX,
    head_time: Duration::from_secs(30),
    drain_time: Duration::from_secs(25),
    connections: 16_384,
};

/// Often enough that a cut-off of another node is in force within a second, and that at most a second of counts is lost.
const MAINTAIN_EVERY: Duration = Duration::from_millis(250);
