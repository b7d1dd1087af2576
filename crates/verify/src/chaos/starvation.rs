//! Whether this process got its time: faults that nobody caused prove nothing.

use std::{
    sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

const PERIOD: Duration = Duration::from_secs(1);

/// The longest time between two looks that a run may have.
pub(super) const LONGEST: Duration = Duration::from_secs(2);

/// Looks at the clock once a second.
#[derive(Debug)]
pub(super) struct Starvation {
    stop: SyncSender<()>,
    thread: JoinHandle<Duration>,
}

impl Starvation {
    pub(super) fn watch() -> Self {
        let (stop, stopped) = sync_channel(1);
        let thread = thread::spawn(move || {
            let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
            while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
            longest
        });
        Self { stop, thread }
    }

    /// The longest time between two looks.
    pub(super) fn end(self) -> Duration {
        drop(self.stop);
        self.thread.join().unwrap_or(Duration::MAX)
    }
}
