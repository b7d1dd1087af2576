//! The partitions that this instance owns, and how far each may be committed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use antiphon_proto::{Watermark, mutant};

use super::env::ServiceEnv;
use crate::transport::{PartitionOffset, TopicPartition};

/// One assignment of one partition. A partition that comes back after a rebalance is a new one.
///
/// Every request counts references to it; aligned so that those counts have a cache line of their
/// own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Partition {
    at: TopicPartition,
    env: Arc<ServiceEnv>,
    watermark: Mutex<Watermark>,
    /// No more of its requests are started.
    revoked: AtomicBool,
    /// Requests that were started and are left to the next owner.
    left: AtomicUsize,
}

impl Partition {
    fn new(at: TopicPartition, env: &Arc<ServiceEnv>) -> Self {
        Self {
            at,
            env: Arc::clone(env),
            watermark: Mutex::new(Watermark::new()),
            revoked: AtomicBool::new(false),
            left: AtomicUsize::new(0),
        }
    }

    pub(crate) fn at(&self) -> &TopicPartition {
        &self.at
    }

    pub(crate) fn env(&self) -> &ServiceEnv {
        &self.env
    }

    pub(crate) fn is(&self, topic: &str, partition: i32) -> bool {
        self.at.partition == partition && *self.at.topic == *topic
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Acquire)
    }

    /// A record has been read: returns its number. `None` when the record, or one after it, was read
    /// before.
    pub(crate) fn start(&self, offset: i64) -> Option<u64> {
        let mut watermark = self.watermark();
        let ascends = watermark.newest().is_none_or(|newest| newest < offset);
        ascends.then(|| watermark.start(offset))
    }

    /// These records need no more work. Only `Completion` calls this.
    pub(crate) fn done(&self, sequences: impl Iterator<Item = u64>) {
        let mut watermark = self.watermark();
        for sequence in sequences {
            watermark.done(sequence);
        }
    }

    /// A record that was started is neither done nor worked on any more.
    pub(crate) fn leave(&self) {
        self.left.fetch_add(1, Ordering::AcqRel);
    }

    /// Records between the oldest that is not done and the newest.
    pub(crate) fn span(&self) -> usize {
        self.watermark().span()
    }

    fn in_flight(&self) -> usize {
        let left = self.left.load(Ordering::Acquire);
        self.watermark().in_flight().saturating_sub(left)
    }

    fn take_commit(&self) -> Option<PartitionOffset> {
        let next = self.watermark().take_commit()?;
        if mutant!("nothing_committed") {
            return None;
        }
        let at = self.at.clone();
        Some(PartitionOffset { at, next })
    }

    /// Offers the last commit once more, since it may have been refused.
    fn offer_again(&self) {
        self.watermark().offer_again();
    }

    fn watermark(&self) -> MutexGuard<'_, Watermark> {
        self.watermark
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// All partitions of the current assignment.
#[derive(Debug)]
pub(crate) struct Partitions {
    owned: Mutex<BTreeMap<TopicPartition, Arc<Partition>>>,
    env: Arc<ServiceEnv>,
}

impl Partitions {
    pub(crate) fn new(env: Arc<ServiceEnv>) -> Self {
        Self {
            owned: Mutex::default(),
            env,
        }
    }

    /// Adds partitions. A group that rebalances refuses commits, also of partitions that stay, and
    /// nothing retries a commit in the background: so all offsets are offered once more.
    pub(crate) fn assign(&self, partitions: &[TopicPartition]) {
        let mut owned = self.owned();
        owned.values().for_each(|partition| partition.offer_again());
        for at in partitions {
            let partition = Partition::new(at.clone(), &self.env);
            let before = owned.insert(at.clone(), Arc::new(partition));
            if let Some(before) = before {
                before.revoked.store(true, Ordering::Release);
            }
        }
    }

