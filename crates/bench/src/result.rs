//! What a worker has measured.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::account::Account;

/// One requester's run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) replies: u64,
    pub(crate) errors: u64,
    pub(crate) seconds: f64,
    pub(crate) p50_us: u64,
    pub(crate) p90_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) p999_us: u64,
    pub(crate) max_us: u64,
    pub(crate) cpu: Account,
}

impl Run {
    pub(crate) fn new(
        latencies: &Histogram<u64>,
        errors: u64,
        took: Duration,
        cpu: Account,
    ) -> Self {
        let at = |quantile| latencies.value_at_quantile(quantile) / 1_000;
        Self {
            replies: latencies.len(),
            errors,
            seconds: took.as_secs_f64(),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: latencies.max() / 1_000,
            cpu,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of one run")]
    pub(crate) fn rate(&self) -> f64 {
        self.replies as f64 / self.seconds
    }
}

/// Tells whoever compares that what is measured begins now.
pub(crate) fn begin() -> Instant {
    println!("{BEGIN}");
    // A reader that has gone does not keep the run from being measured.
    let _ = std::io::stdout().flush();
    Instant::now()
}

/// The line that a requester prints before it measures; the next one is its result.
pub(crate) const BEGIN: &str = "begin";

/// Nanoseconds, three digits, up to a minute.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1_000, 60_000_000_000, 3)
        .unwrap_or_else(|_| unreachable!("constant bounds"))
}
