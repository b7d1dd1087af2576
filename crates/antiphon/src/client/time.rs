//! What the matcher of replies knows of the time, so that a call looks at one clock only once.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::transport::Clock;

/// Written by the matcher with each batch and each tick.
#[derive(Debug, Default)]
pub(crate) struct Time {
    /// When it last looked, in nanoseconds of the client's clock.
    heard: AtomicU64,
    /// The wall clock less the client's clock, in milliseconds. Wrapping.
    wall: AtomicU64,
}

impl Time {
    /// Takes the wall clock in, which may be set at any time.
    pub(crate) fn look(&self, now: Duration, clock: &dyn Clock) {
        let wall = clock.unix_ms().wrapping_sub(millis(now));
        self.wall.store(wall, Ordering::Relaxed);
        self.hear(now);
    }

    /// Replies came in now.
    pub(crate) fn hear(&self, now: Duration) {
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.heard.store(nanos, Ordering::Relaxed);
    }

    /// When the last replies came in: for a call that has its reply, about when it came.
    pub(crate) fn heard(&self) -> Duration {
        Duration::from_nanos(self.heard.load(Ordering::Relaxed))
    }

    /// Milliseconds since the Unix epoch at a moment of the client's clock.
    pub(crate) fn unix_ms(&self, at: Duration) -> u64 {
        millis(at).wrapping_add(self.wall.load(Ordering::Relaxed))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
