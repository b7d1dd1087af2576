//! Durations as librdkafka wants them.

use std::ffi::c_int;
use std::time::{Duration, Instant};

/// No wait is longer: the end of one for ever is no `Instant`.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// When a wait that begins now is over.
pub(crate) fn end_of(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(LONGEST)
}

/// Whole milliseconds, rounded up so that a short wait does not become a busy loop.
pub(crate) fn millis(timeout: Duration) -> c_int {
    let rounded = timeout.as_nanos().div_ceil(1_000_000);
    c_int::try_from(rounded).unwrap_or(c_int::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_wait_is_rounded_up_and_a_long_one_never_means_for_ever() {
        assert_eq!(millis(Duration::ZERO), 0);
        assert_eq!(millis(Duration::from_micros(1)), 1);
        assert_eq!(millis(Duration::from_millis(250)), 250);
        assert_eq!(millis(Duration::MAX), c_int::MAX);
        assert!(end_of(Duration::MAX) > Instant::now());
    }
}
