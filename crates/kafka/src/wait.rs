//! Durations as librdkafka wants them.

use std::ffi::c_int;
use std::time::Duration;

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
    }
}
