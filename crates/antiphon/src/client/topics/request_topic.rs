//! A request topic: its partition count, and the choice of a partition for a call.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_proto::partition_for_key;
use arc_swap::ArcSwap;

use crate::{telemetry::metrics::TopicMetrics, transport::TopicRef};

/// A request topic. Once known it stays for the client's life, so that calls can borrow it.
#[derive(Debug)]
pub(crate) struct RequestTopic {
    pub(crate) index: u32,
    pub(crate) topic: TopicRef,
    pub(crate) metrics: TopicMetrics,
    load: ArcSwap<Vec<Load>>,
    /// There is more than one partition to choose from.
    choice: AtomicBool,
    /// When the partition count was asked for, in milliseconds of the client's clock.
    checked_ms: AtomicU64,
    /// The brokers said that the topic does not exist, or no longer: the next call asks again.
    gone: AtomicBool,
}

/// How many of this client's calls are in flight on one partition.
type Load = Arc<AtomicU32>;

/// One more call in flight on a partition; dropping it is one less.
#[derive(Debug, Default)]
pub(crate) struct PartitionLease {
    pub(crate) partition: i32,
    /// None on a topic of one partition: there is nothing to balance.
    load: Option<Load>,
}

impl RequestTopic {
    pub(crate) fn new(index: u32, topic: TopicRef, partitions: u32, now: Duration) -> Self {
        Self {
            index,
            metrics: TopicMetrics::new(topic.name()),
            topic,
            load: ArcSwap::from_pointee(fresh_load(partitions)),
            choice: AtomicBool::new(partitions > 1),
            checked_ms: AtomicU64::new(millis(now)),
            gone: AtomicBool::new(false),
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        self.topic.name()
    }

    /// True for one caller per `ttl`, which then asks for the partition count.
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

    /// Sets a new partition count. Calls in flight stay counted where they are.
    pub(crate) fn resize(&self, partitions: u32) {
        self.load.rcu(|load| {
            let mut load = Vec::clone(load);
            load.resize_with(partitions.max(1) as usize, Load::default);
            load
        });
        self.choice.store(partitions > 1, Ordering::Relaxed);
        self.gone.store(false, Ordering::Relaxed);
    }

    /// Chooses the partition: by key as Java clients do, else the less loaded of two random ones.
    /// Of `random` the lowest 48 bits count.
    pub(crate) fn lease(&self, key: Option<&[u8]>, random: u64) -> PartitionLease {
        if !self.choice.load(Ordering::Relaxed) {
            return PartitionLease {
                partition: 0,
                load: None,
            };
        }
        let load = self.load.load();
        let count = u32::try_from(load.len()).unwrap_or(u32::MAX);
        let partition = match key {
            // It had more a moment ago.
            _ if count < 2 => 0,
            Some(key) => partition_for_key(key, count),
            None => less_loaded(&load, count, random),
        };
        let load = (count > 1).then(|| Arc::clone(&load[partition as usize]));
        if let Some(load) = &load {
            load.fetch_add(1, Ordering::Relaxed);
        }
        PartitionLease {
            partition: i32::try_from(partition).unwrap_or(0),
            load,
        }
    }
}

impl Drop for PartitionLease {
    fn drop(&mut self) {
        if let Some(load) = &self.load {
            load.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn less_loaded(load: &[Load], count: u32, random: u64) -> u32 {
    let first = share(random, count);
    // Two different ones: the second is drawn from the others.
    let second = (first + 1 + share(random >> 24, count - 1)) % count;
    let of = |partition: u32| load[partition as usize].load(Ordering::Relaxed);
    if of(second) < of(first) {
        second
    } else {
        first
    }
}

/// Maps 24 random bits to a number below `count`; below 2²⁴ all come about as often.
fn share(random: u64, count: u32) -> u32 {
    let share = ((random & 0x00ff_ffff) * u64::from(count)) >> 24;
    u32::try_from(share).unwrap_or(0)
}

/// At least one partition, so that there always is one to choose.
fn fresh_load(partitions: u32) -> Vec<Load> {
    (0..partitions.max(1)).map(|_| Load::default()).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use rand::Rng as _;

    use super::*;

    fn topic(partitions: u32) -> Arc<RequestTopic> {
        let topic = TopicRef::new("orders", Arc::new(()));
        Arc::new(RequestTopic::new(0, topic, partitions, Duration::ZERO))
    }

    #[test]
    fn keyless_calls_spread_evenly_by_what_is_in_flight() {
        let topic = topic(8);
        let leases: Vec<_> = (0..8_000)
            .map(|_| topic.lease(None, rand::rng().random()))
            .collect();
        let mut per_partition = [0_u32; 8];
        for one in &leases {
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
        assert_eq!(topic(7).lease(Some(b"foobar"), 0).partition, expected);
    }

    #[test]
    fn a_finished_call_is_no_longer_counted() {
        let topic = topic(2);
        let count = || {
            let load = topic.load.load();
            load.iter()
                .map(|one| one.load(Ordering::Relaxed))
                .sum::<u32>()
        };
        let leases = topic.lease(None, 0);
        assert_eq!(count(), 1);
        drop(leases);
        assert_eq!(count(), 0);
    }

    #[test]
    fn only_one_caller_refreshes_an_old_count() {
        let topic = topic(1);
        let ttl = Duration::from_secs(30);
        assert!(!topic.due(Duration::from_secs(29), ttl));
        assert!(topic.due(Duration::from_secs(30), ttl));
        assert!(!topic.due(Duration::from_secs(30), ttl));
    }
}
