//! What a worker has measured.

use std::time::{Duration, Instant};

use antiphon_testbed::worker::say;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::{
    account::Account,
    parent::{BEGIN, END},
};

/// One requester's run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) replies: u64,
    pub(crate) errors: u64,
    pub(crate) seconds: f64,
    pub(crate) p50_us: f64,
    pub(crate) p90_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) p999_us: f64,
    pub(crate) max_us: f64,
    /// How many replies took how many nanoseconds, so that runs can be added up.
    pub(crate) latencies: Vec<(u64, u64)>,
    pub(crate) cpu: Account,
}

impl Run {
    pub(crate) fn new(latencies: &Histogram<u64>, errors: u64, measured: Measured) -> Self {
        let at = |quantile| micros(latencies.value_at_quantile(quantile));
        let counted = latencies.iter_recorded();
        Self {
            replies: latencies.len(),
            errors,
            seconds: measured.took.as_secs_f64(),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: micros(latencies.max()),
            latencies: counted
                .map(|step| (step.value_iterated_to(), step.count_since_last_iteration()))
                .collect(),
            cpu: measured.cpu,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of one run")]
    pub(crate) fn rate(&self) -> f64 {
        self.replies as f64 / self.seconds
    }

    /// Several requesters at the same time, as one.
    pub(crate) fn together(runs: &[Self]) -> Self {
        let mut latencies = histogram();
        let mut cpu = Account::default();
        for run in runs {
            for (value, count) in &run.latencies {
                latencies.saturating_record_n(*value, *count);
            }
            cpu.add(&run.cpu);
        }
        let longest = runs.iter().map(|run| run.seconds).fold(0.0, f64::max);
        let took = Duration::try_from_secs_f64(longest).unwrap_or_default();
        let errors = runs.iter().map(|run| run.errors).sum();
        Self::new(&latencies, errors, Measured { took, cpu })
    }
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of one call")]
fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1_000.0
}

/// The time in which is measured: the parent is told when it begins and when it ends.
pub(crate) struct Window {
    began: Instant,
    before: Account,
}

/// How long it was, and what this process has used in it.
pub(crate) struct Measured {
    pub(crate) took: Duration,
    pub(crate) cpu: Account,
}

impl Window {
    pub(crate) fn open() -> Result<Self, String> {
        say(BEGIN)?;
        Ok(Self {
            before: Account::now(),
            began: Instant::now(),
        })
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn close(self) -> Result<Measured, String> {
        let took = self.began.elapsed();
        let cpu = Account::now().since(&self.before);
        say(END)?;
        Ok(Measured { took, cpu })
    }
}

/// Nanoseconds, three digits, up to a minute.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1_000, 60_000_000_000, 3)
        .unwrap_or_else(|_| unreachable!("constant bounds"))
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(values: &[u64], seconds: f64) -> Run {
        let mut latencies = histogram();
        for value in values {
            latencies.saturating_record(*value);
        }
        let took = Duration::from_secs_f64(seconds);
        let cpu = Account::default();
        Run::new(&latencies, 1, Measured { took, cpu })
    }

    #[test]
    fn runs_add_up_to_one_with_all_their_latencies() {
        let together = Run::together(&[run(&[10_000, 20_000], 2.0), run(&[30_000], 1.0)]);
        assert_eq!((together.replies, together.errors), (3, 2));
        assert!((together.rate() - 1.5).abs() < 1e-9);
        assert!(
            (together.p50_us - 20.0).abs() < 1.0,
            "{} us",
            together.p50_us
        );
        assert!(
            (together.max_us - 30.0).abs() < 1.0,
            "{} us",
            together.max_us
        );
    }
}
