//! Which properties belong to producers only and which to consumers only.
//!
//! librdkafka logs a warning for each property of the other role. A program that keeps one set of
//! properties for all its clients would get a page of them, so those are left out instead.

/// What a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Producer,
    Consumer,
}

impl Role {
    /// Whether a client of this role has any use for the property.
    pub(crate) fn uses(self, property: &str) -> bool {
        let others = match self {
            Self::Producer => CONSUMER_ONLY,
            Self::Consumer => PRODUCER_ONLY,
        };
        others.binary_search(&property).is_err()
    }
}

/// Sorted; the properties marked `P` in librdkafka's list.
const PRODUCER_ONLY: &[&str] = &[
    "acks",
    "batch.num.messages",
    "batch.size",
    "compression.codec",
    "compression.level",
    "compression.type",
    "delivery.report.only.error",
    "delivery.timeout.ms",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "linger.ms",
    "message.send.max.retries",
    "message.timeout.ms",
    "partitioner",
    "produce.offset.report",
    "queue.buffering.backpressure.threshold",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "queue.buffering.max.ms",
    "queuing.strategy",
    "request.required.acks",
    "request.timeout.ms",
    "retries",
    "sticky.partitioning.linger.ms",
    "transaction.timeout.ms",
    "transactional.id",
];

/// Sorted; the properties marked `C` in librdkafka's list.
const CONSUMER_ONLY: &[&str] = &[
    "auto.commit.enable",
    "auto.commit.interval.ms",
    "auto.offset.reset",
    "check.crcs",
    "consume.callback.max.messages",
    "coordinator.query.interval.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.queue.backoff.ms",
    "fetch.wait.max.ms",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "group.protocol.type",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "isolation.level",
    "max.partition.fetch.bytes",
    "max.poll.interval.ms",
    "offset.store.method",
    "offset.store.path",
    "offset.store.sync.interval.ms",
    "partition.assignment.strategy",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "session.timeout.ms",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_apart() {
        assert!(PRODUCER_ONLY.is_sorted());
        assert!(CONSUMER_ONLY.is_sorted());
        assert!(
            PRODUCER_ONLY
                .iter()
                .all(|name| !CONSUMER_ONLY.contains(name))
        );
    }

    #[test]
    fn a_common_property_is_for_both() {
        assert!(Role::Producer.uses("bootstrap.servers"));
        assert!(Role::Consumer.uses("bootstrap.servers"));
        assert!(!Role::Producer.uses("group.id"));
        assert!(!Role::Consumer.uses("linger.ms"));
    }
}
