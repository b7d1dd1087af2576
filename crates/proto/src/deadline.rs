use std::time::Duration;

/// When a requester stops waiting: an instant of its wall clock, and the budget that was left when it sent the request.
///
/// Requester and reader have different clocks. The reader has two estimates of the time left, both measured with its
/// own clock:
///
/// * `at - now` trusts the requester's wall clock;
/// * `timestamp + budget - now` trusts the clock that stamped the record: the requester's again (`CreateTime`), or the
///   broker's (`LogAppendTime`).
///
/// The **longer** estimate counts, so a request is expired only when both say so: to refuse a live request is an error
/// that a caller sees, to work on an expired one only wastes effort. If the reader's own clock is ahead, both estimates
/// are too short; a `skew_allowance` is added for that, as large as the operator expects a clock of the fleet to be off.
/// The time left never exceeds the budget, whatever the clocks say.
///
/// ```
/// # use std::time::Duration;
/// use antiphon_proto::Deadline;
///
/// let sent = 1_763_781_200_000;
/// let deadline = Deadline::new(sent + 30_000, 30_000);
/// let left = deadline.remaining(sent + 10_000, None, Duration::ZERO);
/// assert_eq!(left, Duration::from_secs(20));
/// assert!(deadline.is_expired(sent + 30_000, None, Duration::ZERO));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deadline {
    at: u64,
    budget: u32,
}

impl Deadline {
    /// `at` is in milliseconds since the Unix epoch; `budget` is in milliseconds, left when the requester sent the record.
    pub const fn new(at: u64, budget: u32) -> Self {
        Self { at, budget }
    }

    /// The instant in milliseconds since the Unix epoch, by the requester's clock.
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// The milliseconds that were left when the requester sent the record.
    pub const fn budget(&self) -> u32 {
        self.budget
    }

    /// Time left for a reader whose wall clock shows `now_unix_ms`: zero when expired, never more than the budget.
    ///
    /// `record_timestamp_ms` is the record's timestamp, if it has one. A `skew_allowance` of zero trusts all clocks.
    pub fn remaining(
        &self,
        now_unix_ms: u64,
        record_timestamp_ms: Option<i64>,
        skew_allowance: Duration,
    ) -> Duration {
        let budget = u64::from(self.budget);
        let stamped = record_timestamp_ms.and_then(|at| u64::try_from(at).ok());
        let ends = stamped.map_or(self.at, |at| self.at.max(at.saturating_add(budget)));
        let allowance = u64::try_from(skew_allowance.as_millis()).unwrap_or(u64::MAX);
        let left = ends.saturating_add(allowance).saturating_sub(now_unix_ms);
        Duration::from_millis(left.min(budget))
    }

    /// Whether no time is left; the arguments are those of [`remaining`](Self::remaining).
    pub fn is_expired(
        &self,
        now_unix_ms: u64,
        record_timestamp_ms: Option<i64>,
        skew_allowance: Duration,
    ) -> bool {
        self.remaining(now_unix_ms, record_timestamp_ms, skew_allowance)
            .is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCED: u64 = 1_763_781_200_000;
    const BUDGET: u32 = 30_000;
    const NONE: Duration = Duration::ZERO;

    fn deadline() -> Deadline {
        Deadline::new(PRODUCED + u64::from(BUDGET), BUDGET)
    }

    fn stamp(offset: i64) -> Option<i64> {
        Some(i64::try_from(PRODUCED).unwrap() + offset)
    }

    #[test]
    fn time_left_shrinks_with_the_record_age() {
        assert_eq!(
            deadline().remaining(PRODUCED + 10_000, stamp(0), NONE),
            Duration::from_secs(20)
        );
        assert!(deadline().is_expired(PRODUCED + 30_000, stamp(0), NONE));
    }

    #[test]
    fn a_reader_whose_clock_is_behind_grants_no_more_than_the_budget() {
        assert_eq!(
            deadline().remaining(PRODUCED - 300_000, stamp(0), NONE),
            Duration::from_secs(30)
        );
    }

    #[test]
    fn a_slow_requester_clock_is_corrected_by_the_broker_timestamp() {
        let slow = Deadline::new(PRODUCED + u64::from(BUDGET) - 300_000, BUDGET);
        assert!(slow.is_expired(PRODUCED, None, NONE));
        assert_eq!(
            slow.remaining(PRODUCED + 1_000, stamp(0), NONE),
            Duration::from_secs(29)
        );
    }

    #[test]
    fn a_reader_whose_clock_is_ahead_keeps_fresh_requests_within_the_allowance() {
        let ahead = PRODUCED + 120_000;
        assert!(deadline().is_expired(ahead, stamp(0), NONE));
        assert!(!deadline().is_expired(ahead, stamp(0), Duration::from_secs(120)));
    }

    #[test]
    fn a_record_without_timestamp_is_judged_by_the_deadline_alone() {
        let no_timestamp = Some(-1);
        assert_eq!(
            deadline().remaining(PRODUCED, no_timestamp, NONE),
            deadline().remaining(PRODUCED, None, NONE)
        );
    }

    #[test]
    fn extreme_values_saturate() {
        let extreme = Deadline::new(u64::MAX, u32::MAX);
        assert_eq!(
            extreme.remaining(0, Some(i64::MAX), Duration::MAX),
            Duration::from_millis(u64::from(u32::MAX))
        );
        assert!(Deadline::new(0, 0).is_expired(u64::MAX, Some(i64::MIN), NONE));
    }
}
