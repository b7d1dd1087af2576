//! Whom to tell that records have come in.

use std::ffi::c_void;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka_sys::{rd_kafka_queue_cb_event_enable, rd_kafka_t};

use crate::client::InUse;
use crate::queue::Queue;

/// A pointer to it has to be thin to travel through C.
type Ring = Box<dyn Fn() + Send + Sync>;

/// What librdkafka calls when a queue that was empty gets something.
///
/// While librdkafka may call, it owns a reference. So a client that is left open because there is
/// no thread to close it on leaks its bell too, and never calls what has been freed.
#[derive(Default)]
pub(crate) struct Bell(Mutex<Option<Arc<Ring>>>);

impl Bell {
    /// Puts a bell on the queue, in place of an earlier one.
    pub(crate) fn hang(&self, queue: &Queue, _inside: &InUse<'_>, ring: Ring) {
        let ring = Arc::new(ring);
        let opaque = Arc::into_raw(Arc::clone(&ring)).cast_mut().cast();
        // Held over both steps: of two who hang one, the later is the one that stays.
        let mut hung = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the queue is alive while its client is, which `_inside` keeps so; `opaque` is a
        // reference of its own, given back only when librdkafka has let go of it.
        unsafe { rd_kafka_queue_cb_event_enable(queue.as_ptr(), Some(callback), opaque) };
        let before = hung.replace(ring);
        drop(hung);
        // SAFETY: librdkafka has just replaced it.
        before
            .into_iter()
            .for_each(|ring| unsafe { release(&ring) });
    }

    /// Takes the bell off; it is not rung any more when this returns.
    ///
    /// # Safety
    ///
    /// The queue is alive.
    pub(crate) unsafe fn take_down(&self, queue: &Queue) {
        let mut hung = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the caller keeps the queue alive; no callback needs no opaque.
        unsafe { rd_kafka_queue_cb_event_enable(queue.as_ptr(), None, std::ptr::null_mut()) };
        let before = hung.take();
        drop(hung);
        // SAFETY: librdkafka has just forgotten it.
        before
            .into_iter()
            .for_each(|ring| unsafe { release(&ring) });
    }
}

/// Frees a ring, with the reference that was librdkafka's.
///
/// # Safety
///
/// Once for each that was hung, after librdkafka was given another or none. It changes that, and
/// calls, under the queue's lock: so no call is running or to come.
unsafe fn release(ring: &Arc<Ring>) {
    // SAFETY: the pointer is that of `hang`, where a reference was given away.
    unsafe { Arc::decrement_strong_count(Arc::as_ptr(ring)) }
}

/// Called on one of librdkafka's threads, or by who wakes the queue, under the queue's lock.
unsafe extern "C" fn callback(_: *mut rd_kafka_t, opaque: *mut c_void) {
    // SAFETY: the opaque is that of `hang`; see `release`.
    let ring = unsafe { &*opaque.cast::<Ring>() };
    // A panic must not unwind into C, and there is nobody to tell.
    let _ = catch_unwind(AssertUnwindSafe(ring));
}

impl fmt::Debug for Bell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Bell")
    }
}
