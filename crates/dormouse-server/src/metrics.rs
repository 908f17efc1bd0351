//! Metrics in Prometheus' text format. Labels are bounded: proxies that are deployed, classes of status, endpoints,
//! grant types, error codes.

use crate::process_metrics::Process;
use crate::service::Service;
use crate::token_events::TokenEvents;
use dormouse_token::StoreStatistics;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// What is measured.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    duration: Histogram,
    oauth_requests: Family<OAuthLabels, Counter>,
    oauth_duration: Histogram,
    families: Gauge,
    imports: Gauge,
    staleness: Gauge<f64, AtomicU64>,
    stale_answers: Gauge,
    rolled_back: Gauge,
    audit_lost: Gauge,
    token_events: TokenEvents,
    process: Process,
    store: Family<StoreLabels, Gauge>,
    store_bytes: Gauge,
    token_bytes: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    /// The proxy, or nothing when none has the base path.
    proxy: String,
    /// `2xx` and so on.
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OAuthLabels {
    /// The endpoint, or `none`.
    endpoint: &'static str,
    /// The grant type at the token endpoint, `other` for unknown ones, or nothing.
    grant_type: &'static str,
    /// `success`, or the error code.
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StoreLabels {
    table: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("dormouse");
        let metrics = Self {
            requests: Family::default(),
            duration: Histogram::new(DURATION_BUCKETS),
            oauth_requests: Family::default(),
            oauth_duration: Histogram::new(DURATION_BUCKETS),
            families: Gauge::default(),
            imports: Gauge::default(),
            staleness: Gauge::default(),
            stale_answers: Gauge::default(),
            rolled_back: Gauge::default(),
            audit_lost: Gauge::default(),
            token_events: TokenEvents::default(),
            process: Process::default(),
            store: Family::default(),
            store_bytes: Gauge::default(),
            token_bytes: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register(
            "gateway_requests",
            "Requests by proxy and class of status",
            metrics.requests.clone(),
        );
        registry.register_with_unit(
            "gateway_request_duration",
            "Time from the whole request to the whole response",
            Unit::Seconds,
            metrics.duration.clone(),
        );
        registry.register(
            "oauth_requests",
            "Requests to the native endpoints by endpoint, grant type and outcome",
            metrics.oauth_requests.clone(),
        );
        registry.register_with_unit(
            "oauth_request_duration",
            "Time from the head of a request to its whole response",
            Unit::Seconds,
            metrics.oauth_duration.clone(),
        );
        registry.register("resident_families", "Family records in memory", metrics.families.clone());
        registry.register("resident_imports", "Imported access tokens in memory", metrics.imports.clone());
        registry.register_with_unit(
            "staleness",
            "Time since the last successful poll of the store began",
            Unit::Seconds,
            metrics.staleness.clone(),
        );
        registry.register(
            "stale_answers",
            "Access tokens accepted while the store could not be followed, since the start",
            metrics.stale_answers.clone(),
        );
        registry.register(
            "rolled_back",
            "1 when a token proved that the store was rolled back or lost",
            metrics.rolled_back.clone(),
        );
        registry.register(
            "audit_log_lost",
            "Lines that the audit log could not write, since the start",
            metrics.audit_lost.clone(),
        );
        metrics.register_state(&mut registry);
        Self { registry, ..metrics }
    }

    /// What is read when somebody asks, and what the engine tells.
    fn register_state(&self, registry: &mut Registry) {
        registry.register(
            "token_events",
            "Revocations, replays, cut-offs and burns by what happened",
            self.token_events.0.clone(),
        );
        self.process.register(registry);
        registry.register("store_rows", "Rows in the store by table", self.store.clone());
        registry.register_with_unit(
            "store_file",
            "Size of the store's file",
            Unit::Bytes,
            self.store_bytes.clone(),
        );
        registry.register_with_unit(
            "store_token",
            "Bytes of keys and values in the tables about tokens",
            Unit::Bytes,
            self.token_bytes.clone(),
        );
    }

    /// Counters of what the engine tells.
    pub(crate) fn token_events(&self) -> TokenEvents {
        self.token_events.clone()
    }

    /// Counts a request that was answered.
    pub(crate) fn answered(&self, proxy: &str, status: u16, took: Duration) {
        let labels = RequestLabels { proxy: proxy.to_owned(), status: class(status) };
        self.requests.get_or_create(&labels).inc();
        self.duration.observe(took.as_secs_f64());
    }

    /// Counts a request to a native endpoint: endpoint, grant type, outcome.
    pub(crate) fn oauth_answered(&self, [endpoint, grant_type, outcome]: [&'static str; 3], took: Duration) {
        self.oauth_requests.get_or_create(&OAuthLabels { endpoint, grant_type, outcome }).inc();
        self.oauth_duration.observe(took.as_secs_f64());
    }

    /// The exposition, with the state of the moment.
    pub(crate) fn exposition(&self, service: &Service, statistics: StoreStatistics) -> String {
        let (families, imports) = service.engine.resident_count();
        self.families.set(signed(families as u64));
        self.imports.set(signed(imports as u64));
        self.staleness.set(service.engine.staleness().as_secs_f64());
        self.stale_answers.set(signed(service.engine.stale_answers()));
        self.rolled_back.set(i64::from(service.engine.is_rolled_back()));
        let lost = service.audit_log().map_or(0, |log| log.counts().lost());
        self.audit_lost.set(signed(lost));
        self.process.read();
        let tables = [
            ("families", statistics.families),
            ("code_marks", statistics.code_marks),
            ("imports", statistics.imports),
            ("overflows", statistics.overflows),
            ("cut_offs", statistics.cut_offs),
            ("documents", statistics.documents),
            ("counters", statistics.counters),
        ];
        for (table, rows) in tables {
            self.store.get_or_create(&StoreLabels { table }).set(signed(rows));
        }
        self.store_bytes.set(signed(statistics.file_bytes));
        self.token_bytes.set(signed(statistics.token_bytes));
        let mut out = String::new();
        if text::encode(&mut out, &self.registry).is_err() {
            tracing::warn!("the metrics could not be written");
        }
        out
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

const fn class(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// Seconds: from the cost of a verification to that of a slow target.
const DURATION_BUCKETS: [f64; 12] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];
