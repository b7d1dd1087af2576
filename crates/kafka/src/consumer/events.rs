//! What a consumer has to say.

use std::fmt;

use crate::{Consumer, Error};

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    /// The topic.
    pub topic: String,
    /// The number of the partition.
    pub partition: i32,
}

impl fmt::Display for Partition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}[{}]", self.topic, self.partition)
    }
}

/// What a consumer tells the thread that calls [`poll_events`](Consumer::poll_events).
pub trait ConsumerEvents {
    /// These partitions are about to be fetched from. With a cooperative assignor they are those
    /// that were *added*, which may be none.
    fn assigned(&mut self, consumer: &Consumer, partitions: &[Partition]) {
        let _ = (consumer, partitions);
    }

    /// These partitions are about to be taken away; the group waits until this returns, so it may
    /// finish work and [`commit`](Consumer::commit), within the session timeout. If they are
    /// `lost`, others may own them already and a commit fails.
    fn revoked(&mut self, consumer: &Consumer, partitions: &[Partition], lost: bool) {
        let _ = (consumer, partitions, lost);
    }

    /// Something failed. Unless the error is fatal, librdkafka goes on by itself.
    fn error(&mut self, error: Error);

    /// A [`commit_async`](Consumer::commit_async) has ended: the offsets that are committed. A
    /// partition that failed is told by a call of its own, with the error.
    fn committed(&mut self, result: Result<&[(String, i32, i64)], Error>) {
        let _ = result;
    }
}
