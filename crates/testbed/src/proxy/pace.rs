//! A bandwidth that several connections share.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// When the line is free again.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Option<Instant>>);

impl Pace {
    /// Takes a place for so many bytes; returns when they have passed.
    pub(super) fn book(&self, bytes: usize, per_second: u64, now: Instant) -> Instant {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let takes = Duration::from_micros(bytes.saturating_mul(1_000_000) / per_second.max(1));
        let begins = free.filter(|free| *free > now).unwrap_or(now);
        let ends = begins + takes;
        *free = Some(ends);
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_shares_one_line() {
        let (pace, now) = (Pace::default(), Instant::now());
        let second = Duration::from_secs(1);
        assert_eq!(pace.book(64_000, 64_000, now), now + second);
        assert_eq!(pace.book(32_000, 64_000, now), now + second * 3 / 2);
        let later = now + second * 10;
        assert_eq!(pace.book(0, 64_000, later), later);
    }
}
