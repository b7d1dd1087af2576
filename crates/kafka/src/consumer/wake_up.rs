//! The callback for records that have come in.

use std::ffi::c_void;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka_sys::{rd_kafka_queue_cb_event_enable, rd_kafka_t};

use crate::client::InUse;
use crate::event::queue::Queue;

/// A pointer to it has to be thin to travel through C.
type Callback = Box<dyn Fn() + Send + Sync>;

/// What librdkafka calls when a queue that was empty gets something.
///
/// While librdkafka may call, it owns a reference. So a client that is left open because no thread
/// could be started to close it leaks the callback too, and never calls what has been freed.
#[derive(Default)]
pub(crate) struct WakeUp(Mutex<Option<Arc<Callback>>>);

impl WakeUp {
    /// Sets the callback of the queue, in place of an earlier one.
    pub(crate) fn set(&self, queue: &Queue, _inside: &InUse<'_>, callback: Callback) {
        let callback = Arc::new(callback);
        let opaque = Arc::into_raw(Arc::clone(&callback)).cast_mut().cast();
        // Held over both steps: of two concurrent calls, the later one's callback stays.
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the queue is alive while its client is, which `_inside` keeps so; `opaque` is a
        // reference of its own, given back only when librdkafka has let go of it.
        unsafe { rd_kafka_queue_cb_event_enable(queue.as_ptr(), Some(on_event), opaque) };
        let before = current.replace(callback);
        drop(current);
        // SAFETY: librdkafka has just replaced it.
        before
            .into_iter()
            .for_each(|callback| unsafe { release(&callback) });
    }

    /// Removes the callback; it is not called any more when this returns.
    ///
    /// # Safety
    ///
    /// The queue is alive.
    pub(crate) unsafe fn clear(&self, queue: &Queue) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the caller keeps the queue alive; no callback needs no opaque.
        unsafe { rd_kafka_queue_cb_event_enable(queue.as_ptr(), None, std::ptr::null_mut()) };
        let before = current.take();
        drop(current);
        // SAFETY: librdkafka has just forgotten it.
        before
            .into_iter()
            .for_each(|callback| unsafe { release(&callback) });
    }
}

/// Frees a callback, with librdkafka's reference to it.
///
/// # Safety
///
/// Once for each callback that was set, after librdkafka was given another or none. librdkafka
/// changes the callback, and calls it, under the queue's lock: so no call is running or to come.
unsafe fn release(callback: &Arc<Callback>) {
    // SAFETY: the pointer is that of `set`, where a reference was given away.
    unsafe { Arc::decrement_strong_count(Arc::as_ptr(callback)) }
}

/// Called on one of librdkafka's threads, or by a call that wakes the queue, under the queue's lock.
unsafe extern "C" fn on_event(_: *mut rd_kafka_t, opaque: *mut c_void) {
    // SAFETY: the opaque is that of `set`; see `release`.
    let callback = unsafe { &*opaque.cast::<Callback>() };
    // A panic must not unwind into C, and there is no caller to report it to.
    let _ = catch_unwind(AssertUnwindSafe(callback));
}

impl fmt::Debug for WakeUp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("WakeUp")
    }
}
