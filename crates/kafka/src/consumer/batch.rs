//! Batches of records.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rdkafka_sys::{rd_kafka_consume_batch_queue, rd_kafka_message_destroy, rd_kafka_message_t};

use crate::Error;
use crate::consumer::core::ConsumerCore;
use crate::ffi::deadline::millis;
use crate::message::Message;

/// Records that a consumer has handed out, and room for more.
///
/// A batch that is not empty keeps its consumer from being destroyed; each record keeps the whole
/// answer of the broker that it came in. So take what is needed out and [`clear`](Self::clear).
pub struct Batch {
    messages: Vec<*mut rd_kafka_message_t>,
    lease: Option<Lease>,
}

// SAFETY: a message belongs to its receiver and may be used and destroyed on any thread, one
// at a time. A batch is not `Sync`: reading headers builds them inside the message.
unsafe impl Send for Batch {}

/// Keeps a consumer alive, counted at its gate.
struct Lease(Arc<ConsumerCore>);

impl Batch {
    /// An empty batch with room for `capacity` records, which it never exceeds.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            messages: Vec::with_capacity(capacity),
            lease: None,
        }
    }

    /// How many records and errors it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// How many it has room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.messages.capacity()
    }

    /// The records in order. An `Err` is a failure of a partition, with its topic and number:
    /// for example [`OffsetOutOfRange`](crate::ErrorKind::OffsetOutOfRange).
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Result<Message<'_>, Error>> {
        // SAFETY: the messages are ours and live until the batch is cleared, which needs it
        // unborrowed.
        self.messages
            .iter()
            .map(|message| unsafe { Message::read(*message) })
    }

    /// Gives the records back to librdkafka.
    pub fn clear(&mut self) {
        for message in self.messages.drain(..) {
            // SAFETY: the message was handed out to us, is destroyed once, and its client is
            // alive, as the lease is given up only after this.
            unsafe { rd_kafka_message_destroy(message) }
        }
        self.lease = None;
    }

    pub(crate) fn fill(
        &mut self,
        core: &Arc<ConsumerCore>,
        max: usize,
        timeout: Duration,
    ) -> usize {
        self.clear();
        let max = max.min(self.messages.capacity());
        if max == 0 || !core.client.in_use.enter() {
            return 0;
        }
        let lease = Lease(Arc::clone(core));
        let mut count = self.take(core, max, Duration::ZERO);
        if count == 0 && !timeout.is_zero() && !core.woken.swap(false, Ordering::AcqRel) {
            // The call returns when the array is full or the time is over: so ask for one.
            count = self.take(core, 1, timeout);
            core.woken.store(false, Ordering::Release);
        }
        self.lease = (count > 0).then_some(lease);
        count
    }

    fn take(&mut self, core: &ConsumerCore, max: usize, timeout: Duration) -> usize {
        // SAFETY: the queue is alive while the caller's lease is. The vector is empty and has
        // room for `max`; librdkafka fills in as many as it returns, and they are ours.
        unsafe {
            let (queue, room) = (core.work.as_ptr(), self.messages.as_mut_ptr());
            let count = rd_kafka_consume_batch_queue(queue, millis(timeout), room, max);
            let count = usize::try_from(count).unwrap_or(0);
            self.messages.set_len(count);
            count
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.client.in_use.leave();
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, capacity) = (self.len(), self.capacity());
        out.debug_struct("Batch")
            .field("len", &len)
            .field("capacity", &capacity)
            .finish()
    }
}
