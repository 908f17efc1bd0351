//! Starting and stopping every listener.

use crate::admin::{self, AdminAccess};
use crate::gateway;
use crate::listener::{BindError, Listen, Listener, Origin};
use crate::oauth::{self, Issuer, OAuth, OAuthSettings};
use crate::service::Service;
use crate::shutdown::Shutdown;
use crate::worker::{self, ConnectionLimits};
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The gateway, where bundles are served.
    pub gateway: Option<Listen>,
    /// The native OAuth endpoints and their settings, where they are served.
    pub oauth: Option<(Listen, OAuthSettings)>,
    /// The admin listener.
    pub admin: Listen,
    /// Threads that serve the gateway, and as many that serve the native endpoints.
    pub workers: usize,
    /// Who may use the admin listener.
    pub admin_access: AdminAccess,
}

/// A running server.
pub struct Running {
    /// Where the gateway listens.
    pub gateway: Option<Origin>,
    /// Where the native endpoints listen, and their issuer.
    pub oauth: Option<(Origin, Issuer)>,
    /// Where the admin listener listens.
    pub admin: Origin,
    listeners: Vec<JoinHandle<()>>,
    housekeeping: JoinHandle<()>,
    drained: Shutdown,
}

impl Running {
    /// Waits until a shutdown was requested and every open request is done.
    pub fn join(self) {
        for thread in self.listeners {
            // A thread that panicked has logged why; the others are waited for all the same.
            let _ = thread.join();
        }
        self.drained.request();
        let _ = self.housekeeping.join();
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
    let bind = |listen: &Listen| listen.bind(settings.workers);
    let (admin_listeners, admin) = settings.admin.bind(1)?;
    let gateway = settings.gateway.as_ref().map(bind).transpose()?;
    let native = settings.oauth.as_ref().map(|(listen, _)| bind(listen)).transpose()?;
    let mut listeners = Vec::new();
    let gateway = gateway.map(|(sockets, origin)| {
        for socket in sockets {
            let (service, shutdown) = (Arc::clone(service), shutdown.clone());
            listeners.push(spawn("gateway", move || gateway_worker(socket, service, &shutdown)));
        }
        origin
    });
    let native = native.zip(settings.oauth.as_ref()).map(|((sockets, origin), (_, settings))| {
        let issuer = settings.issuer.clone().unwrap_or_else(|| Issuer::of_origin(origin));
        let native = Arc::new(OAuth::new(Arc::clone(service), settings.clone(), issuer.clone()));
        for socket in sockets {
            let (native, shutdown) = (Arc::clone(&native), shutdown.clone());
            listeners.push(spawn("oauth", move || oauth_worker(socket, native, &shutdown)));
        }
        (origin, issuer)
    });
    for socket in admin_listeners {
        let router = admin::router(Arc::clone(service), settings.admin_access.clone());
        let shutdown = shutdown.clone();
        listeners.push(spawn("admin", move || admin_worker(socket, router, &shutdown)));
    }
    let drained = Shutdown::new();
    let (maintained, stop, end) = (Arc::clone(service), shutdown.clone(), drained.clone());
    let housekeeping = spawn("housekeeping", move || keep_house(&maintained, &stop, &end));
    service.set_ready(true);
    Ok(Running { gateway, oauth: native, admin, listeners, housekeeping, drained })
}

fn spawn(name: &'static str, run: impl FnOnce() -> io::Result<()> + Send + 'static) -> JoinHandle<()> {
    thread::spawn(move || {
        if let Err(error) = run() {
            tracing::error!(%error, "the thread for {name} stopped");
        }
    })
}

fn gateway_worker(listener: Listener, service: Arc<Service>, shutdown: &Shutdown) -> io::Result<()> {
    worker::serve(listener, LIMITS, shutdown, move |request, peer| {
        let service = Arc::clone(&service);
        async move { gateway::answer(&service, request, peer).await }
    })
}

fn oauth_worker(listener: Listener, native: Arc<OAuth>, shutdown: &Shutdown) -> io::Result<()> {
    // Room enough that a head which is somewhat too large is read whole, and answered in the words of RFC 6749.
    let limits = ConnectionLimits { head_bytes: 2 * oauth::HEAD_BYTES_MAX, ..LIMITS };
    worker::serve(listener, limits, shutdown, move |request, peer| {
        let native = Arc::clone(&native);
        async move { oauth::answer(&native, request, peer).await }
    })
}

fn admin_worker(listener: Listener, router: axum::Router, shutdown: &Shutdown) -> io::Result<()> {
    let limits =
        ConnectionLimits { head_bytes: admin::HEAD_BYTES_MAX, connections: ADMIN_CONNECTIONS_MAX, ..LIMITS };
    worker::serve(listener, limits, shutdown, move |request, peer| {
        admin::answer(router.clone(), request, peer)
    })
}

/// Maintains the engine until every listener has drained, and once more then: what was counted since the last round is not
/// lost by an orderly stop.
fn keep_house(service: &Arc<Service>, shutdown: &Shutdown, drained: &Shutdown) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let not_ready = async {
            shutdown.requested().await;
            service.set_ready(false);
            drained.requested().await;
        };
        tokio::select! {
            () = maintain(service) => {}
            () = not_ready => {}
        }
        if let Err(error) = service.engine.maintain().await {
            tracing::warn!(%error, "the last housekeeping failed");
        }
    });
    Ok(())
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

const LIMITS: ConnectionLimits = ConnectionLimits {
    head_bytes: gateway::HEAD_BYTES_MAX,
    head_time: Duration::from_secs(30),
    handshake_time: Duration::from_secs(10),
    drain_time: Duration::from_secs(25),
    connections: 16_384,
};

/// Administration is few people's and few programs' business.
const ADMIN_CONNECTIONS_MAX: usize = 256;

/// Often enough that a cut-off of another node is in force within a second, and that at most a second of counts is lost.
const MAINTAIN_EVERY: Duration = Duration::from_millis(250);
