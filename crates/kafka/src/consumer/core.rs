//! The parts of a consumer.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::client::{Client, InUse};
use crate::consumer::wake_up::WakeUp;
use crate::event::queue::Queue;

/// The parts of a consumer, for the handle, its batches and the closing thread.
#[derive(Debug)]
pub(crate) struct ConsumerCore {
    pub(crate) client: Client,
    pub(crate) events: Queue,
    /// Every partition's records are forwarded to this queue.
    pub(crate) work: Queue,
    /// Set when the next blocking take from the work queue must not block. librdkafka's own mark
    /// for that is used up by a take that does not block.
    pub(crate) woken: AtomicBool,
    /// Called when the work queue has records again.
    pub(crate) wake_up: WakeUp,
}

impl ConsumerCore {
    /// Wakes blocked calls, for the closing thread.
    pub(crate) fn wake_all(&self) {
        self.client.with(|inside| self.wake(inside));
    }

    pub(super) fn wake(&self, inside: &InUse<'_>) {
        self.woken.store(true, Ordering::Release);
        self.work.wake(inside);
        self.events.wake(inside);
    }
}
