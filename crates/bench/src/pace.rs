//! The beat of an open loop: requests are due at even distances, whether replies come or not.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Due times, one after the other.
pub(crate) struct Pace {
    start: Instant,
    seconds_each: f64,
    next: u64,
}

impl Pace {
    /// So many a second, from now on.
    pub(crate) fn new(rate: f64) -> Self {
        Self {
            start: Instant::now(),
            seconds_each: 1.0 / rate.max(1e-3),
            next: 0,
        }
    }

    /// Waits until the next one is due and returns when that was: a sender that is late is not excused.
    pub(crate) fn wait(&mut self) -> Instant {
        let due = self.due(self.next);
        self.next += 1;
        let left = due.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            thread::sleep(left);
        }
        due
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    fn due(&self, number: u64) -> Instant {
        self.start + Duration::from_secs_f64(number as f64 * self.seconds_each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_does_not_move_when_the_sender_is_late() {
        let mut pace = Pace::new(1_000.0);
        let start = pace.start;
        thread::sleep(Duration::from_millis(5));
        let due: Vec<_> = (0..3).map(|_| pace.wait() - start).collect();
        assert_eq!(due, [0, 1, 2].map(Duration::from_millis));
    }
}
