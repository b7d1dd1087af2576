//! Answers to administrative requests.

use std::ffi::CStr;
use std::slice;
use std::time::Duration;

use rdkafka_sys::{
    rd_kafka_ConfigResource_configs, rd_kafka_ConfigResource_destroy,
    rd_kafka_ConfigResource_error_string, rd_kafka_ConfigResource_new,
    rd_kafka_CreatePartitions_result_topics, rd_kafka_CreateTopics_result_topics,
    rd_kafka_DeleteTopics_result_topics, rd_kafka_DescribeConfigs,
    rd_kafka_DescribeConfigs_result_resources, rd_kafka_ResourceType_t as Resource,
    rd_kafka_admin_op_t as Operation, rd_kafka_event_CreatePartitions_result,
    rd_kafka_event_CreateTopics_result, rd_kafka_event_DeleteTopics_result,
    rd_kafka_event_DescribeConfigs_result, rd_kafka_topic_result_error_string,
    rd_kafka_topic_result_t,
};

use crate::admin::config_entry;
use crate::admin::request::{Owned, Submit};
use crate::event::Event;
use crate::ffi::c_string;
use crate::ffi::c_string::{c_string, topic_name};
use crate::ffi::sys;
use crate::{Admin, ConfigEntry, Error};

impl Admin {
    /// The configuration of a topic, by name; values that the broker keeps secret are left out.
    ///
    /// # Errors
    ///
    /// [`UnknownTopic`](crate::ErrorKind::UnknownTopic); what the broker refuses.
    pub fn describe_config(
        &self,
        topic: &str,
        timeout: Duration,
    ) -> Result<Vec<(String, String)>, Error> {
        self.config_entries(topic, timeout).map(values)
    }

    /// The configuration of a topic, with where each value comes from.
    ///
    /// # Errors
    ///
    /// [`UnknownTopic`](crate::ErrorKind::UnknownTopic); what the broker refuses.
    pub fn config_entries(
        &self,
        topic: &str,
        timeout: Duration,
    ) -> Result<Vec<ConfigEntry>, Error> {
        const WHAT: &str = "reading the configuration of a topic";
        let name = topic_name(WHAT, topic)?;
        self.describe_configs(WHAT, Resource::RD_KAFKA_RESOURCE_TOPIC, &name, timeout)
            .map_err(|error| error.at(topic, None))
    }

    /// The configuration of a broker, by name; values that it keeps secret are left out.
    ///
    /// # Errors
    ///
    /// There is no such broker; what it refuses.
    pub fn describe_broker(
        &self,
        broker: i32,
        timeout: Duration,
    ) -> Result<Vec<(String, String)>, Error> {
        const WHAT: &str = "reading the configuration of a broker";
        let name = c_string(WHAT, &broker.to_string())?;
        self.describe_configs(WHAT, Resource::RD_KAFKA_RESOURCE_BROKER, &name, timeout)
            .map(values)
    }

    fn describe_configs(
        &self,
        what: &'static str,
        kind: Resource,
        name: &CStr,
        timeout: Duration,
    ) -> Result<Vec<ConfigEntry>, Error> {
        // SAFETY: librdkafka copies the name; the object is ours and freed by `Owned`.
        let resource = unsafe {
            let new = rd_kafka_ConfigResource_new(kind, name.as_ptr());
            Owned::new(what, new, rd_kafka_ConfigResource_destroy)?
        };
        let submit = |to: &Submit| {
            // SAFETY: everything that `to` holds is alive; librdkafka copies the object.
            unsafe {
                rd_kafka_DescribeConfigs(to.rk, &mut resource.as_ptr(), 1, to.options, to.queue);
            }
        };
        let operation = Operation::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS;
        self.ask(what, operation, timeout, submit, |event| {
            configs(what, event)
        })
    }
}

pub(crate) fn created(what: &'static str, event: &Event<'_>) -> Result<(), Error> {
    // SAFETY: the event is alive; a null result is not read, and the array is a part of it.
    unsafe {
        let result = rd_kafka_event_CreateTopics_result(event.as_ptr());
        topics(what, result, |result, count| {
            rd_kafka_CreateTopics_result_topics(result, count)
        })
    }
}

pub(crate) fn deleted(what: &'static str, event: &Event<'_>) -> Result<(), Error> {
    // SAFETY: as in `created`.
    unsafe {
        let result = rd_kafka_event_DeleteTopics_result(event.as_ptr());
        topics(what, result, |result, count| {
            rd_kafka_DeleteTopics_result_topics(result, count)
        })
    }
}

pub(crate) fn extended(what: &'static str, event: &Event<'_>) -> Result<(), Error> {
    // SAFETY: as in `created`.
    unsafe {
        let result = rd_kafka_event_CreatePartitions_result(event.as_ptr());
        topics(what, result, |result, count| {
            rd_kafka_CreatePartitions_result_topics(result, count)
        })
    }
}

/// The first topic that failed.
///
/// # Safety
///
/// `result` is null or a result that is alive, and `list` returns an array of it with its length.
unsafe fn topics<T>(
    what: &'static str,
    result: *const T,
    list: impl FnOnce(*const T, *mut usize) -> *mut *const rd_kafka_topic_result_t,
) -> Result<(), Error> {
    if result.is_null() {
        return Err(Error::invalid(
            what,
            "the answer is not one to this request",
        ));
    }
    let mut count = 0;
    let first = list(result, &raw mut count);
    // SAFETY: the caller promises the array.
    for topic in unsafe { elements(first, count) } {
        // SAFETY: the topic is a part of the result, and its text is null or a part of it.
        unsafe {
            let reason = || c_string::copy(rd_kafka_topic_result_error_string(*topic));
            let code = sys::rd_kafka_topic_result_error(*topic);
            Error::check(what, code).map_err(|error| error.because(reason()))?;
        }
    }
    Ok(())
}

/// By name, without those that have no value or a secret one.
fn values(entries: Vec<ConfigEntry>) -> Vec<(String, String)> {
    let entries = entries.into_iter();
    entries
        .filter_map(|entry| Some((entry.name, entry.value?)))
        .collect()
}

fn configs(what: &'static str, event: &Event<'_>) -> Result<Vec<ConfigEntry>, Error> {
    let mut all = Vec::new();
    // SAFETY: the event is alive, and with it the result, its resources, their entries and texts;
    // each array has the length that is returned with it.
    unsafe {
        let result = rd_kafka_event_DescribeConfigs_result(event.as_ptr());
        if result.is_null() {
            return Err(Error::invalid(
                what,
                "the answer is not one to this request",
            ));
        }
        let mut count = 0;
        let first = rd_kafka_DescribeConfigs_result_resources(result, &raw mut count);
        for resource in elements(first, count) {
            let reason = || c_string::copy(rd_kafka_ConfigResource_error_string(*resource));
            let code = sys::rd_kafka_ConfigResource_error(*resource);
            Error::check(what, code).map_err(|error| error.because(reason()))?;
            let mut count = 0;
            let first = rd_kafka_ConfigResource_configs(*resource, &raw mut count);
            let entries = elements(first, count).iter();
            all.extend(entries.map(|entry| config_entry::read(*entry)));
        }
    }
    Ok(all)
}

/// # Safety
///
/// `first` is null or points to `count` pointers that live for `'a`.
pub(crate) unsafe fn elements<'a, T>(first: *mut *const T, count: usize) -> &'a [*const T] {
    if first.is_null() {
        return &[];
    }
    // SAFETY: the caller promises the pointers.
    unsafe { slice::from_raw_parts(first, count) }
}
