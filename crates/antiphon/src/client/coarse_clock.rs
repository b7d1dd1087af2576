//! The time as the reader of replies last saw it, so that a call reads the real clock only once.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::transport::Clock;

/// Written by the matcher with each batch and each tick.
#[derive(Debug, Default)]
pub(crate) struct CoarseClock {
    /// When the matcher last ran, in nanoseconds of the client's clock.
    last_activity: AtomicU64,
    /// The wall clock less the client's clock, in milliseconds. Wrapping.
    wall: AtomicU64,
}

impl CoarseClock {
    /// Reads the wall clock, which may be set at any time.
    pub(crate) fn refresh(&self, now: Duration, clock: &dyn Clock) {
        let wall = clock.unix_ms().wrapping_sub(millis(now));
        self.wall.store(wall, Ordering::Relaxed);
        self.touch(now);
    }

    /// Notes that replies were read at `now`.
    pub(crate) fn touch(&self, now: Duration) {
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.last_activity.store(nanos, Ordering::Relaxed);
    }

    /// When replies were last read. For a call that has its reply, about when the reply came.
    pub(crate) fn last_activity(&self) -> Duration {
        Duration::from_nanos(self.last_activity.load(Ordering::Relaxed))
    }

    /// Milliseconds since the Unix epoch at a moment of the client's clock.
    pub(crate) fn unix_ms(&self, at: Duration) -> u64 {
        millis(at).wrapping_add(self.wall.load(Ordering::Relaxed))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
