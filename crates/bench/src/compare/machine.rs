//! What was measured on, and with what.

use std::{fs, thread};

use antiphon_testbed::broker::VERSION;
use serde::Serialize;

use crate::raw;

/// The machine and the versions.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) allocator: &'static str,
    pub(crate) kafka: String,
    pub(crate) librdkafka: String,
    pub(crate) rustc: &'static str,
    pub(crate) antiphon: &'static str,
    /// Whether this program was built with optimisation: without it the figures say nothing.
    pub(crate) optimised: bool,
}

impl Machine {
    pub(super) fn this(given_kafka: Option<&str>) -> Self {
        let own = || format!("{VERSION}, started for this");
        Self {
            cpu: cpu(&read("/proc/cpuinfo")),
            cores: thread::available_parallelism().map_or(1, usize::from),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            allocator: if cfg!(unix) { "jemalloc" } else { "system" },
            kafka: given_kafka.map_or_else(own, |servers| format!("as it runs at {servers}")),
            librdkafka: raw::version(),
            rustc: env!("BENCH_RUSTC"),
            antiphon: env!("CARGO_PKG_VERSION"),
            optimised: !cfg!(debug_assertions),
        }
    }

    /// Names and values, to be read.
    pub(crate) fn facts(&self) -> [(&'static str, String); 8] {
        [
            ("CPU", format!("{}, {} cores", self.cpu, self.cores)),
            ("Kernel", self.kernel.clone()),
            ("Allocator", self.allocator.to_owned()),
            ("Apache Kafka", self.kafka.clone()),
            ("librdkafka", self.librdkafka.clone()),
            ("rustc", self.rustc.to_owned()),
            ("Antiphon", self.antiphon.to_owned()),
            (
                "Build",
                if self.optimised {
                    "optimised".to_owned()
                } else {
                    "NOT optimised: these figures say nothing".to_owned()
                },
            ),
        ]
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn cpu(cpuinfo: &str) -> String {
    let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
    model
        .and_then(|line| line.split_once(':'))
        .map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_read_or_unknown() {
        assert_eq!(cpu("processor : 0\nmodel name\t: Fast One\n"), "Fast One");
        assert_eq!(cpu(""), "unknown");
    }
}
