//! What an administrative request is made of.

use std::ffi::c_int;
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka_sys::{
    rd_kafka_AdminOptions_destroy, rd_kafka_AdminOptions_new,
    rd_kafka_AdminOptions_set_operation_timeout, rd_kafka_AdminOptions_set_request_timeout,
    rd_kafka_AdminOptions_t, rd_kafka_admin_op_t as Operation, rd_kafka_queue_t, rd_kafka_t,
};

use crate::Error;
use crate::ffi::c_string::Reason;
use crate::ffi::deadline::millis;

/// What a request is submitted with; alive during the call that gets it.
pub(crate) struct Submit {
    pub(crate) rk: *mut rd_kafka_t,
    pub(crate) options: *const rd_kafka_AdminOptions_t,
    pub(crate) queue: *mut rd_kafka_queue_t,
}

pub(crate) struct Options(pub(crate) Owned<rd_kafka_AdminOptions_t>);

impl Options {
    pub(crate) fn new(
        what: &'static str,
        rk: *mut rd_kafka_t,
        operation: Operation,
        timeout: Duration,
    ) -> Result<Self, Error> {
        // SAFETY: the caller keeps the client alive; the object is ours and freed by `Owned`.
        // Both setters write at most the given size of reason, and what they refuse for this
        // operation does not matter to it.
        unsafe {
            let new = rd_kafka_AdminOptions_new(rk, operation);
            let options = Owned::new(what, new, rd_kafka_AdminOptions_destroy)?;
            let wait: c_int = millis(timeout);
            let mut reason = Reason::new();
            let (text, size) = (reason.as_mut_ptr(), reason.size());
            rd_kafka_AdminOptions_set_request_timeout(options.as_ptr(), wait, text, size);
            rd_kafka_AdminOptions_set_operation_timeout(options.as_ptr(), wait, text, size);
            Ok(Self(options))
        }
    }
}

/// An object of librdkafka with the function that frees it.
pub(crate) struct Owned<T> {
    object: NonNull<T>,
    free: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    /// # Safety
    ///
    /// `object` is null or ours, and `free` is its destructor.
    pub(crate) unsafe fn new(
        what: &'static str,
        object: *mut T,
        free: unsafe extern "C" fn(*mut T),
    ) -> Result<Self, Error> {
        let refused = || Error::invalid(what, "librdkafka refused the arguments");
        let object = NonNull::new(object).ok_or_else(refused)?;
        Ok(Self { object, free })
    }

    pub(crate) fn as_ptr(&self) -> *mut T {
        self.object.as_ptr()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: the object is ours, freed once, and by its own destructor.
        unsafe { (self.free)(self.as_ptr()) }
    }
}
