//! Topics, partitions and the records in them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use antiphon::transport::{HeaderPairs, Headers, Record};
use bytes::Bytes;

use crate::history::At;

/// A record that is in the log.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) at: At,
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) body: Arc<Body>,
}

/// What a record says.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    pub(crate) headers: HeaderPairs,
}

/// A record on its way into a partition.
#[derive(Clone, Debug)]
pub(super) struct New {
    pub(super) body: Arc<Body>,
    pub(super) timestamp: i64,
    /// Producer and number, where the producer is idempotent.
    pub(super) sequence: Option<(u64, u64)>,
}

#[derive(Debug, Default)]
pub(super) struct Log {
    topics: BTreeMap<Arc<str>, Topic>,
    made: u64,
}

#[derive(Debug)]
struct Topic {
    /// A topic that is deleted and made anew is another one.
    number: u64,
    partitions: Vec<Partition>,
}

#[derive(Debug, Default)]
struct Partition {
    first: i64,
    records: VecDeque<Stored>,
    /// It has no leader until then.
    leaderless: Duration,
    /// The next number of each idempotent producer.
    expected: BTreeMap<u64, u64>,
}

/// What a reader finds from a position on.
#[derive(Debug)]
pub(super) enum Look {
    Records(Vec<Stored>),
    /// The position is the end.
    Nothing,
    NoLeader,
    /// What stood at the position is deleted; this is the oldest that is left.
    Expired(i64),
    /// The log ends before the position.
    PastEnd,
    Missing,
}

/// A partition does not take records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unwritable {
    Missing,
    NoLeader,
}

/// What tells whether a topic is still the one that it was: which it is, and how large.
pub(super) type Shape = Option<(u64, usize)>;

impl Log {
    /// False: it exists.
    pub(super) fn create(&mut self, name: &str, partitions: u32) -> bool {
        if self.topics.contains_key(name) {
            return false;
        }
        self.made += 1;
        let topic = Topic {
            number: self.made,
            partitions: (0..partitions).map(|_| Partition::default()).collect(),
        };
        self.topics.insert(name.into(), topic);
        true
    }

    pub(super) fn delete(&mut self, name: &str) -> bool {
        self.topics.remove(name).is_some()
    }

    /// Partitions are never taken away.
    pub(super) fn grow(&mut self, name: &str, partitions: usize) {
        if let Some(topic) = self.topics.get_mut(name)
            && topic.partitions.len() < partitions
        {
            topic.partitions.resize_with(partitions, Partition::default);
        }
    }

    pub(super) fn shape(&self, name: &str) -> Shape {
        let topic = self.topics.get(name)?;
        Some((topic.number, topic.partitions.len()))
    }

    pub(super) fn partitions(&self, name: &str) -> Option<u32> {
        let (_, partitions) = self.shape(name)?;
        u32::try_from(partitions).ok()
    }

    pub(super) fn topics(&self) -> impl Iterator<Item = (&Arc<str>, u32)> {
        let topics = self.topics.iter();
        topics.map(|(name, topic)| (name, u32::try_from(topic.partitions.len()).unwrap_or(0)))
    }

    /// The oldest offset, and the next to be written.
    pub(super) fn ends(&self, at: &At) -> Option<(i64, i64)> {
        let partition = self.partition(at)?;
        Some((partition.first, partition.end()))
    }

    pub(super) fn records(&self, at: &At) -> impl Iterator<Item = &Stored> {
        let partition = self.partition(at).into_iter();
        partition.flat_map(|partition| &partition.records)
    }

    /// Deletes what is older than `before`, as far as there is any.
    pub(super) fn expire(&mut self, at: &At, before: i64) {
        if let Some(partition) = self.partition_mut(at) {
            while partition.first < before && partition.records.pop_front().is_some() {
                partition.first += 1;
            }
        }
    }

    /// Nobody leads the partition until then.
    pub(super) fn move_leader(&mut self, at: &At, until: Duration) {
        if let Some(partition) = self.partition_mut(at) {
            partition.leaderless = partition.leaderless.max(until);
        }
    }

    pub(super) fn heal(&mut self) {
        let topics = self.topics.values_mut();
        for partition in topics.flat_map(|topic| &mut topic.partitions) {
            partition.leaderless = Duration::ZERO;
        }
    }

    /// Stores records in order; a number that an idempotent producer has used is not stored again.
    pub(super) fn append(&mut self, at: &At, new: &[New], now: Duration) -> Result<(), Unwritable> {
        let partition = self.partition_mut(at).ok_or(Unwritable::Missing)?;
        if now < partition.leaderless {
            return Err(Unwritable::NoLeader);
        }
        for one in new {
            if let Some((producer, number)) = one.sequence {
                let expected = partition.expected.entry(producer).or_insert(0);
                if number < *expected {
                    continue;
                }
                *expected = number + 1;
            }
            partition.records.push_back(Stored {
                at: at.clone(),
                offset: partition.end(),
                timestamp: one.timestamp,
                body: Arc::clone(&one.body),
            });
        }
        Ok(())
    }

    pub(super) fn look(&self, at: &At, from: i64, most: usize, now: Duration) -> Look {
        let Some(partition) = self.partition(at) else {
            return Look::Missing;
        };
        if now < partition.leaderless {
            return Look::NoLeader;
        }
        let Ok(skip) = usize::try_from(from - partition.first) else {
            return Look::Expired(partition.first);
        };
        if from > partition.end() {
            return Look::PastEnd;
        }
        let records: Vec<Stored> = partition
            .records
            .iter()
            .skip(skip)
            .take(most)
            .cloned()
            .collect();
        if records.is_empty() {
            Look::Nothing
        } else {
            Look::Records(records)
        }
    }

    fn partition(&self, at: &At) -> Option<&Partition> {
        let number = usize::try_from(at.partition).ok()?;
        self.topics.get(&at.topic)?.partitions.get(number)
    }

    fn partition_mut(&mut self, at: &At) -> Option<&mut Partition> {
        let number = usize::try_from(at.partition).ok()?;
        self.topics.get_mut(&at.topic)?.partitions.get_mut(number)
    }
}

impl Partition {
    fn end(&self) -> i64 {
        self.first + i64::try_from(self.records.len()).unwrap_or(i64::MAX)
    }
}

impl Stored {
    pub(super) fn view(&self) -> Record<'_> {
        Record {
            topic: &self.at.topic,
            partition: self.at.partition,
            offset: self.offset,
            timestamp: Some(self.timestamp),
            key: self.body.key.as_deref(),
            value: self.body.value.as_deref(),
            headers: &*self.body,
        }
    }
}

impl Headers for Body {
    fn for_each<'a>(&'a self, f: &mut dyn FnMut(&'a [u8], Option<&'a [u8]>) -> bool) {
        for (name, value) in &self.headers {
            if !f(name, value.as_deref()) {
                return;
            }
        }
    }
}
