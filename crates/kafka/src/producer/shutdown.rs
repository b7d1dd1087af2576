//! What the closing thread of a producer does.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rdkafka_sys::{
    RD_KAFKA_PURGE_F_INFLIGHT, RD_KAFKA_PURGE_F_NON_BLOCKING, RD_KAFKA_PURGE_F_QUEUE,
    rd_kafka_outq_len, rd_kafka_purge,
};

use crate::client::{InUse, STEP};
use crate::ffi::deadline::{end_of, millis};
use crate::ffi::sys;
use crate::producer::core::ProducerCore;

/// How long the application may leave reports unpolled before the close discards them.
const REPORT_GRACE: Duration = Duration::from_millis(200);

/// How long given-up messages may take to be reported.
const PURGE_LIMIT: Duration = Duration::from_secs(2);

/// Flushes up to `deadline`, gives up the rest, destroys the producer.
pub(super) fn run(core: &ProducerCore, deadline: Duration) {
    // Sends do not block, so this ends.
    while !core.sends.wait_idle(STEP) {}
    if let Ok(inside) = core.client.enter("closing") {
        let mut watcher = Watcher::new(core);
        drain(core, &inside, deadline, &mut watcher);
        if in_queue(&inside) > 0 {
            purge(&inside);
            drain(core, &inside, PURGE_LIMIT, &mut watcher);
        }
    }
    core.client
        .shut(|| core.client.with(|inside| core.events.wake(inside)));
    // SAFETY: both counts are closed and idle, so no send, poll or event is left and none can
    // start; this runs once. Topics and queues go before the client, and what its
    // threads call after it: they have ended then.
    unsafe {
        core.topics.destroy_all();
        core.events.destroy();
        core.client.destroy();
        if let Some(interceptor) = core.interceptor {
            interceptor.destroy();
        }
    }
}

/// Waits until nothing is queued, and discards reports that the application does not fetch.
fn drain(core: &ProducerCore, inside: &InUse<'_>, limit: Duration, watcher: &mut Watcher<'_>) {
    let end = end_of(limit);
    while in_queue(inside) > 0 && Instant::now() < end {
        let step = STEP.min(end.saturating_duration_since(Instant::now()));
        // SAFETY: the client is alive while `inside` is. With delivery reports as events, flush
        // only waits, and makes the broker threads send without lingering.
        unsafe { sys::rd_kafka_flush(inside.rk(), millis(step)) };
        if watcher.is_alone() {
            while core.events.poll(inside, Duration::ZERO).is_some() {}
        }
    }
}

fn in_queue(inside: &InUse<'_>) -> i32 {
    // SAFETY: the client is alive while `inside` is.
    unsafe { rd_kafka_outq_len(inside.rk()) }
}

fn purge(inside: &InUse<'_>) {
    let flags = RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING;
    // SAFETY: the client is alive while `inside` is.
    unsafe { rd_kafka_purge(inside.rk(), flags) };
}

/// Watches whether the application still polls.
struct Watcher<'a> {
    core: &'a ProducerCore,
    polls: usize,
    since: Instant,
}

impl<'a> Watcher<'a> {
    fn new(core: &'a ProducerCore) -> Self {
        Self {
            core,
            polls: core.polls.load(Ordering::Relaxed),
            since: Instant::now(),
        }
    }

    fn is_alone(&mut self) -> bool {
        let polls = self.core.polls.load(Ordering::Relaxed);
        if polls != self.polls {
            self.polls = polls;
            self.since = Instant::now();
        }
        self.since.elapsed() >= REPORT_GRACE
    }
}
