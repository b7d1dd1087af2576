//! Acknowledgements as they are read, without an event for each batch of them.

use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

use rdkafka_sys::{
    rd_kafka_conf_interceptor_add_on_new, rd_kafka_conf_t,
    rd_kafka_interceptor_add_on_acknowledgement, rd_kafka_message_status, rd_kafka_message_t,
    rd_kafka_msg_status_t as Status, rd_kafka_resp_err_t as Code, rd_kafka_t,
};

use crate::Error;
use crate::config::Conf;
use crate::ffi::sys;

/// Takes the token of each message that was acknowledged.
///
/// Called on librdkafka's thread of the broker that answered, one message after the other, and by
/// several of those threads at once. It holds up all traffic with that broker, and librdkafka may
/// hold a lock of the partition: so it must be short, and must not send or poll.
pub type OnAcknowledged = Arc<dyn Fn(u64) + Send + Sync>;

/// The interceptor of one producer. Lives until its client has been destroyed: until then
/// librdkafka's threads may call it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interceptor(NonNull<Inner>);

struct Inner {
    tell: OnAcknowledged,
    /// `acks=0`: no broker ever says that a message is persisted, and to be sent is all there is.
    unanswered: bool,
}

// SAFETY: what it points to is never changed, and its closure may be called on any thread.
unsafe impl Send for Interceptor {}
// SAFETY: as above, and by several at once.
unsafe impl Sync for Interceptor {}

impl Interceptor {
    /// Makes one and has the configuration install it in the client that takes it.
    pub(crate) fn install(conf: &Conf, tell: OnAcknowledged) -> Result<Self, Error> {
        let unanswered = conf.get(c"acks").is_some_and(|acks| acks == "0");
        let inner = Box::new(Inner { tell, unanswered });
        let interceptor = Self(NonNull::from(Box::leak(inner)));
        // SAFETY: the configuration is alive and copies the name; the function is one of the type
        // that it asks for, and the opaque lives until `destroy`.
        let code = unsafe {
            let opaque = interceptor.0.as_ptr().cast();
            rd_kafka_conf_interceptor_add_on_new(conf.as_ptr(), NAME.as_ptr(), Some(on_new), opaque)
        };
        Error::check("intercepting acknowledgements", code as i32)
            // SAFETY: the configuration has not taken it.
            .inspect_err(|_| unsafe { interceptor.destroy() })
            .map(|()| interceptor)
    }

    /// Frees it.
    ///
    /// # Safety
    ///
    /// Once only, and when the client that it was installed in has been destroyed or was never
    /// made.
    pub(crate) unsafe fn destroy(self) {
        // SAFETY: the pointer came from a box, and the caller has the last use of it.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

const NAME: &std::ffi::CStr = c"antiphon";

unsafe extern "C" fn on_new(
    rk: *mut rd_kafka_t,
    _: *const rd_kafka_conf_t,
    opaque: *mut c_void,
    _: *mut c_char,
    _: usize,
) -> Code {
    // SAFETY: librdkafka calls this with the client that it makes; the opaque is passed on.
    unsafe {
        let name = NAME.as_ptr();
        rd_kafka_interceptor_add_on_acknowledgement(rk, name, Some(on_acknowledgement), opaque)
    }
}

/// Called for every message whose delivery has ended, before its event is made if it gets one.
///
/// Each token is told once, here or by an event. With `delivery.report.only.error` an event is made
/// for a batch only as a whole, when the *batch* has an error; and in such a batch every message
/// has an error by the time of this call: the batch's, or, where the broker named the records that
/// it refused, one of its own. So what is told here is in no event, and what is in an event was not
/// told here. A send that is refused at once comes by as well, with the error that it returns.
///
/// That the status says so too is asked for on top: librdkafka's manual does not promise a status
/// here, but its code sets it before, and if that ever changes, nothing would be called
/// acknowledged that is not.
unsafe extern "C" fn on_acknowledgement(
    _: *mut rd_kafka_t,
    message: *mut rd_kafka_message_t,
    opaque: *mut c_void,
) -> Code {
    // SAFETY: the opaque is the `Inner` that was installed with this function, and its client is
    // alive. The message lives for this call; `_private` is the token it was sent with, a number
    // that is not followed.
    unsafe {
        let inner = &*opaque.cast::<Inner>();
        let delivered = sys::message_code(message) == 0;
        let stored = rd_kafka_message_status(message) == Status::RD_KAFKA_MSG_STATUS_PERSISTED;
        if delivered && (stored || inner.unanswered) {
            let token = (*message)._private.addr() as u64;
            // A panic must not run into C.
            if catch_unwind(AssertUnwindSafe(|| (inner.tell)(token))).is_err() {
                tracing::error!(token, "an acknowledgement was lost to a panic");
            }
        }
    }
    Code::RD_KAFKA_RESP_ERR_NO_ERROR
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Inner")
            .field("unanswered", &self.unanswered)
            .finish_non_exhaustive()
    }
}
