//! Lists of partitions.

use std::ptr::NonNull;

use rdkafka_sys::{
    rd_kafka_topic_partition_list_add, rd_kafka_topic_partition_list_destroy,
    rd_kafka_topic_partition_list_new, rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_t,
};

use crate::ffi::c_string;
use crate::ffi::c_string::topic_name;
use crate::{Error, Partition};

/// A list of partitions that is ours.
pub(crate) struct List(NonNull<rd_kafka_topic_partition_list_t>);

/// One element of a list.
pub(crate) struct Element {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) code: i32,
}

impl List {
    pub(crate) fn new(what: &'static str, capacity: usize) -> Result<Self, Error> {
        let capacity = i32::try_from(capacity).unwrap_or(i32::MAX);
        // SAFETY: the list that is returned is ours.
        let list = unsafe { rd_kafka_topic_partition_list_new(capacity) };
        NonNull::new(list)
            .map(Self)
            .ok_or_else(|| Error::invalid(what, "too many partitions"))
    }

    pub(crate) fn of_partitions(what: &'static str, parts: &[Partition]) -> Result<Self, Error> {
        let mut list = Self::new(what, parts.len())?;
        for part in parts {
            list.add(what, &part.topic, part.partition, None)?;
        }
        Ok(list)
    }

    pub(crate) fn of_offsets<S: AsRef<str>>(
        what: &'static str,
        offsets: &[(S, i32, i64)],
    ) -> Result<Self, Error> {
        let mut list = Self::new(what, offsets.len())?;
        for (topic, partition, offset) in offsets {
            list.add(what, topic.as_ref(), *partition, Some(*offset))?;
        }
        Ok(list)
    }

    /// Takes over a list that librdkafka returned; `None` for null.
    ///
    /// # Safety
    ///
    /// `list` is null or a list that the caller owns.
    pub(crate) unsafe fn from_ptr(list: *mut rd_kafka_topic_partition_list_t) -> Option<Self> {
        NonNull::new(list).map(Self)
    }

    pub(crate) fn add(
        &mut self,
        what: &'static str,
        topic: &str,
        partition: i32,
        offset: Option<i64>,
    ) -> Result<(), Error> {
        let topic = topic_name(what, topic)?;
        // SAFETY: the list is ours; librdkafka copies the name. The element that is returned is
        // used before anything else is added, which could move it.
        unsafe {
            let added = rd_kafka_topic_partition_list_add(self.as_ptr(), topic.as_ptr(), partition);
            if let Some(offset) = offset {
                (*added).offset = offset;
            }
        }
        Ok(())
    }

    pub(crate) fn as_ptr(&self) -> *mut rd_kafka_topic_partition_list_t {
        self.0.as_ptr()
    }

    pub(crate) fn read(&self) -> Vec<Element> {
        // SAFETY: the list is ours and alive.
        unsafe { read(self.as_ptr()) }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: the list is ours and is destroyed once.
        unsafe { rd_kafka_topic_partition_list_destroy(self.as_ptr()) }
    }
}

/// Copies a list; null is an empty one.
///
/// # Safety
///
/// `list` is null or a live list that does not change meanwhile.
pub(crate) unsafe fn read(list: *const rd_kafka_topic_partition_list_t) -> Vec<Element> {
    if list.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller keeps the list alive; it has `cnt` elements from `elems` on.
    unsafe {
        let count = usize::try_from((*list).cnt).unwrap_or(0);
        (0..count)
            .map(|index| read_element((*list).elems.add(index)))
            .collect()
    }
}

/// # Safety
///
/// `element` is an element of a live list.
unsafe fn read_element(element: *const rd_kafka_topic_partition_t) -> Element {
    // SAFETY: the caller keeps the element alive. The code is a C enum, which is an int, and is
    // read as one: a broker may send codes that the bindings do not have.
    unsafe {
        Element {
            topic: c_string::copy((*element).topic),
            partition: (*element).partition,
            offset: (*element).offset,
            code: (&raw const (*element).err).cast::<i32>().read(),
        }
    }
}

impl Element {
    pub(crate) fn into_partition(self) -> Partition {
        Partition {
            topic: self.topic,
            partition: self.partition,
        }
    }

    /// The error of this element, if it has one.
    pub(crate) fn check(&self, what: &'static str) -> Result<(), Error> {
        Error::check(what, self.code)
            .map_err(|error| error.at(self.topic.as_str(), Some(self.partition)))
    }
}
