//! An open loop for a thread that makes its calls by itself.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::schedule::Schedule;

/// Due times one after the other, for a thread that blocks until each. Exact to the sleep of the
/// system, where timers of tokio are exact to a millisecond.
#[derive(Debug)]
pub struct Pace {
    begin: Instant,
    schedule: Schedule,
    next: u64,
}

impl Pace {
    /// `rate` calls a second, above zero, from now on.
    pub fn new(rate: f64) -> Self {
        Self {
            begin: Instant::now(),
            schedule: Schedule::new(rate),
            next: 0,
        }
    }

    /// Blocks until the next call is due and returns when that was: for a caller that is late, an
    /// instant in the past. `None` beyond all times.
    pub fn wait(&mut self) -> Option<Instant> {
        let after = Duration::from_nanos(self.schedule.at(self.next));
        let due = self.begin.checked_add(after)?;
        self.next += 1;
        let left = due.saturating_duration_since(Instant::now());
        // A sleep of nothing would still give the processor away.
        if !left.is_zero() {
            thread::sleep(left);
        }
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_does_not_move_when_the_sender_is_late() {
        let mut pace = Pace::new(1_000.0);
        let start = pace.begin;
        thread::sleep(Duration::from_millis(5));
        let due: Vec<_> = (0..3).map(|_| pace.wait().unwrap() - start).collect();
        assert_eq!(due, [0, 1, 2].map(Duration::from_millis));
    }
}
