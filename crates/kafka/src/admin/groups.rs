//! The state of consumer groups.

use std::time::Duration;

use rdkafka_sys::{
    rd_kafka_ConsumerGroupDescription_error, rd_kafka_ConsumerGroupDescription_member_count,
    rd_kafka_ConsumerGroupDescription_partition_assignor, rd_kafka_ConsumerGroupDescription_state,
    rd_kafka_ConsumerGroupDescription_t, rd_kafka_DescribeConsumerGroups,
    rd_kafka_DescribeConsumerGroups_result_groups, rd_kafka_admin_op_t as Operation,
    rd_kafka_consumer_group_state_name, rd_kafka_error_string,
    rd_kafka_event_DescribeConsumerGroups_result,
};

use crate::admin::describe::elements;
use crate::admin::request::Submit;
use crate::event::Event;
use crate::ffi::c_string;
use crate::ffi::c_string::c_string;
use crate::ffi::sys;
use crate::{Admin, Error};

/// A consumer group as its coordinator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInfo {
    /// `Stable`, `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Dead` (there is no such
    /// group), or `Unknown`.
    pub state: String,
    /// How many members it has.
    pub members: usize,
    /// How it shares partitions out; empty while it has no members.
    pub assignor: String,
}

impl Admin {
    /// The state of a consumer group.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) on the embedded broker; no coordinator in
    /// time, or one that is not ready yet; what it refuses. Since Kafka 4.0 a group that does not
    /// exist is refused, too.
    pub fn describe_group(&self, group: &str, timeout: Duration) -> Result<GroupInfo, Error> {
        const WHAT: &str = "asking for the state of a consumer group";
        let name = c_string(WHAT, group)?;
        let submit = |to: &Submit| {
            // SAFETY: everything that `to` holds is alive; librdkafka copies the name.
            unsafe {
                let (names, options) = (&mut name.as_ptr(), to.options);
                rd_kafka_DescribeConsumerGroups(to.rk, names, 1, options, to.queue);
            }
        };
        let operation = Operation::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS;
        self.ask(WHAT, operation, timeout, submit, |event| {
            described(WHAT, event)
        })
    }
}

fn described(what: &'static str, event: &Event<'_>) -> Result<GroupInfo, Error> {
    let missing = || Error::invalid(what, "the answer is not one to this request");
    // SAFETY: the event is alive, and with it the result and its array, which has the length that
    // is returned with it; a null result is not read.
    unsafe {
        let result = rd_kafka_event_DescribeConsumerGroups_result(event.as_ptr());
        if result.is_null() {
            return Err(missing());
        }
        let mut count = 0;
        let first = rd_kafka_DescribeConsumerGroups_result_groups(result, &raw mut count);
        let group = elements(first, count).first().ok_or_else(missing)?;
        info(what, *group)
    }
}

/// # Safety
///
/// `group` is a description that is alive.
unsafe fn info(
    what: &'static str,
    group: *const rd_kafka_ConsumerGroupDescription_t,
) -> Result<GroupInfo, Error> {
    // SAFETY: the caller keeps the description alive; its error, which may be null, and its texts
    // are parts of it. The state is one that librdkafka itself has made of a name.
    unsafe {
        let error = rd_kafka_ConsumerGroupDescription_error(group);
        if !error.is_null() {
            let code = sys::rd_kafka_error_code(error);
            let reason = c_string::copy(rd_kafka_error_string(error));
            // librdkafka puts the name of the request before what the broker says, which may be
            // nothing; then the code says more.
            let reason = match reason.ends_with(": ") {
                true => String::new(),
                false => reason,
            };
            Error::check(what, code).map_err(|error| error.because(reason))?;
        }
        let state = rd_kafka_ConsumerGroupDescription_state(group);
        Ok(GroupInfo {
            state: c_string::copy(rd_kafka_consumer_group_state_name(state)),
            members: rd_kafka_ConsumerGroupDescription_member_count(group),
            assignor: c_string::copy(rd_kafka_ConsumerGroupDescription_partition_assignor(group)),
        })
    }
}
