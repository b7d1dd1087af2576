//! When the requests of an open loop are to start.

use std::time::{Duration, Instant};

/// Equal distances from a begin on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    begin: Instant,
    rate: f64,
}

impl Schedule {
    /// `rate` is per second and above zero.
    pub(super) fn new(begin: Instant, rate: f64) -> Self {
        Self { begin, rate }
    }

    /// When a request is to start. A number beyond all times is never due.
    #[expect(clippy::cast_precision_loss, reason = "numbers of one run")]
    pub(super) fn at(&self, number: u64) -> Option<Instant> {
        let after = Duration::try_from_secs_f64(number as f64 / self.rate).ok()?;
        self.begin.checked_add(after)
    }

    /// How many requests are to start before an instant.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from a float saturates, and the time is not negative"
    )]
    pub(super) fn before(&self, end: Instant) -> u64 {
        let time = end.saturating_duration_since(self.begin);
        (time.as_secs_f64() * self.rate).ceil() as u64
    }

    /// How many of every `step`th request from `number` on are to start before `end`.
    pub(super) fn left(&self, number: u64, step: usize, end: Instant) -> u64 {
        let step = u64::try_from(step).unwrap_or(u64::MAX).max(1);
        self.before(end).saturating_sub(number).div_ceil(step)
    }

    /// The first of every `step`th request from `number` on that is to start at `from` or later.
    pub(super) fn next_from(&self, number: u64, step: usize, from: Instant) -> u64 {
        number + self.left(number, step, from) * u64::try_from(step).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_equal_distances() {
        let begin = Instant::now();
        let schedule = Schedule::new(begin, 4.0);
        assert_eq!(schedule.at(0), Some(begin));
        assert_eq!(schedule.at(6), Some(begin + Duration::from_millis(1_500)));
        assert_eq!(schedule.before(begin), 0);
        assert_eq!(schedule.before(begin + Duration::from_millis(1)), 1);
        assert_eq!(schedule.before(begin + Duration::from_secs(1)), 4);
        assert!(Schedule::new(begin, 1e-300).at(1).is_none());
    }

    #[test]
    fn what_is_left_is_shared_by_the_lanes() {
        let begin = Instant::now();
        let schedule = Schedule::new(begin, 10.0);
        let end = begin + Duration::from_secs(1);
        assert_eq!(schedule.left(0, 3, end), 4);
        assert_eq!(schedule.left(1, 3, end), 3);
        assert_eq!(schedule.left(2, 3, end), 3);
        assert_eq!(schedule.left(11, 3, end), 0);
        assert_eq!(schedule.next_from(1, 3, end), 10);
        assert_eq!(schedule.next_from(11, 3, end), 11);
    }
}
