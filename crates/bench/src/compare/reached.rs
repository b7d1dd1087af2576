//! What one contender reached in one run.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{account::Account, result::Run};

/// Figures of one run.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Reached {
    pub(crate) rate: f64,
    pub(crate) p50_us: f64,
    pub(crate) p90_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) p999_us: f64,
    pub(crate) max_us: f64,
    /// CPU per request, in microseconds.
    pub(crate) requester_us: f64,
    pub(crate) responder_us: f64,
    /// The same by what the threads are for.
    pub(crate) requester_threads: BTreeMap<&'static str, f64>,
    pub(crate) responder_threads: BTreeMap<&'static str, f64>,
}

impl Reached {
    #[expect(clippy::cast_precision_loss, reason = "counts of one run")]
    pub(super) fn new(run: &Run, responder: &Account) -> Self {
        let each = |ns: u64| ns as f64 / 1_000.0 / run.replies as f64;
        let threads = |account: &Account| {
            let groups = account.groups().into_iter();
            groups.map(|(name, ns)| (name, each(ns))).collect()
        };
        Self {
            rate: run.rate(),
            p50_us: run.p50_us,
            p90_us: run.p90_us,
            p99_us: run.p99_us,
            p999_us: run.p999_us,
            max_us: run.max_us,
            requester_us: each(run.cpu.total()),
            responder_us: each(responder.total()),
            requester_threads: threads(&run.cpu),
            responder_threads: threads(responder),
        }
    }
}

/// One figure of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metric {
    pub(crate) key: &'static str,
    /// With its unit.
    pub(crate) title: &'static str,
    pub(crate) of: fn(&Reached) -> f64,
    /// From what is measured to the unit of the title.
    pub(crate) scale: f64,
    pub(crate) digits: usize,
    pub(crate) more_is_better: bool,
}

/// All that is shown.
pub(crate) const METRICS: &[Metric] = &[
    Metric {
        key: "rate",
        title: "rate/s",
        of: |r| r.rate,
        scale: 1.0,
        digits: 0,
        more_is_better: true,
    },
    metric("p50", "p50 ms", |r| r.p50_us, 1e-3),
    metric("p99", "p99 ms", |r| r.p99_us, 1e-3),
    metric("requester_cpu", "requester CPU us", |r| r.requester_us, 1.0),
    metric("responder_cpu", "responder CPU us", |r| r.responder_us, 1.0),
];

const fn metric(
    key: &'static str,
    title: &'static str,
    of: fn(&Reached) -> f64,
    scale: f64,
) -> Metric {
    Metric {
        key,
        title,
        of,
        scale,
        digits: 2,
        more_is_better: false,
    }
}

impl Metric {
    /// In its unit, to be read.
    pub(crate) fn text(&self, value: f64) -> String {
        let scaled = value * self.scale;
        if self.digits == 0 {
            thousands(scaled)
        } else {
            format!("{scaled:.*}", self.digits)
        }
    }
}

/// `12345.6` as `12,346`.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_in_their_units() {
        assert_eq!(METRICS[0].text(1_234_567.8), "1,234,568");
        assert_eq!(METRICS[0].text(999.0), "999");
        assert_eq!(METRICS[1].text(2_050.0), "2.05");
    }
}
