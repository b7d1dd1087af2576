//! Queues of librdkafka.

use std::ptr::NonNull;

use rdkafka_sys::{
    rd_kafka_queue_destroy, rd_kafka_queue_new, rd_kafka_queue_poll, rd_kafka_queue_t,
    rd_kafka_queue_yield,
};

use crate::Error;
use crate::client::InUse;
use crate::event::Event;
use crate::ffi::deadline::millis;
use std::time::Duration;

/// A queue that lives as long as its client. The thread that destroys the client destroys the queue
/// first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queue(NonNull<rd_kafka_queue_t>);

// SAFETY: a queue has a lock of its own; librdkafka lets any thread use it.
unsafe impl Send for Queue {}
// SAFETY: as above, and by several at once.
unsafe impl Sync for Queue {}

impl Queue {
    /// Takes over a pointer that librdkafka returned.
    ///
    /// # Safety
    ///
    /// `queue` is null or a reference of its own that the caller gives away.
    pub(crate) unsafe fn from_ptr(queue: *mut rd_kafka_queue_t) -> Result<Self, Error> {
        let missing = || Error::invalid("creating the client", "librdkafka has no such queue");
        NonNull::new(queue).map(Self).ok_or_else(missing)
    }

    pub(crate) fn as_ptr(&self) -> *mut rd_kafka_queue_t {
        self.0.as_ptr()
    }

    /// Takes the next event, waiting for one up to `timeout`.
    pub(crate) fn poll<'a>(&self, _inside: &'a InUse<'_>, timeout: Duration) -> Option<Event<'a>> {
        // SAFETY: the queue is alive while its client is, which `inside` keeps so; the event that
        // is returned is ours and destroyed by `Event`, which does not outlive `inside`.
        unsafe { Event::from_ptr(rd_kafka_queue_poll(self.as_ptr(), millis(timeout))) }
    }

    /// Makes one blocked poll of this queue return, or the next one if none is blocked.
    pub(crate) fn wake(&self, _inside: &InUse<'_>) {
        // SAFETY: the queue is alive while its client is, which `_inside` keeps so.
        unsafe { rd_kafka_queue_yield(self.as_ptr()) }
    }

    /// Gives the reference back.
    ///
    /// # Safety
    ///
    /// Once only, before the client is destroyed, and when nothing uses the queue.
    pub(crate) unsafe fn destroy(self) {
        // SAFETY: the caller has the last use of this reference.
        unsafe { rd_kafka_queue_destroy(self.as_ptr()) }
    }
}

/// A queue for the answer to one request. What arrives after it is dropped is discarded.
pub(crate) struct PrivateQueue<'a> {
    queue: Queue,
    inside: &'a InUse<'a>,
}

impl<'a> PrivateQueue<'a> {
    pub(crate) fn new(inside: &'a InUse<'a>) -> Result<Self, Error> {
        // SAFETY: the client is alive while `inside` is, and so longer than the queue.
        let queue = unsafe { Queue::from_ptr(rd_kafka_queue_new(inside.rk()))? };
        Ok(Self { queue, inside })
    }

    pub(crate) fn as_ptr(&self) -> *mut rd_kafka_queue_t {
        self.queue.as_ptr()
    }

    pub(crate) fn poll(&self, timeout: Duration) -> Option<Event<'_>> {
        self.queue.poll(self.inside, timeout)
    }
}

impl Drop for PrivateQueue<'_> {
    fn drop(&mut self) {
        // SAFETY: the queue is ours, events borrow it, and the client is alive. librdkafka keeps
        // what is in flight from it: an answer to a destroyed queue is thrown away.
        unsafe { self.queue.destroy() }
    }
}
