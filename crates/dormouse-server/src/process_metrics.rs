//! The process itself: which version runs, since when, and what it holds of the machine (as Prometheus' own clients
//! measure it; read from `/proc`, and absent elsewhere).

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// State of the process.
#[derive(Debug, Default)]
pub(crate) struct Process {
    build: Family<BuildLabels, Gauge>,
    resident: Gauge,
    open_files: Gauge,
    threads: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

impl Process {
    pub(crate) fn register(&self, registry: &mut Registry) {
        self.build.get_or_create(&BuildLabels { version: env!("CARGO_PKG_VERSION") }).set(1);
        registry.register("build_info", "1, labelled with the version that runs", self.build.clone());
        registry.register_with_unit(
            "process_resident_memory",
            "Memory of the process that is in RAM",
            Unit::Bytes,
            self.resident.clone(),
        );
        registry.register("process_open_fds", "Open files, sockets included", self.open_files.clone());
        registry.register("process_threads", "Threads of the process", self.threads.clone());
    }

    /// Looks again.
    pub(crate) fn read(&self) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches(" kB").parse::<i64>().ok()
        };
        self.resident.set(number("VmRSS:").unwrap_or_default().saturating_mul(1024));
        self.threads.set(number("Threads:").unwrap_or_default());
        let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        self.open_files.set(i64::try_from(open).unwrap_or(i64::MAX));
    }
}
