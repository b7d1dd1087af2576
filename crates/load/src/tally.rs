//! Counts of calls by outcome.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

/// Counts of the calls that are measured.
#[derive(Clone, Debug)]
pub struct Tally<Kind> {
    /// Latencies of the calls that succeeded, in the [`Unit`] of the load.
    pub latencies: Histogram<u64>,
    /// Calls that failed, by kind.
    pub failures: BTreeMap<Kind, u64>,
    /// Calls in flight that were dropped at the end of the load, or panicked.
    pub unfinished: u64,
    /// Calls that started more than a millisecond after they were due. Open loops only.
    pub late: u64,
    /// Calls that were due and found no room before the end. Open loops only.
    pub not_started: u64,
}

impl<Kind: Ord> Tally<Kind> {
    /// Nothing counted yet; latencies go into a histogram like `latencies`.
    pub fn new(latencies: &Histogram<u64>) -> Self {
        Self {
            latencies: Histogram::new_from(latencies),
            failures: BTreeMap::new(),
            unfinished: 0,
            late: 0,
            not_started: 0,
        }
    }

    /// Calls that started.
    pub fn requests(&self) -> u64 {
        self.latencies.len() + self.failed() + self.unfinished
    }

    /// Calls that failed, of all kinds.
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// Counts a call that succeeded.
    pub fn succeeded(&mut self, took: u64) {
        // A histogram that cannot grow counts it as its largest value.
        if self.latencies.record(took).is_err() {
            self.latencies.saturating_record(took);
        }
    }

    /// Counts a call that failed.
    pub fn fail(&mut self, kind: Kind) {
        *self.failures.entry(kind).or_default() += 1;
    }

    /// Adds what was counted elsewhere.
    pub(crate) fn add(&mut self, other: Self) {
        // Histograms of one load have the same bounds, or grow.
        let _ = self.latencies.add(&other.latencies);
        for (kind, count) in other.failures {
            *self.failures.entry(kind).or_default() += count;
        }
        self.unfinished += other.unfinished;
        self.late += other.late;
        self.not_started += other.not_started;
    }
}

/// Unit of recorded latencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Microseconds.
    #[default]
    Micros,
    /// Nanoseconds.
    Nanos,
}

impl Unit {
    pub(crate) fn of(self, nanos: u64) -> u64 {
        match self {
            Self::Micros => nanos / 1_000,
            Self::Nanos => nanos,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_add_up() {
        let growing = Histogram::new(3).unwrap();
        let (mut total, mut other) = (Tally::new(&growing), Tally::new(&growing));
        total.fail("timed_out");
        other.fail("timed_out");
        other.fail("status");
        other.succeeded(Unit::Micros.of(7_200_000_000_000));
        other.late = 1;
        total.succeeded(5);
        total.add(other);
        assert_eq!((total.requests(), total.failed(), total.late), (5, 3, 1));
        assert_eq!((total.latencies.len(), total.latencies.min()), (2, 5));
        assert!(
            total.latencies.max() >= 7_200_000_000,
            "{}",
            total.latencies.max()
        );
        assert_eq!(total.failures["timed_out"], 2);
        assert_eq!(total.failures["status"], 1);
    }

    #[test]
    fn what_a_histogram_cannot_hold_is_its_largest_value() {
        let bounded = Histogram::new_with_bounds(1, 1_000, 3).unwrap();
        let mut tally = Tally::<()>::new(&bounded);
        tally.succeeded(u64::MAX);
        assert_eq!((tally.latencies.len(), tally.requests()), (1, 1));
        assert!(tally.latencies.max() <= 1_023, "{}", tally.latencies.max());
    }
}
