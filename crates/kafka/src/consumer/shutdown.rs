//! What the closing thread of a consumer does.

use std::time::{Duration, Instant};

use rdkafka_sys::{
    RD_KAFKA_EVENT_REBALANCE, rd_kafka_consumer_close_queue, rd_kafka_consumer_closed,
};

use crate::Error;
use crate::client::{InUse, STEP};
use crate::consumer::core::ConsumerCore;
use crate::event::Event;
use crate::event::queue::PrivateQueue;
use crate::ffi::deadline::end_of;
use crate::ffi::sys;

/// Leaves the group up to `deadline`, destroys the consumer.
pub(super) fn run(core: &ConsumerCore, deadline: Duration) {
    let end = end_of(deadline);
    core.client.in_use.close();
    while !core.client.in_use.wait_idle(STEP) && Instant::now() < end {
        core.wake_all();
    }
    // A caller that still holds records at the deadline does not keep the partitions from others.
    let left = leave_group(core, end).unwrap_or_else(|error| {
        tracing::debug!(%error, "the group was not left");
        false
    });
    core.client.shut(|| core.wake_all());
    // SAFETY: the count is closed and idle, so no call, event or record is left, and none can
    // start; this runs once. Queues go before the client, and the wake-up before its queue.
    unsafe {
        core.wake_up.clear(&core.work);
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
    // No other call is admitted, and only this thread destroys the client.
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
