//! What a delivery guarantee decides: whether a request runs, and when it is done.

pub(super) mod at_least_once;

use std::{iter, sync::Arc, time::Duration};

use antiphon_proto::{RequestHead, Status, mutant};

use super::partitions::Partition;

/// A request that has been read, as a mode sees it.
pub(crate) struct Arrival<'a, 'r> {
    pub(crate) head: &'a RequestHead<'r>,
    /// Whether the allow-list admits its reply address, if it has one.
    pub(crate) address_allowed: bool,
    /// How long the caller still waits, if it said so.
    pub(crate) left: Option<Duration>,
}

/// What a mode decides about a request.
pub(crate) enum Decision {
    /// A handler runs.
    Run,
    /// No handler runs; this is the reply.
    Answer(Status),
    /// No handler runs and nothing is written; the request is done.
    Skip,
}

/// Says when one request is done, which lets its offset be committed. Nothing else does.
///
/// A request is done when all parts of its answer are: it has one part now, its reply. Clones stand
/// for the same request, and saying twice that a part is done changes nothing.
#[derive(Clone, Debug)]
pub(crate) struct Completion {
    partition: Arc<Partition>,
    sequence: u64,
}

impl Completion {
    /// A record has been read. Hands the partition back when the record, or one after it, was read
    /// before.
    pub(crate) fn begin(partition: Arc<Partition>, offset: i64) -> Result<Self, Arc<Partition>> {
        let Some(sequence) = partition.start(offset) else {
            return Err(partition);
        };
        let begun = Self {
            partition,
            sequence,
        };
        if mutant!("commit_when_read") {
            begun.part_done();
        }
        Ok(begun)
    }

    pub(crate) fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    /// The number of the request among those of its partition.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// No more work is needed for this part: its reply was acknowledged or given up, or it has none.
    pub(crate) fn part_done(&self) {
        self.partition.done(iter::once(self.sequence));
    }

    /// As [`part_done`](Self::part_done) for many, with one lock for each run of requests of one
    /// partition.
    pub(crate) fn parts_done<'a>(parts: impl Iterator<Item = &'a Self>) {
        let mut parts = parts.peekable();
        while let Some(first) = parts.next() {
            let same = |next: &&Self| Arc::ptr_eq(&next.partition, &first.partition);
            let rest = iter::from_fn(|| parts.next_if(same));
            let run = iter::once(first).chain(rest);
            first.partition.done(run.map(|part| part.sequence));
        }
    }

    /// This instance does no more for the request, which is not done: it will be delivered again.
    /// Nobody need wait for it, and no offset from it on is committed.
    pub(crate) fn leave(&self) {
        self.partition.leave();
    }
}
