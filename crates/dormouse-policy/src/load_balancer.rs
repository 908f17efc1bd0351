//! Load balancing over the target servers of the environment (Apigee: "Load balancing across backend servers").

use dormouse_bundle::Element;
use dormouse_flow::{CallError, Destination, Host, Tls};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// A compiled `LoadBalancer`. Failures and turns are counted for the whole process.
pub(crate) struct LoadBalancer {
    algorithm: Algorithm,
    servers: Vec<Server>,
    /// Failures in a row after which a server gets no more requests; 0 means never.
    failures_max: u32,
    retries: bool,
    /// How long a server that failed too often gets no requests, in milliseconds.
    pause_ms: u64,
    /// Statuses that count as failures.
    unhealthy: Vec<u16>,
    next: AtomicUsize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    LeastConnections,
    RoundRobin,
    Weighted,
}

struct Server {
    name: String,
    weight: usize,
    is_fallback: bool,
    failures: AtomicU32,
    /// The time of the last failure, in milliseconds.
    failed_at: AtomicU64,
    open: AtomicUsize,
}

/// A server whose turn it is. It counts as busy until this is dropped.
pub(crate) struct Turn<'a> {
    pub(crate) destination: Destination,
    server: &'a Server,
}

impl LoadBalancer {
    pub(crate) fn compile(element: &Element) -> Self {
        let text = |element: &Element, name: &str| {
            element.element_text(name).map(|text| text.as_str().to_owned()).unwrap_or_default()
        };
        let servers = element.elements_named("Server").filter(|server| text(server, "IsEnabled") != "false");
        let server = |server: &Element| Server {
            name: server.attribute_value("name").unwrap_or_default().trim().to_owned(),
            weight: text(server, "Weight").parse().unwrap_or(1),
            is_fallback: text(server, "IsFallback") == "true",
            failures: AtomicU32::new(0),
            failed_at: AtomicU64::new(0),
            open: AtomicUsize::new(0),
        };
        let algorithm = match text(element, "Algorithm").as_str() {
            "Weighted" => Algorithm::Weighted,
            "LeastConnections" => Algorithm::LeastConnections,
            _ => Algorithm::RoundRobin,
        };
        Self {
            algorithm,
            servers: servers.map(server).collect(),
            failures_max: text(element, "MaxFailures").parse().unwrap_or(0),
            retries: text(element, "RetryEnabled") != "false",
            pause_ms: text(element, "TargetDisableSecs").parse().unwrap_or(PAUSE_SECS).saturating_mul(1000),
            unhealthy: element
                .elements_named("ServerUnhealthyResponse")
                .flat_map(|list| list.elements_named("ResponseCode"))
                .filter_map(|code| code.text().trimmed().as_str().parse().ok())
                .collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// The servers in the order in which they are tried; those for emergencies come last.
    pub(crate) fn turns<'a>(&'a self, host: &'a Host) -> impl Iterator<Item = Turn<'a>> {
        let (fallback, mut usual): (Vec<_>, Vec<_>) = self
            .servers
            .iter()
            .filter(|server| self.is_healthy(server, host))
            .partition(|server| server.is_fallback);
        self.order(&mut usual);
        usual.into_iter().chain(fallback).filter_map(move |server| {
            let destination = destination(&server.name, host)?;
            server.open.fetch_add(1, Ordering::Relaxed);
            Some(Turn { destination, server })
        })
    }

    /// Another server may take a request that this one never got.
    pub(crate) fn may_retry(&self, error: &CallError) -> bool {
        let never_sent = matches!(
            error,
            CallError::Unresolved(_)
                | CallError::Unreachable(_)
                | CallError::ConnectTimeout
                | CallError::TlsHandshake(_)
        );
        self.retries && never_sent
    }

    /// Notes how a server answered.
    pub(crate) fn answered(&self, turn: &Turn<'_>, status: u16, host: &Host) {
        if self.unhealthy.contains(&status) {
            turn.failed(host);
        } else {
            turn.server.failures.store(0, Ordering::Relaxed);
        }
    }

    /// A server that failed too often is asked again after a pause; one more failure begins the next.
    fn is_healthy(&self, server: &Server, host: &Host) -> bool {
        let failed_at = server.failed_at.load(Ordering::Relaxed);
        self.failures_max == 0
            || server.failures.load(Ordering::Relaxed) < self.failures_max
            || host.clock.now().as_ms().saturating_sub(failed_at) >= self.pause_ms
    }

    fn order(&self, servers: &mut [&Server]) {
        if servers.is_empty() {
            return;
        }
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let first = match self.algorithm {
            Algorithm::RoundRobin => turn % servers.len(),
            Algorithm::Weighted => weighted(servers, turn),
            Algorithm::LeastConnections => {
                servers.sort_by_key(|server| server.open.load(Ordering::Relaxed));
                0
            }
        };
        servers.rotate_left(first);
    }
}

/// The server whose share of the weights holds this turn.
fn weighted(servers: &[&Server], turn: usize) -> usize {
    let total: usize = servers.iter().map(|server| server.weight).sum();
    let mut left = turn.checked_rem(total).unwrap_or(0);
    for (index, server) in servers.iter().enumerate() {
        match left.checked_sub(server.weight) {
            None => return index,
            Some(rest) => left = rest,
        }
    }
    0
}

/// Where an enabled target server listens.
fn destination(name: &str, host: &Host) -> Option<Destination> {
    let directory = host.engine.directory();
    let server = directory.target_server(name).filter(|server| server.is_enabled)?;
    let tls = server.tls.as_ref().filter(|tls| tls.enabled);
    let tls = tls.map(|tls| Tls { ignores_validation_errors: tls.ignore_validation_errors });
    Some(Destination { host: server.host.as_str().into(), port: server.port, tls })
}

impl Turn<'_> {
    /// Notes that the server gave no answer, or one that counts as a failure.
    pub(crate) fn failed(&self, host: &Host) {
        self.server.failed_at.store(host.clock.now().as_ms(), Ordering::Relaxed);
        self.server.failures.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.server.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long a server rests where the bundle does not say: long enough to restart, short enough to be missed little.
const PAUSE_SECS: u64 = 30;
