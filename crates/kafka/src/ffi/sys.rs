//! Functions of librdkafka that can return an error code sent by a broker.
//!
//! The generated bindings give these a Rust `enum` as the return type. A broker newer than the
//! bindings may send a code that the `enum` does not have, and such a value would be undefined
//! behaviour, so they are declared here again with a plain integer.

use std::ffi::{c_char, c_int, c_void};

use rdkafka_sys::{
    rd_kafka_error_t, rd_kafka_event_t, rd_kafka_message_t, rd_kafka_metadata_t, rd_kafka_queue_t,
    rd_kafka_t, rd_kafka_topic_partition_list_t, rd_kafka_topic_result_t, rd_kafka_topic_t,
};

pub(crate) type CommitCallback =
    unsafe extern "C" fn(*mut rd_kafka_t, c_int, *mut rd_kafka_topic_partition_list_t, *mut c_void);

unsafe extern "C" {
    pub(crate) fn rd_kafka_err2str(code: c_int) -> *const c_char;
    pub(crate) fn rd_kafka_err2name(code: c_int) -> *const c_char;
    pub(crate) fn rd_kafka_last_error() -> c_int;
    pub(crate) fn rd_kafka_error_code(error: *const rd_kafka_error_t) -> c_int;
    pub(crate) fn rd_kafka_event_error(event: *mut rd_kafka_event_t) -> c_int;
    pub(crate) fn rd_kafka_fatal_error(
        rk: *mut rd_kafka_t,
        text: *mut c_char,
        size: usize,
    ) -> c_int;
    pub(crate) fn rd_kafka_producev(rk: *mut rd_kafka_t, ...) -> c_int;
    pub(crate) fn rd_kafka_flush(rk: *mut rd_kafka_t, timeout_ms: c_int) -> c_int;
    pub(crate) fn rd_kafka_subscribe(
        rk: *mut rd_kafka_t,
        topics: *const rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub(crate) fn rd_kafka_assign(
        rk: *mut rd_kafka_t,
        partitions: *const rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub(crate) fn rd_kafka_assignment(
        rk: *mut rd_kafka_t,
        partitions: *mut *mut rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub(crate) fn rd_kafka_committed(
        rk: *mut rd_kafka_t,
        partitions: *mut rd_kafka_topic_partition_list_t,
        timeout_ms: c_int,
    ) -> c_int;
    pub(crate) fn rd_kafka_commit_queue(
        rk: *mut rd_kafka_t,
        offsets: *const rd_kafka_topic_partition_list_t,
        queue: *mut rd_kafka_queue_t,
        callback: Option<CommitCallback>,
        opaque: *mut c_void,
    ) -> c_int;
    pub(crate) fn rd_kafka_pause_partitions(
        rk: *mut rd_kafka_t,
        partitions: *mut rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub(crate) fn rd_kafka_resume_partitions(
        rk: *mut rd_kafka_t,
        partitions: *mut rd_kafka_topic_partition_list_t,
    ) -> c_int;
    pub(crate) fn rd_kafka_query_watermark_offsets(
        rk: *mut rd_kafka_t,
        topic: *const c_char,
        partition: i32,
        low: *mut i64,
        high: *mut i64,
        timeout_ms: c_int,
    ) -> c_int;
    pub(crate) fn rd_kafka_metadata(
        rk: *mut rd_kafka_t,
        all_topics: c_int,
        only: *mut rd_kafka_topic_t,
        metadata: *mut *const rd_kafka_metadata_t,
        timeout_ms: c_int,
    ) -> c_int;
    pub(crate) fn rd_kafka_topic_result_error(result: *const rd_kafka_topic_result_t) -> c_int;
    pub(crate) fn rd_kafka_ConfigResource_error(
        resource: *const rdkafka_sys::rd_kafka_ConfigResource_t,
    ) -> c_int;
    pub(crate) fn rd_kafka_ConfigEntry_source(
        entry: *const rdkafka_sys::rd_kafka_ConfigEntry_t,
    ) -> c_int;
}

/// Reads the error code of a message without forming the `enum` of the bindings.
///
/// # Safety
///
/// `message` must point to a live message of librdkafka.
pub(crate) unsafe fn message_code(message: *const rd_kafka_message_t) -> c_int {
    // SAFETY: the field is a C enum, which is an int; the caller keeps the message alive.
    unsafe { (&raw const (*message).err).cast::<c_int>().read() }
}
