//! Questions about offsets and partitions.

use std::ptr;
use std::time::Duration;

use rdkafka_sys::{RD_KAFKA_OFFSET_INVALID, rd_kafka_assignment_lost, rd_kafka_t};

use crate::Error;
use crate::consumer::Consumer;
use crate::consumer::events::Partition;
use crate::consumer::partitions::{Element, List};
use crate::ffi::c_string::topic_name;
use crate::ffi::deadline::millis;
use crate::ffi::sys;

impl Consumer {
    /// The first offset of a partition and the one that its next record will have. Asks a broker;
    /// blocks up to `timeout`.
    ///
    /// # Errors
    ///
    /// The partition does not exist, or no broker answered in time.
    pub fn watermarks(
        &self,
        topic: &str,
        partition: i32,
        timeout: Duration,
    ) -> Result<(i64, i64), Error> {
        const WHAT: &str = "asking for watermarks";
        let inside = self.enter(WHAT)?;
        let c_topic = topic_name(WHAT, topic)?;
        let (mut low, mut high) = (0, 0);
        // SAFETY: the client is alive while `inside` is; librdkafka writes both offsets when it
        // returns 0, and nothing after it has returned.
        let code = unsafe {
            let (rk, wait) = (inside.rk(), millis(timeout));
            let (low, high) = (&raw mut low, &raw mut high);
            sys::rd_kafka_query_watermark_offsets(rk, c_topic.as_ptr(), partition, low, high, wait)
        };
        let at = |error: Error| error.at(topic, Some(partition));
        Error::check(WHAT, code).map(|()| (low, high)).map_err(at)
    }

    /// The offsets that the group has committed; `None` where it has none. Asks a broker; blocks
    /// up to `timeout`.
    ///
    /// # Errors
    ///
    /// No answer in time, or the first partition that the broker refused.
    pub fn committed(
        &self,
        parts: &[Partition],
        timeout: Duration,
    ) -> Result<Vec<(String, i32, Option<i64>)>, Error> {
        const WHAT: &str = "asking for committed offsets";
        let inside = self.enter(WHAT)?;
        let list = List::of_partitions(WHAT, parts)?;
        // SAFETY: the client is alive while `inside` is; librdkafka writes the offsets into the
        // list, which is ours, before it returns.
        Error::check(WHAT, unsafe {
            sys::rd_kafka_committed(inside.rk(), list.as_ptr(), millis(timeout))
        })?;
        list.read()
            .into_iter()
            .map(|element| known_offset(WHAT, element))
            .collect()
    }

    /// Stops fetching from these partitions until [`resume`](Self::resume); records that were
    /// fetched and not yet taken are dropped and fetched again later. Waits for librdkafka's own
    /// thread, not for a broker.
    ///
    /// # Errors
    ///
    /// The first partition that is not known, or the consumer is closed.
    pub fn pause(&self, parts: &[Partition]) -> Result<(), Error> {
        self.change("pausing partitions", parts, sys::rd_kafka_pause_partitions)
    }

    /// Fetches from paused partitions again. Waits for librdkafka's own thread, not for a broker.
    ///
    /// # Errors
    ///
    /// The first partition that is not known, or the consumer is closed.
    pub fn resume(&self, parts: &[Partition]) -> Result<(), Error> {
        self.change(
            "resuming partitions",
            parts,
            sys::rd_kafka_resume_partitions,
        )
    }

    /// The partitions that are assigned now. Waits for librdkafka's own thread, not for a broker.
    ///
    /// # Errors
    ///
    /// The consumer is closed.
    pub fn assignment(&self) -> Result<Vec<Partition>, Error> {
        const WHAT: &str = "asking for the assignment";
        let inside = self.enter(WHAT)?;
        let mut list = ptr::null_mut();
        // SAFETY: the client is alive while `inside` is; on success the list is ours.
        let list = unsafe {
            Error::check(WHAT, sys::rd_kafka_assignment(inside.rk(), &raw mut list))?;
            List::from_ptr(list)
        };
        let elements = list.map_or_else(Vec::new, |list| list.read());
        Ok(elements.into_iter().map(Element::into_partition).collect())
    }

    /// Whether the partitions were lost, so that others may own them already. Does not block.
    #[must_use]
    pub fn assignment_lost(&self) -> bool {
        let Ok(inside) = self.enter("asking for a lost assignment") else {
            return true;
        };
        // SAFETY: the client is alive while `inside` is.
        unsafe { rd_kafka_assignment_lost(inside.rk()) != 0 }
    }

    fn change(&self, what: &'static str, parts: &[Partition], change: Change) -> Result<(), Error> {
        let inside = self.enter(what)?;
        let list = List::of_partitions(what, parts)?;
        // SAFETY: the client is alive while `inside` is; librdkafka writes a code for each
        // partition into the list, which is ours, before it returns.
        Error::check(what, unsafe { change(inside.rk(), list.as_ptr()) })?;
        list.read()
            .iter()
            .try_for_each(|element| element.check(what))
    }
}

type Change =
    unsafe extern "C" fn(*mut rd_kafka_t, *mut rdkafka_sys::rd_kafka_topic_partition_list_t) -> i32;

fn known_offset(what: &'static str, part: Element) -> Result<(String, i32, Option<i64>), Error> {
    part.check(what)?;
    let offset = (part.offset != i64::from(RD_KAFKA_OFFSET_INVALID)).then_some(part.offset);
    Ok((part.topic, part.partition, offset))
}
