//! The request topics that a client knows, and the choice of a partition.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_proto::partition_for_key;
use arc_swap::ArcSwap;
use rand::Rng;

use crate::{metrics::TargetMetrics, transport::TopicRef};

/// A request topic.
///
/// Every call counts a reference to it; aligned so that those counts have a cache line of their own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Target {
    pub(crate) index: u32,
    pub(crate) topic: TopicRef,
    pub(crate) metrics: TargetMetrics,
    load: ArcSwap<Vec<Load>>,
    /// When the partition count was asked for, in milliseconds of the client's clock.
    checked_ms: AtomicU64,
    /// The brokers said that it does not exist (any more): to be asked again.
    gone: AtomicBool,
}

/// How many of this client's calls are in flight on one partition.
type Load = Arc<AtomicU32>;

/// One more call in flight on a partition; dropping it is one less.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) target: Arc<Target>,
    pub(crate) partition: i32,
    /// None on a topic of one partition: there is nothing to balance.
    load: Option<Load>,
}

impl Target {
    pub(crate) fn new(index: u32, topic: TopicRef, partitions: u32, now: Duration) -> Self {
        Self {
            index,
            metrics: TargetMetrics::new(topic.name()),
            topic,
            load: ArcSwap::from_pointee(fresh_load(partitions)),
            checked_ms: AtomicU64::new(millis(now)),
            gone: AtomicBool::new(false),
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        self.topic.name()
    }

    /// True for one caller per `ttl`, who then asks for the partition count.
    pub(crate) fn due(&self, now: Duration, ttl: Duration) -> bool {
        let checked = self.checked_ms.load(Ordering::Relaxed);
        let now = millis(now);
        now.saturating_sub(checked) >= millis(ttl)
            && self
                .checked_ms
                .compare_exchange(checked, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    pub(crate) fn mark_gone(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    /// Takes a new partition count in. Calls in flight stay counted where they are.
    pub(crate) fn resize(&self, partitions: u32) {
        self.load.rcu(|load| {
            let mut load = Vec::clone(load);
            load.resize_with(partitions.max(1) as usize, Load::default);
            load
        });
        self.gone.store(false, Ordering::Relaxed);
    }

    /// Chooses the partition: by key as Java clients do, else the less loaded of two random ones.
    pub(crate) fn place(self: Arc<Self>, key: Option<&[u8]>) -> Placed {
        let load = self.load.load();
        let count = u32::try_from(load.len()).unwrap_or(u32::MAX);
        let partition = match key {
            _ if count < 2 => 0,
            Some(key) => partition_for_key(key, count),
            None => less_loaded(&load, count),
        };
        let load = (count > 1).then(|| Arc::clone(&load[partition as usize]));
        if let Some(load) = &load {
            load.fetch_add(1, Ordering::Relaxed);
        }
        Placed {
            target: self,
            partition: i32::try_from(partition).unwrap_or(0),
            load,
        }
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if let Some(load) = &self.load {
            load.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn less_loaded(load: &[Load], count: u32) -> u32 {
    let mut random = rand::rng();
    let first = random.random_range(0..count);
    // Two different ones: the second is drawn from the others.
    let second = (first + random.random_range(1..count)) % count;
    let of = |partition: u32| load[partition as usize].load(Ordering::Relaxed);
    if of(second) < of(first) {
        second
    } else {
        first
    }
}

/// At least one partition, so that there always is one to choose.
fn fresh_load(partitions: u32) -> Vec<Load> {
    (0..partitions.max(1)).map(|_| Load::default()).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// All targets, found by name and, for listings, by index. Bounded by the client's `max_topics`.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    /// Read by every call, replaced as a whole by the few that add.
    map: ArcSwap<TargetMap>,
    adding: Mutex<()>,
}

#[derive(Clone, Debug, Default)]
struct TargetMap {
    by_name: HashMap<Arc<str>, Arc<Target>, foldhash::fast::RandomState>,
    by_index: Vec<Arc<Target>>,
}

impl Targets {
    /// A topic that is known to exist.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Target>> {
        let map = self.map.load();
        let known = map.by_name.get(name)?;
        (!known.is_gone()).then(|| Arc::clone(known))
    }

    pub(crate) fn name_of(&self, index: u32) -> Option<Arc<str>> {
        let map = self.map.load();
        let target = map.by_index.get(index as usize)?;
        Some(Arc::clone(target.name()))
    }

    /// Adds a target unless another caller has been faster; `None` when the limit is reached.
    pub(crate) fn add(
        &self,
        topic: TopicRef,
        partitions: u32,
        limit: u32,
        now: Duration,
    ) -> Option<Arc<Target>> {
        let _alone = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut map = TargetMap::clone(&self.map.load());
        if let Some(known) = map.by_name.get(topic.name()) {
            known.resize(partitions);
            return Some(Arc::clone(known));
        }
        let index = u32::try_from(map.by_index.len()).ok()?;
        if index >= limit {
            return None;
        }
        let target = Arc::new(Target::new(index, topic, partitions, now));
        map.by_name
            .insert(Arc::clone(target.name()), Arc::clone(&target));
        map.by_index.push(Arc::clone(&target));
        self.map.store(Arc::new(map));
        Some(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(partitions: u32) -> Arc<Target> {
        let topic = TopicRef::new("orders", Arc::new(()));
        Arc::new(Target::new(0, topic, partitions, Duration::ZERO))
    }

    #[test]
    fn keyless_calls_spread_evenly_by_what_is_in_flight() {
        let target = target(8);
        let placed: Vec<_> = (0..8_000)
            .map(|_| Arc::clone(&target).place(None))
            .collect();
        let mut per_partition = [0_u32; 8];
        for one in &placed {
            per_partition[usize::try_from(one.partition).unwrap()] += 1;
        }
        // Two random choices keep the imbalance near log log n; a single one would be off by 90.
        assert!(
            per_partition.iter().all(|n| n.abs_diff(1_000) < 20),
            "{per_partition:?}"
        );
    }

    #[test]
    fn keyed_calls_land_where_java_puts_them() {
        // murmur2("foobar") = -790332482, made positive, modulo 7.
        let expected = (0x7fff_ffff & -790_332_482_i32) % 7;
        assert_eq!(target(7).place(Some(b"foobar")).partition, expected);
    }

    #[test]
    fn a_finished_call_is_no_longer_counted() {
        let target = target(2);
        let count = || {
            let load = target.load.load();
            load.iter()
                .map(|one| one.load(Ordering::Relaxed))
                .sum::<u32>()
        };
        let placed = Arc::clone(&target).place(None);
        assert_eq!(count(), 1);
        drop(placed);
        assert_eq!(count(), 0);
    }

    #[test]
    fn only_one_caller_refreshes_an_old_count() {
        let target = target(1);
        let ttl = Duration::from_secs(30);
        assert!(!target.due(Duration::from_secs(29), ttl));
        assert!(target.due(Duration::from_secs(30), ttl));
        assert!(!target.due(Duration::from_secs(30), ttl));
    }
}
