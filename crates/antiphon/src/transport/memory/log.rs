use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;

use super::faults::{Dice, Fate, Faults};
use crate::transport::{HeaderPairs, Headers, Record};

/// Topics and what they hold.
#[derive(Debug, Default)]
pub(super) struct Log {
    topics: BTreeMap<Arc<str>, Vec<PartitionLog>>,
    dice: Dice,
}

/// A partition: the oldest records go when there are too many.
#[derive(Debug, Default)]
struct PartitionLog {
    first: i64,
    records: VecDeque<Arc<StoredRecord>>,
}

/// How many records a partition keeps.
const RETAINED: usize = 100_000;

/// A record that is in the log.
#[derive(Clone, Debug)]
pub struct StoredRecord {
    /// Topic name.
    pub topic: Arc<str>,
    /// Partition number.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
    /// Milliseconds since the Unix epoch.
    pub timestamp: Option<i64>,
    /// The key.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
    /// The headers, in order.
    pub headers: HeaderPairs,
    visible_at: Duration,
}

/// A record before it has a place.
#[derive(Clone, Debug)]
pub(super) struct NewRecord {
    pub(super) key: Option<Bytes>,
    pub(super) value: Option<Bytes>,
    pub(super) headers: HeaderPairs,
    pub(super) timestamp: Option<i64>,
    pub(super) visible_at: Duration,
}

/// What a reader finds from a position on.
pub(super) enum Look {
    Records(Vec<Arc<StoredRecord>>),
    /// Nothing yet; something at this time.
    Later(Duration),
    Nothing,
    /// The position has been deleted, or the topic.
    Gone,
}

impl StoredRecord {
    /// The first header of this name, if it has a value.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        let mut all = self.headers.iter();
        all.find(|(n, _)| n == name.as_bytes())?.1.as_ref()
    }

    pub(super) fn view(&self) -> Record<'_> {
        Record {
            topic: &self.topic,
            partition: self.partition,
            offset: self.offset,
            timestamp: self.timestamp,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: self,
        }
    }
}

impl Headers for StoredRecord {
    fn for_each<'a>(&'a self, f: &mut dyn FnMut(&'a [u8], Option<&'a [u8]>) -> bool) {
        for (name, value) in &self.headers {
            if !f(name, value.as_deref()) {
                return;
            }
        }
    }
}

impl Log {
    pub(super) fn create(&mut self, name: &str, partitions: u32) {
        self.topics
            .entry(name.into())
            .or_insert_with(|| (0..partitions).map(|_| PartitionLog::default()).collect());
    }

    pub(super) fn delete(&mut self, name: &str) {
        self.topics.remove(name);
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.topics.keys().map(ToString::to_string).collect()
    }

    pub(super) fn set_faults(&mut self, faults: Faults) {
        self.dice = Dice::new(faults);
    }

    /// How many records of a sender may wait.
    pub(super) fn queue(&self) -> usize {
        self.dice.queue()
    }

    pub(super) fn roll(&mut self) -> (Fate, Duration) {
        (self.dice.roll(), self.dice.delay())
    }

    pub(super) fn partitions(&self, topic: &str) -> Option<u32> {
        let partitions = self.topics.get(topic)?;
        u32::try_from(partitions.len()).ok()
    }

    pub(super) fn end(&self, topic: &str, partition: i32) -> Option<i64> {
        Some(self.partition(topic, partition)?.end())
    }

    /// The oldest offset, and the end.
    pub(super) fn ends(&self, topic: &str, partition: i32) -> Option<(i64, i64)> {
        let partition = self.partition(topic, partition)?;
        Some((partition.first, partition.end()))
    }

    pub(super) fn first(&self, topic: &str, partition: i32) -> Option<i64> {
        Some(self.partition(topic, partition)?.first)
    }

    pub(super) fn records(&self, topic: &str) -> Vec<StoredRecord> {
        let partitions = self.topics.get(topic).into_iter().flatten();
        let records = partitions.flat_map(|partition| &partition.records);
        records.map(|record| StoredRecord::clone(record)).collect()
    }

    pub(super) fn append(&mut self, topic: &str, partition: i32, new: NewRecord) -> Option<i64> {
        let (topic, partitions) = self
            .topics
            .get_key_value(topic)
            .map(|(name, _)| Arc::clone(name))
            .and_then(|name| Some((Arc::clone(&name), self.topics.get_mut(&name)?)))?;
        let log = partitions.get_mut(usize::try_from(partition).ok()?)?;
        let offset = log.end();
        // Records become readable in their order.
        let before = log.records.back().map_or(Duration::ZERO, |r| r.visible_at);
        log.records.push_back(Arc::new(StoredRecord {
            topic,
            partition,
            offset,
            timestamp: new.timestamp,
            key: new.key,
            value: new.value,
            headers: new.headers,
            visible_at: new.visible_at.max(before),
        }));
        if log.records.len() > RETAINED {
            log.records.pop_front();
            log.first += 1;
        }
        Some(offset)
    }

    pub(super) fn look(
        &self,
        topic: &str,
        partition: i32,
        from: i64,
        most: usize,
        now: Duration,
    ) -> Look {
        let Some(log) = self.partition(topic, partition) else {
            return Look::Gone;
        };
        let Ok(skip) = usize::try_from(from - log.first) else {
            return Look::Gone;
        };
        if from > log.end() {
            return Look::Gone;
        }
        let visible = log.records.iter().skip(skip);
        let visible: Vec<_> = visible
            .take_while(|record| record.visible_at <= now)
            .take(most)
            .map(Arc::clone)
            .collect();
        match log.records.get(skip) {
            _ if !visible.is_empty() => Look::Records(visible),
            Some(next) if next.visible_at > now => Look::Later(next.visible_at),
            _ => Look::Nothing,
        }
    }

    fn partition(&self, topic: &str, partition: i32) -> Option<&PartitionLog> {
        self.topics
            .get(topic)?
            .get(usize::try_from(partition).ok()?)
    }
}

impl PartitionLog {
    fn end(&self) -> i64 {
        self.first + i64::try_from(self.records.len()).unwrap_or(i64::MAX)
    }
}
