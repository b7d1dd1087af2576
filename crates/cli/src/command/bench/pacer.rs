//! The clock of an open loop.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::{schedule::Schedule, window::Window};
use crate::failure::Failure;

/// The shortest sleep: at high rates several requests start together rather than that the clock
/// takes a processor for itself.
const SHORTEST: Duration = Duration::from_micros(100);

/// How long an early end may go unnoticed.
const LONGEST: Duration = Duration::from_millis(20);

/// Wakes each lane whenever a request of it is due. On a thread of its own, since the runtime's
/// timers are exact to a millisecond only, which would show in every latency.
pub(super) fn start(
    schedule: Schedule,
    lanes: Vec<Arc<Notify>>,
    window: Arc<Window>,
) -> Result<(), Failure> {
    let run = move || pace(schedule, &lanes, &window);
    let started = thread::Builder::new().name("pacer".to_owned()).spawn(run);
    started.map(drop).map_err(|source| Failure::System {
        what: "can not start a thread",
        source,
    })
}

fn pace(schedule: Schedule, lanes: &[Arc<Notify>], window: &Window) {
    let mut next = 0;
    loop {
        let now = Instant::now();
        if window.is_over(now) {
            lanes.iter().for_each(|lane| lane.notify_one());
            return;
        }
        let due = schedule.before(now);
        // Of those that are due together, one wakes its lane for all.
        for number in next.max(due.saturating_sub(lanes.len() as u64))..due {
            if let Some(lane) = lanes.get(lane_of(number, lanes.len())) {
                lane.notify_one();
            }
        }
        next = due;
        let until = schedule.at(next).unwrap_or(window.until());
        let rest = until.min(window.until()).saturating_duration_since(now);
        thread::sleep(rest.clamp(SHORTEST, LONGEST));
    }
}

/// Requests go to the lanes in turn.
fn lane_of(number: u64, lanes: usize) -> usize {
    let turn = number % u64::try_from(lanes.max(1)).unwrap_or(u64::MAX);
    usize::try_from(turn).unwrap_or(0)
}
