//! Delivery reports.

use std::marker::PhantomData;
use std::ptr::NonNull;

use rdkafka_sys::{
    rd_kafka_event_message_count, rd_kafka_event_message_next, rd_kafka_message_status,
    rd_kafka_message_t, rd_kafka_message_timestamp, rd_kafka_msg_status_t as Status,
    rd_kafka_timestamp_type_t as Kind, rd_kafka_topic_name,
};

use crate::event::Event;
use crate::ffi::{c_string, sys};
use crate::{ErrorKind, Headers, message};

/// What is known about a message after its delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// It was never sent to a broker, or a broker refused it: sending again makes no duplicate.
    NotPersisted,
    /// It was sent and no answer came: it may be in the log.
    PossiblyPersisted,
    /// It is in the log, as surely as `acks` asks for.
    Persisted,
}

/// Why a message was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// The number that librdkafka (negative) or the Kafka protocol (positive) gives it.
    pub code: i32,
}

/// How the delivery of one message ended.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The token that the message was sent with.
    pub token: u64,
    /// Whether the message is in the log.
    pub certainty: Certainty,
    /// Why it failed; `None` if it was delivered.
    pub error: Option<Failure>,
    /// The partition it went to.
    pub partition: i32,
    /// Its offset; negative if it is not known.
    pub offset: i64,
    message: NonNull<rd_kafka_message_t>,
    batch: PhantomData<&'a ()>,
}

impl Report<'_> {
    /// The topic it was sent to.
    #[must_use]
    pub fn topic(&self) -> String {
        // SAFETY: the message and its topic live as long as the event of its batch, which this
        // report borrows from; the name is copied.
        unsafe {
            let topic = (*self.message.as_ptr()).rkt;
            if topic.is_null() {
                String::new()
            } else {
                c_string::copy(rd_kafka_topic_name(topic))
            }
        }
    }

    /// The key it was sent with; an empty one is not the same as none.
    #[must_use]
    pub fn key(&self) -> Option<&[u8]> {
        // SAFETY: the message lives as long as the event of its batch, which this report borrows
        // from, and with it `key_len` bytes at `key`.
        unsafe {
            let message = self.message.as_ref();
            message::bytes(message.key, message.key_len)
        }
    }

    /// The value it was sent with; an empty one is not the same as none.
    #[must_use]
    pub fn payload(&self) -> Option<&[u8]> {
        // SAFETY: as for the key, with `len` bytes at `payload`.
        unsafe {
            let message = self.message.as_ref();
            message::bytes(message.payload, message.len)
        }
    }

    /// The headers it was sent with.
    #[must_use]
    pub fn headers(&self) -> Headers<'_> {
        // SAFETY: the message lives as long as the event of its batch, which this report borrows
        // from; events are served by one thread.
        unsafe { Headers::of(self.message.as_ptr()) }
    }

    /// When the broker appended the message, in milliseconds since the Unix epoch by its clock;
    /// `None` unless the topic has `message.timestamp.type=LogAppendTime`, or if it failed.
    #[must_use]
    pub fn log_append_time(&self) -> Option<i64> {
        let mut kind = Kind::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message lives as long as the event of its batch, which this report borrows
        // from.
        let millis = unsafe { rd_kafka_message_timestamp(self.message.as_ptr(), &raw mut kind) };
        (kind == Kind::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME).then_some(millis)
    }

    /// Reads a message of a delivery event.
    ///
    /// # Safety
    ///
    /// `message` is a message of an event that lives for `'a`.
    unsafe fn read(message: NonNull<rd_kafka_message_t>) -> Self {
        let raw = message.as_ptr();
        // SAFETY: the caller keeps the message alive. For a producer `_private` is the token it
        // was sent with, a number that is not followed.
        unsafe {
            let code = sys::message_code(raw);
            let failure = || Failure {
                kind: ErrorKind::of_code(code),
                code,
            };
            Self {
                token: (*raw)._private.addr() as u64,
                certainty: certainty(rd_kafka_message_status(raw)),
                error: (code != 0).then(failure),
                partition: (*raw).partition,
                offset: (*raw).offset,
                message,
                batch: PhantomData,
            }
        }
    }
}

fn certainty(status: Status) -> Certainty {
    match status {
        Status::RD_KAFKA_MSG_STATUS_NOT_PERSISTED => Certainty::NotPersisted,
        Status::RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED => Certainty::PossiblyPersisted,
        Status::RD_KAFKA_MSG_STATUS_PERSISTED => Certainty::Persisted,
    }
}

/// The reports of one event, in order; an iterator that can be read once.
pub struct ReportBatch<'a>(&'a Event<'a>);

impl<'a> ReportBatch<'a> {
    pub(crate) fn new(event: &'a Event<'a>) -> Self {
        Self(event)
    }

    /// How many reports are left.
    #[must_use]
    pub fn len(&self) -> usize {
        // SAFETY: the event is alive while it is borrowed.
        unsafe { rd_kafka_event_message_count(self.0.as_ptr()) }
    }

    /// Whether none is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> Iterator for ReportBatch<'a> {
    type Item = Report<'a>;

    fn next(&mut self) -> Option<Report<'a>> {
        // SAFETY: the event is alive while it is borrowed, and keeps a message that it has handed
        // out until it is destroyed.
        unsafe {
            let message = rd_kafka_event_message_next(self.0.as_ptr());
            NonNull::new(message.cast_mut()).map(|message| Report::read(message))
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl std::fmt::Debug for ReportBatch<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ReportBatch")
            .field("len", &self.len())
            .finish()
    }
}
