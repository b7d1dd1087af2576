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

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;
    use crate::{
        service::{env::ServiceEnv, partitions::Partitions},
        transport::{SystemClock, TopicPartition},
    };

    fn partitions() -> Partitions {
        let runtime = Builder::new_current_thread().build().unwrap();
        let clock = Arc::new(SystemClock::default());
        let env = ServiceEnv::new(clock, runtime.handle().clone(), "s");
        let partitions = Partitions::new(Arc::new(env));
        partitions.assign(&[0, 1].map(|partition| TopicPartition {
            topic: "work".into(),
            partition,
        }));
        partitions
    }

    fn committed(partitions: &Partitions) -> Vec<(i32, i64)> {
        let offsets = partitions.take_last_commits();
        let offsets = offsets.iter();
        offsets.map(|one| (one.at.partition, one.next)).collect()
    }

    #[test]
    fn requests_of_several_partitions_are_done_at_once_and_again_without_effect() {
        let partitions = partitions();
        let begin = |partition, offset| {
            let partition = partitions.get("work", partition).unwrap();
            Completion::begin(partition, offset).unwrap()
        };
        let begun = [(0, 5), (1, 3), (1, 4), (0, 6)].map(|(at, offset)| begin(at, offset));
        let last = begin(0, 7);
        assert_eq!(committed(&partitions), []);
        Completion::parts_done(begun.iter());
        assert_eq!(committed(&partitions), [(0, 7), (1, 5)]);
        Completion::parts_done(begun.iter());
        begun[0].part_done();
        assert_eq!(committed(&partitions), [(0, 7), (1, 5)]);
        last.leave();
        assert_eq!(committed(&partitions), [(0, 7), (1, 5)]);
    }

    #[test]
    fn an_offset_that_was_read_before_begins_no_request() {
        let partitions = partitions();
        let partition = partitions.get("work", 0).unwrap();
        assert!(Completion::begin(Arc::clone(&partition), 5).is_ok());
        for offset in [4, 5] {
            let again = Completion::begin(Arc::clone(&partition), offset);
            assert!(Arc::ptr_eq(&again.unwrap_err(), &partition));
        }
    }
}
