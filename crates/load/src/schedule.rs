//! When the calls of an open loop are due.

const SECOND: f64 = 1e9;

/// Due times at equal distances, in nanoseconds from the begin of the load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    rate: f64,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "casts from floats saturate, times are not negative, and a run is shorter than 104 days"
)]
impl Schedule {
    /// `rate` is per second and above zero.
    pub(crate) fn new(rate: f64) -> Self {
        Self { rate }
    }

    /// When a call is due. A number beyond all times is due at the end of time.
    pub(crate) fn at(&self, number: u64) -> u64 {
        (number as f64 / self.rate * SECOND).round() as u64
    }

    /// How many calls are due before an instant.
    pub(crate) fn before(&self, end: u64) -> u64 {
        let near = (end as f64 / SECOND * self.rate) as u64;
        // The product is off by one where it is rounded to the other side of a due time.
        let first = near.saturating_sub(1)..=near.saturating_add(1);
        first
            .rev()
            .find(|number| self.at(*number) < end)
            .map_or(near.saturating_sub(1), |last| last + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: u64 = 1_000_000;

    #[test]
    fn calls_have_equal_distances() {
        let schedule = Schedule::new(4.0);
        assert_eq!(schedule.at(0), 0);
        assert_eq!(schedule.at(6), 1_500 * MILLISECOND);
        assert_eq!(schedule.before(0), 0);
        assert_eq!(schedule.before(MILLISECOND), 1);
        assert_eq!(schedule.before(1_000 * MILLISECOND), 4);
        assert_eq!(Schedule::new(1e-300).at(1), u64::MAX);
    }

    #[test]
    fn the_first_call_from_an_instant_on_is_not_due_before_it() {
        for rate in [0.3, 3.0, 7.0, 999.0, 12_345.6, 1e6] {
            let schedule = Schedule::new(rate);
            for at in [1, 999_999, 1_000_000_000, 1_234_567_891, 60_000_000_000] {
                let first = schedule.before(at);
                assert!(schedule.at(first) >= at, "{rate}: {first} at {at}");
                assert!(first == 0 || schedule.at(first - 1) < at, "{rate}: {first}");
            }
            for number in [0, 1, 2, 333, 100_000] {
                assert_eq!(schedule.before(schedule.at(number)), number, "{rate}");
            }
        }
    }
}
