//! Starting and stopping every listener.

use crate::admin::{self, AdminAccess};
use crate::gateway;
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
    /// Address of the gateway. Port 0 takes a free one.
    pub gateway: SocketAddr,
    /// Address of the admin listener. Port 0 takes a free one.
    pub admin: SocketAddr,
    /// Threads that serve the gateway.
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
    pub gateway: SocketAddr,
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
    let bind = |address| worker::bind(address).map_err(|source| BindError { address, source });
    let own = |listener: &std::net::TcpListener, address| {
        listener.local_addr().map_err(|source| BindError { address, source })
    };
    let admin_listener = bind(settings.admin)?;
    let admin = own(&admin_listener, settings.admin)?;
    let first = bind(settings.gateway)?;
    // The other workers share the port that the first one got.
    let gateway = own(&first, settings.gateway)?;
    let mut listeners = vec![first];
    for _ in 1..settings.workers.max(1) {
        listeners.push(bind(gateway)?);
    }
    let mut threads = Vec::new();
    for listener in listeners {
        let (service, shutdown) = (Arc::clone(service), shutdown.clone());
        threads.push(spawn("gateway", move || gateway_worker(listener, service, &shutdown)));
    }
    let router = admin::router(Arc::clone(service), settings.admin_access.clone());
    let (maintained, stop) = (Arc::clone(service), shutdown.clone());
    threads.push(spawn("admin", move || admin_worker(admin_listener, router, &maintained, &stop)));
    service.set_ready(true);
    Ok(Running { gateway, admin, threads })
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
