//! Events of librdkafka.

pub(crate) mod log;
pub(crate) mod queue;

use std::ffi::c_int;
use std::marker::PhantomData;
use std::ptr::NonNull;

use rdkafka_sys::{
    rd_kafka_event_destroy, rd_kafka_event_error_is_fatal, rd_kafka_event_error_string,
    rd_kafka_event_t, rd_kafka_event_topic_partition, rd_kafka_event_topic_partition_list,
    rd_kafka_event_type, rd_kafka_topic_partition_destroy, rd_kafka_topic_partition_list_t,
};

use crate::Error;
use crate::ffi::{c_string, sys};

/// An event that is destroyed when it is dropped. It does not outlive the client that `'a`
/// keeps alive.
pub(crate) struct Event<'a> {
    event: NonNull<rd_kafka_event_t>,
    client: PhantomData<&'a ()>,
}

impl Event<'_> {
    /// Takes over an event that librdkafka returned, or nothing.
    ///
    /// # Safety
    ///
    /// `event` is null or an event that the caller owns, and its client outlives `'a`.
    pub(crate) unsafe fn from_ptr(event: *mut rd_kafka_event_t) -> Option<Self> {
        NonNull::new(event).map(|event| Self {
            event,
            client: PhantomData,
        })
    }

    pub(crate) fn as_ptr(&self) -> *mut rd_kafka_event_t {
        self.event.as_ptr()
    }

    /// One of the `RD_KAFKA_EVENT_` numbers.
    pub(crate) fn kind(&self) -> c_int {
        // SAFETY: the event is alive while `self` is.
        unsafe { rd_kafka_event_type(self.as_ptr()) }
    }

    pub(crate) fn code(&self) -> c_int {
        // SAFETY: the event is alive while `self` is.
        unsafe { sys::rd_kafka_event_error(self.as_ptr()) }
    }

    /// The text of the error, which may say more than the code.
    pub(crate) fn reason(&self) -> String {
        // SAFETY: the string is a part of the event, which is alive, and is copied at once.
        unsafe { c_string::copy(rd_kafka_event_error_string(self.as_ptr())) }
    }

    /// What an ERROR event says.
    pub(crate) fn error(&self, what: &'static str) -> Error {
        let mut error = Error::of_code(what, self.code()).because(self.reason());
        // SAFETY: the event is alive and, as the caller of this function knows, an ERROR event,
        // the one type that has this field.
        if unsafe { rd_kafka_event_error_is_fatal(self.as_ptr()) } != 0 {
            error = error.fatal();
        }
        match self.place() {
            Some((topic, partition)) => error.at(topic, Some(partition)),
            None => error,
        }
    }

    fn place(&self) -> Option<(String, i32)> {
        // SAFETY: the event is alive; the object that is returned is ours, is read, and is
        // destroyed once.
        unsafe {
            let place = NonNull::new(rd_kafka_event_topic_partition(self.as_ptr()))?.as_ptr();
            let (topic, partition) = (c_string::copy((*place).topic), (*place).partition);
            rd_kafka_topic_partition_destroy(place);
            Some((topic, partition))
        }
    }

    /// The partitions of a REBALANCE or OFFSET_COMMIT event; may be null.
    pub(crate) fn partitions(&self) -> *mut rd_kafka_topic_partition_list_t {
        // SAFETY: the event is alive while `self` is; the list stays its own.
        unsafe { rd_kafka_event_topic_partition_list(self.as_ptr()) }
    }
}

impl Drop for Event<'_> {
    fn drop(&mut self) {
        // SAFETY: the event is ours, nothing borrows from it any more, and it is destroyed once.
        unsafe { rd_kafka_event_destroy(self.as_ptr()) }
    }
}
