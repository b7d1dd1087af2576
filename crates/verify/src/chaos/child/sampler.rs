//! What a process holds, once a second.

use std::{
    fs,
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use antiphon_testbed::worker::say;

use super::{STATUS, tally::Tally};
use crate::history::{Event, Recorder as _};

const PERIOD: Duration = Duration::from_secs(1);

/// Writes samples down on a thread of its own, so that no runtime can keep it from that.
#[derive(Debug)]
pub(super) struct Sampler {
    tally: Arc<Tally>,
    stop: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Sampler {
    /// `held` says what is in flight, and what is unacknowledged.
    pub(super) fn start(
        tally: &Arc<Tally>,
        held: impl Fn() -> (u64, u64) + Send + 'static,
    ) -> Self {
        let (stop, stopped) = sync_channel(1);
        let of_thread = Arc::clone(tally);
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                sample(&of_thread, held());
            }
        });
        Self {
            tally: Arc::clone(tally),
            stop,
            thread,
        }
    }

    /// The last sample: what is left when all is done.
    pub(super) fn end(self, left: (u64, u64)) {
        drop(self.stop);
        // It only ends by itself.
        let _ = self.thread.join();
        sample(&self.tally, left);
    }
}

fn sample(tally: &Tally, (in_flight, unacknowledged): (u64, u64)) {
    tally.record(Event::Sample {
        memory: memory(),
        files: files(),
        in_flight,
        unacknowledged,
    });
    let status = tally.status(in_flight, unacknowledged);
    if let Ok(status) = serde_json::to_string(&status) {
        // If nobody listens, this process ends soon.
        let _ = say(&format!("{STATUS}{status}"));
    }
}

/// Resident bytes; none on systems without `/proc`.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024)
}

fn files() -> Option<u64> {
    u64::try_from(fs::read_dir("/proc/self/fd").ok()?.count()).ok()
}
