//! What the closing thread does.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rdkafka_sys::{
    RD_KAFKA_EVENT_REBALANCE, RD_KAFKA_PURGE_F_INFLIGHT, RD_KAFKA_PURGE_F_NON_BLOCKING,
    RD_KAFKA_PURGE_F_QUEUE, rd_kafka_consumer_close_queue, rd_kafka_consumer_closed,
    rd_kafka_outq_len, rd_kafka_purge,
};

use crate::client::{Client, InUse};
use crate::consumer::ConsumerCore;
use crate::event::Event;
use crate::producer::ProducerCore;
use crate::queue::PrivateQueue;
use crate::wait::{end_of, millis};
use crate::{Error, sys};

/// How long one step of a close waits before it looks around.
const STEP: Duration = Duration::from_millis(20);

/// How long the application may leave reports unpolled before the close discards them.
const REPORT_GRACE: Duration = Duration::from_millis(200);

/// How long given-up messages may take to be reported.
const PURGE_LIMIT: Duration = Duration::from_secs(2);

/// Flushes up to `deadline`, gives up the rest, destroys the producer.
pub(crate) fn producer(core: &ProducerCore, deadline: Duration) {
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
    shut(&core.client, || {
        core.client.with(|inside| core.events.wake(inside))
    });
    // SAFETY: the gates are closed and idle, so nobody sends or polls and no event is left, and
    // nobody can begin; this runs once. Topics and queues go before the client, and what its
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

/// Waits until nothing is queued, and discards reports that nobody fetches.
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

/// Sees whether the application still polls.
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

/// Leaves the group up to `deadline`, destroys the consumer.
pub(crate) fn consumer(core: &ConsumerCore, deadline: Duration) {
    let end = end_of(deadline);
    core.client.gate.close();
    while !core.client.gate.wait_idle(STEP) && Instant::now() < end {
        core.wake_all();
    }
    // Whoever still holds records at the deadline does not keep the partitions from others.
    let left = leave_group(core, end).unwrap_or_else(|error| {
        tracing::debug!(%error, "the group was not left");
        false
    });
    shut(&core.client, || core.wake_all());
    // SAFETY: the gate is closed and idle, so no call, event or record is left, and none can
    // begin; this runs once. Queues go before the client, and the bell before its queue.
    unsafe {
        core.bell.take_down(&core.work);
        core.work.destroy();
        core.events.destroy();
        if left {
            core.client.destroy()
        } else {
            core.client.destroy_without_close()
        }
    }
}

/// Leaves the group; `false` if that was not over in time.
fn leave_group(core: &ConsumerCore, end: Instant) -> Result<bool, Error> {
    // The gate is closed to everybody else; nobody but this thread destroys the client.
    core.client.with(|inside| {
        let queue = PrivateQueue::new(inside)?;
        // SAFETY: the client and the queue are alive; librdkafka sends what is left of the
        // group's events to this queue.
        unsafe {
            let failed = rd_kafka_consumer_close_queue(inside.rk(), queue.as_ptr());
            Error::check_object("leaving the group", failed)?;
        }
        while !is_left(inside) && Instant::now() < end {
            if let Some(event) = queue.poll(STEP) {
                give_up_partitions(inside, &event);
            }
        }
        Ok(is_left(inside))
    })
}

fn is_left(inside: &InUse<'_>) -> bool {
    // SAFETY: the client is alive while `inside` is.
    unsafe { rd_kafka_consumer_closed(inside.rk()) != 0 }
}

/// A rebalance has to be answered, also during a close; the answer is to hold nothing.
fn give_up_partitions(inside: &InUse<'_>, event: &Event<'_>) {
    if event.kind() == RD_KAFKA_EVENT_REBALANCE {
        // SAFETY: the client is alive while `inside` is; a null list means no partitions.
        unsafe { sys::rd_kafka_assign(inside.rk(), std::ptr::null()) };
    }
}

/// Closes the gate and waits, for ever if need be, until nobody is inside.
fn shut(client: &Client, wake: impl Fn()) {
    client.gate.close();
    while !client.gate.wait_idle(STEP) {
        wake();
    }
}
