//! Rebalances: which partitions come and go.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

use rdkafka_sys::{
    rd_kafka_assignment_lost, rd_kafka_incremental_assign, rd_kafka_incremental_unassign,
    rd_kafka_queue_destroy, rd_kafka_queue_forward, rd_kafka_queue_get_partition,
    rd_kafka_rebalance_protocol, rd_kafka_resp_err_t as Code, rd_kafka_topic_partition_list_t,
};

use crate::Error;
use crate::client::InUse;
use crate::consumer::Consumer;
use crate::consumer::core::ConsumerCore;
use crate::consumer::events::{ConsumerEvents, Partition};
use crate::consumer::partitions;
use crate::consumer::partitions::Element;
use crate::event::Event;
use crate::ffi::c_string;
use crate::ffi::c_string::topic_name;
use crate::ffi::sys;

const ASSIGN: i32 = Code::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS as i32;
const REVOKE: i32 = Code::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS as i32;

/// Answers a rebalance: the handler is told, then the assignment is changed.
pub(crate) fn serve(
    consumer: &Consumer,
    inside: &InUse<'_>,
    event: &Event<'_>,
    handler: &mut dyn ConsumerEvents,
) {
    let list = event.partitions();
    // SAFETY: the list is a part of the event, which is borrowed.
    let partitions: Vec<Partition> = unsafe { partitions::read(list) }
        .into_iter()
        .map(Element::into_partition)
        .collect();
    // The group waits for an answer, so it gets one even if the handler panics.
    let (told, answered) = match event.code() {
        ASSIGN => {
            forward_all(consumer, inside, &partitions, handler);
            let told = catch_unwind(AssertUnwindSafe(|| handler.assigned(consumer, &partitions)));
            (told, assign(inside, list))
        }
        REVOKE => {
            // SAFETY: the client is alive while `inside` is.
            let lost = unsafe { rd_kafka_assignment_lost(inside.rk()) } != 0;
            let revoked = || handler.revoked(consumer, &partitions, lost);
            let told = catch_unwind(AssertUnwindSafe(revoked));
            (told, unassign(inside, list))
        }
        code => {
            handler.error(Error::of_code("rebalancing", code).because(event.reason()));
            (Ok(()), unassign_all(inside))
        }
    };
    if let Err(error) = answered {
        handler.error(error);
    }
    if let Err(panic) = told {
        resume_unwind(panic);
    }
}

/// Sends the records of a partition to the work queue. Has to happen before the partition is
/// assigned: what was fetched by then has gone to the main queue and stays there.
pub(crate) fn forward(
    core: &ConsumerCore,
    inside: &InUse<'_>,
    topic: &str,
    partition: i32,
) -> Result<(), Error> {
    const WHAT: &str = "forwarding a partition";
    let unknown = || {
        let code = Code::RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION as i32;
        Error::of_code(WHAT, code).at(topic, Some(partition))
    };
    let c_topic = topic_name(WHAT, topic)?;
    if partition < 0 {
        return Err(unknown());
    }
    // SAFETY: the client and the work queue are alive while `inside` is. The reference to the
    // partition's queue is ours and given back; the forwarding stays, as it is marked as the
    // application's own.
    unsafe {
        let queue = rd_kafka_queue_get_partition(inside.rk(), c_topic.as_ptr(), partition);
        if queue.is_null() {
            return Err(unknown());
        }
        rd_kafka_queue_forward(queue, core.work.as_ptr());
        rd_kafka_queue_destroy(queue);
    }
    Ok(())
}

fn forward_all(
    consumer: &Consumer,
    inside: &InUse<'_>,
    partitions: &[Partition],
    handler: &mut dyn ConsumerEvents,
) {
    for Partition { topic, partition } in partitions {
        if let Err(error) = forward(consumer.core(), inside, topic, *partition) {
            handler.error(error);
        }
    }
}

fn assign(inside: &InUse<'_>, list: *mut rd_kafka_topic_partition_list_t) -> Result<(), Error> {
    const WHAT: &str = "assigning partitions";
    // SAFETY: the client is alive while `inside` is, the list while its event is; librdkafka
    // copies it. The error object is ours and freed.
    unsafe {
        if is_cooperative(inside) {
            Error::check_object(WHAT, rd_kafka_incremental_assign(inside.rk(), list))
        } else {
            Error::check(WHAT, sys::rd_kafka_assign(inside.rk(), list))
        }
    }
}

fn unassign(inside: &InUse<'_>, list: *mut rd_kafka_topic_partition_list_t) -> Result<(), Error> {
    if !is_cooperative(inside) {
        return unassign_all(inside);
    }
    // SAFETY: as in `assign`.
    unsafe {
        let failed = rd_kafka_incremental_unassign(inside.rk(), list);
        Error::check_object("giving up partitions", failed)
    }
}

fn unassign_all(inside: &InUse<'_>) -> Result<(), Error> {
    // SAFETY: the client is alive while `inside` is; a null list means no partitions.
    let code = unsafe { sys::rd_kafka_assign(inside.rk(), ptr::null()) };
    Error::check("giving up partitions", code)
}

fn is_cooperative(inside: &InUse<'_>) -> bool {
    // SAFETY: the client is alive while `inside` is; the string is null or static.
    unsafe { c_string::copy(rd_kafka_rebalance_protocol(inside.rk())) == "COOPERATIVE" }
}
