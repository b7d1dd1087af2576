//! A record as it was received.

pub(crate) mod headers;

use std::ffi::{CStr, c_void};
use std::fmt;
use std::marker::PhantomData;
use std::ptr;
use std::slice;

use rdkafka_sys::{
    rd_kafka_message_errstr, rd_kafka_message_t, rd_kafka_message_timestamp,
    rd_kafka_timestamp_type_t as Kind, rd_kafka_topic_name,
};

use crate::Error;
use crate::ffi::{c_string, sys};
use crate::message::headers::Headers;

/// A record in a [`Batch`](crate::Batch), without a copy.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    message: *mut rd_kafka_message_t,
    batch: PhantomData<&'a ()>,
}

impl<'a> Message<'a> {
    /// Tells a record from an error.
    ///
    /// # Safety
    ///
    /// `message` was received, lives for `'a` and is used by one thread at a time.
    pub(crate) unsafe fn read(message: *mut rd_kafka_message_t) -> Result<Self, Error> {
        let this = Self {
            message,
            batch: PhantomData,
        };
        // SAFETY: the caller keeps the message alive.
        match unsafe { sys::message_code(message) } {
            0 => Ok(this),
            code => Err(this.error(code)),
        }
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &'a str {
        // SAFETY: the message lives for `'a` and keeps its topic, whose name never changes and
        // ends with NUL. Errors of a client as a whole have no topic.
        unsafe {
            let topic = (*self.message).rkt;
            if topic.is_null() {
                return "";
            }
            CStr::from_ptr(rd_kafka_topic_name(topic))
                .to_str()
                .unwrap_or("")
        }
    }

    /// Whether it is of the topic that another one is of: less work than to compare names. `false`
    /// says nothing, as a client may know a topic twice.
    #[must_use]
    pub fn shares_topic(&self, other: &Self) -> bool {
        // SAFETY: both messages live while they are borrowed.
        unsafe { ptr::eq((*self.message).rkt, (*other.message).rkt) }
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> i32 {
        // SAFETY: the message lives for `'a`.
        unsafe { (*self.message).partition }
    }

    /// The offset in the partition.
    #[must_use]
    pub fn offset(&self) -> i64 {
        // SAFETY: the message lives for `'a`.
        unsafe { (*self.message).offset }
    }

    /// When it was made or appended, in milliseconds since 1970, if it says so.
    #[must_use]
    pub fn timestamp(&self) -> Option<i64> {
        let mut kind = Kind::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message lives for `'a`; librdkafka writes one of the three kinds.
        let millis = unsafe { rd_kafka_message_timestamp(self.message, &raw mut kind) };
        (kind != Kind::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE).then_some(millis)
    }

    /// The key; an empty one is not the same as none.
    #[must_use]
    pub fn key(&self) -> Option<&'a [u8]> {
        // SAFETY: the message lives for `'a`, and with it `key_len` bytes at `key`.
        unsafe { bytes((*self.message).key, (*self.message).key_len) }
    }

    /// The value; an empty one is not the same as none.
    #[must_use]
    pub fn payload(&self) -> Option<&'a [u8]> {
        // SAFETY: the message lives for `'a`, and with it `len` bytes at `payload`.
        unsafe { bytes((*self.message).payload, (*self.message).len) }
    }

    /// The headers. librdkafka builds them when they are asked for the first time, which takes
    /// longer than anything else here: look at the key first if that is enough.
    #[must_use]
    pub fn headers(&self) -> Headers<'a> {
        // SAFETY: the message lives for `'a` and is used by one thread, as its batch is not
        // `Sync` and this type is not `Send`.
        unsafe { Headers::of(self.message) }
    }

    fn error(&self, code: i32) -> Error {
        // SAFETY: the message lives for `'a`; its text is a part of it or static.
        let reason = unsafe { c_string::copy(rd_kafka_message_errstr(self.message)) };
        let error = Error::of_code("consuming", code).because(reason);
        match self.topic() {
            "" => error,
            topic => error.at(topic, (self.partition() >= 0).then(|| self.partition())),
        }
    }
}

/// # Safety
///
/// `data` is null or points to `size` bytes that live for `'a` and do not change.
pub(crate) unsafe fn bytes<'a>(data: *const c_void, size: usize) -> Option<&'a [u8]> {
    // SAFETY: the caller promises the bytes.
    (!ptr::eq(data, ptr::null())).then(|| unsafe { slice::from_raw_parts(data.cast(), size) })
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Message")
            .field("topic", &self.topic())
            .field("partition", &self.partition())
            .field("offset", &self.offset())
            .finish_non_exhaustive()
    }
}