    /// Replaces a partition that is still ours by a new one, and starts no more work on the old one.
    pub(crate) fn renew(&self, before: &Arc<Partition>) {
        let mut owned = self.owned();
        if let Some(current) = owned.get_mut(before.at())
            && Arc::ptr_eq(current, before)
        {
            *current = Arc::new(Partition::new(before.at().clone(), &self.env));
        }
        drop(owned);
        before.revoked.store(true, Ordering::Release);
    }

    pub(crate) fn get(&self, topic: &str, partition: i32) -> Option<Arc<Partition>> {
        let at = TopicPartition {
            topic: topic.into(),
            partition,
        };
        self.owned().get(&at).map(Arc::clone)
    }

    /// Starts no more work on these; returns them, for what still runs on them.
    pub(crate) fn revoke(&self, partitions: &[TopicPartition]) -> Vec<Arc<Partition>> {
        if mutant!("revoked_partition_goes_on") {
            return Vec::new();
        }
        let mut owned = self.owned();
        let gone = partitions.iter().filter_map(|at| owned.remove(at));
        gone.inspect(|partition| partition.revoked.store(true, Ordering::Release))
            .collect()
    }

    /// Calls `commit` with the offsets that have advanced since the last call, if any. No partition is
    /// revoked meanwhile, so its last offset is committed after this one, not before.
    pub(crate) fn commit(&self, commit: impl FnOnce(&[PartitionOffset])) {
        let owned = self.owned();
        let commits = take_commits(owned.values());
        if !commits.is_empty() {
            commit(&commits);
        }
    }

    /// All offsets that may be committed, also those that were offered before: the last ones.
    pub(crate) fn take_last_commits(&self) -> Vec<PartitionOffset> {
        take_last_commits(self.owned().values())
    }

    pub(crate) fn list(&self) -> Vec<TopicPartition> {
        self.owned().keys().cloned().collect()
    }

    fn owned(&self) -> MutexGuard<'_, BTreeMap<TopicPartition, Arc<Partition>>> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take_commits<'a>(
    partitions: impl IntoIterator<Item = &'a Arc<Partition>>,
) -> Vec<PartitionOffset> {
    let commits = partitions.into_iter().filter_map(|p| p.take_commit());
    commits.collect()
}

/// As [`take_commits`], with those that were offered before.
pub(crate) fn take_last_commits<'a>(
    partitions: impl IntoIterator<Item = &'a Arc<Partition>>,
) -> Vec<PartitionOffset> {
    take_commits(
        partitions
            .into_iter()
            .inspect(|partition| partition.offer_again()),
    )
}

pub(crate) fn all_idle(partitions: &[Arc<Partition>]) -> bool {
    partitions
        .iter()
        .all(|partition| partition.in_flight() == 0)
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread, time::Duration};

    use tokio::runtime::Builder;

    use super::*;
    use crate::transport::SystemClock;

    #[test]
    fn no_partition_is_revoked_while_its_offset_is_handed_over() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let clock = Arc::new(SystemClock::default());
        let env = ServiceEnv::new(clock, runtime.handle().clone(), "s");
        let partitions = Partitions::new(Arc::new(env));
        let at = TopicPartition {
            topic: "work".into(),
            partition: 0,
        };
        partitions.assign(std::slice::from_ref(&at));
        let partition = partitions.get("work", 0).unwrap();
        partition.done(partition.start(0).into_iter());
        let order = Mutex::new(Vec::new());
        let note = |what| order.lock().unwrap().push(what);
        thread::scope(|scope| {
            partitions.commit(|_| {
                let (begins, begun) = mpsc::sync_channel(1);
                scope.spawn(|| {
                    begins.send(()).unwrap();
                    drop(begins);
                    partitions.revoke(std::slice::from_ref(&at));
                    note("revoked");
                });
                begun.recv().unwrap();
                // Long enough for a revocation that nothing holds up.
                thread::sleep(Duration::from_millis(20));
                note("handed over");
            });
        });
        assert_eq!(*order.lock().unwrap(), ["handed over", "revoked"]);
    }
}
