//! A message on its way into librdkafka.

use std::ffi::c_void;
use std::ptr::{self, NonNull};

use rdkafka_sys::{
    RD_KAFKA_MSG_F_COPY, rd_kafka_header_add, rd_kafka_headers_destroy, rd_kafka_headers_new,
    rd_kafka_headers_t, rd_kafka_t, rd_kafka_topic_t, rd_kafka_vtype_t as Field,
};

use crate::Topic;
use crate::ffi::sys;

/// A message to send. Everything in it is copied.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a, N = &'a str> {
    /// Where to; a topic of the producer that sends it.
    pub topic: &'a Topic,
    /// The partition, or -1 to let the `partitioner` choose one by the key.
    pub partition: i32,
    /// The key; `None` and an empty key are different things to Kafka.
    pub key: Option<&'a [u8]>,
    /// The value; `None` and an empty value are different things to Kafka.
    pub value: Option<&'a [u8]>,
    /// Headers in their order; names may be any bytes and may repeat, values may be null or empty.
    /// A name is cut at a NUL byte when it is read.
    pub headers: &'a [(N, Option<&'a [u8]>)],
    /// Comes back in the delivery report.
    pub token: u64,
}

impl<N: AsRef<[u8]>> Outgoing<'_, N> {
    /// Hands the message over; returns librdkafka's code. Does not block.
    ///
    /// # Safety
    ///
    /// `rk` is a live producer and `topic` a live handle of it.
    pub(crate) unsafe fn produce(&self, rk: *mut rd_kafka_t, topic: *mut rd_kafka_topic_t) -> i32 {
        let headers = self.build_headers();
        let (key, key_size) = parts(self.key);
        let (value, value_size) = parts(self.value);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "64 bits: see the crate's root"
        )]
        let token = ptr::without_provenance_mut::<c_void>(self.token as usize);
        // SAFETY: the caller keeps the handles alive. Each tag is followed by arguments of the
        // types that librdkafka reads for it, and END is last. MSG_F_COPY makes it copy key and
        // value before it returns. The token is a number to it, and never followed.
        let code = unsafe {
            sys::rd_kafka_producev(
                rk,
                Field::RD_KAFKA_VTYPE_RKT,
                topic,
                Field::RD_KAFKA_VTYPE_PARTITION,
                self.partition,
                Field::RD_KAFKA_VTYPE_MSGFLAGS,
                RD_KAFKA_MSG_F_COPY,
                Field::RD_KAFKA_VTYPE_KEY,
                key,
                key_size,
                Field::RD_KAFKA_VTYPE_VALUE,
                value,
                value_size,
                Field::RD_KAFKA_VTYPE_OPAQUE,
                token,
                // A null list is no list.
                Field::RD_KAFKA_VTYPE_HEADERS,
                headers.map_or(ptr::null_mut(), NonNull::as_ptr),
                Field::RD_KAFKA_VTYPE_END,
            )
        };
        if let Some(headers) = headers.filter(|_| code != 0) {
            // SAFETY: librdkafka takes the headers only when it succeeds; else they are ours.
            unsafe { rd_kafka_headers_destroy(headers.as_ptr()) }
        }
        code
    }

    fn build_headers(&self) -> Option<NonNull<rd_kafka_headers_t>> {
        if self.headers.is_empty() {
            return None;
        }
        // SAFETY: a new list is ours; librdkafka copies the names and values that it is given
        // with their sizes. A slice is never longer than `isize::MAX`.
        unsafe {
            let list = NonNull::new(rd_kafka_headers_new(self.headers.len()))?;
            for (name, value) in self.headers {
                let (data, size) = parts(*value);
                let name = name.as_ref();
                let name_size = name.len().cast_signed();
                let name = name.as_ptr().cast();
                rd_kafka_header_add(list.as_ptr(), name, name_size, data, size.cast_signed());
            }
            Some(list)
        }
    }
}

/// Null for nothing; an empty slice has a pointer that is not null, which is how librdkafka tells
/// an empty value from none.
fn parts(bytes: Option<&[u8]>) -> (*const c_void, usize) {
    bytes.map_or((ptr::null(), 0), |bytes| {
        (bytes.as_ptr().cast(), bytes.len())
    })
}
