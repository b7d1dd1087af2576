//! What the log held at the end: every topic of a run from its first offset, and what groups have committed. It knows
//! nothing of the product, and goes to the brokers past the proxies.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_kafka::{Batch, Consumer, Message, Partition, Properties};
use antiphon_proto::{HeadLimits, ReplyHead, header};
use antiphon_testbed::reason::{Attempt, Because as _};

use super::{child::Topics, place::ANSWER};
use crate::history::{At, Event, Key, RecordKind, Recorder, ReplyPayload, RequestPayload};

/// How long a partition may give nothing before it counts as unreadable.
const SILENCE: Duration = Duration::from_secs(30);

/// Records that are taken at once.
const BATCH: usize = 1_000;

/// Reads the topics of one run.
#[derive(Debug)]
pub(super) struct Truth<'a> {
    servers: String,
    topics: &'a Topics,
    key: Key,
    /// Topics of others.
    before: Vec<String>,
}

/// Where a partition begins, and where it ended when it was asked.
#[derive(Clone, Debug)]
struct Range {
    at: At,
    first: i64,
    next: i64,
}

impl<'a> Truth<'a> {
    /// To be made before the run has topics: those that are there now are not its own.
    pub(super) fn new(servers: String, topics: &'a Topics, key: Key) -> Attempt<Self> {
        let mut truth = Self {
            servers,
            topics,
            key,
            before: Vec::new(),
        };
        truth.before = truth.all()?;
        Ok(truth)
    }

    /// The topics that came into being during the run, whoever made them.
    fn all(&self) -> Attempt<Vec<String>> {
        let topics = self
            .consumer("truth")?
            .topics(ANSWER)
            .because("the topics")?;
        let names = topics.into_iter().map(|topic| topic.name);
        let ours = names.filter(|name| !name.starts_with("__") && !self.before.contains(name));
        Ok(ours.collect())
    }

    /// How many records each group has before it, all partitions together.
    pub(super) fn lag(&self) -> Attempt<i64> {
        let mut lag = 0;
        for (topic, group) in self.topics.groups() {
            let ranges = self.ranges(&self.consumer(group)?, topic)?;
            let committed = self.committed(topic, group, &ranges)?;
            for range in ranges {
                let done = committed
                    .get(&range.at.partition)
                    .copied()
                    .unwrap_or(range.first);
                lag += range.next - done;
            }
        }
        Ok(lag)
    }

    /// Writes all of it down.
    pub(super) fn record(&self, history: &impl Recorder) -> Attempt<()> {
        for topic in &self.all()? {
            let consumer = self.consumer("truth")?;
            let ranges = self.ranges(&consumer, topic)?;
            // That the canary exists is no offence, only that it holds something.
            if *topic != self.topics.canary || ranges.iter().any(|range| range.next > 0) {
                history.record(Event::Topic {
                    name: topic.as_str().into(),
                    partitions: u32::try_from(ranges.len()).unwrap_or(u32::MAX),
                });
            }
            for range in &ranges {
                history.record(Event::Range {
                    at: range.at.clone(),
                    first: range.first,
                    next: range.next,
                });
            }
            self.read(&consumer, ranges, history)?;
        }
        for (topic, group) in self.topics.groups() {
            let ranges = self.ranges(&self.consumer(group)?, topic)?;
            for (partition, next) in self.committed(topic, group, &ranges)? {
                let at = At {
                    topic: topic.into(),
                    partition,
                };
                let group = group.into();
                history.record(Event::Committed { group, at, next });
            }
        }
        Ok(())
    }

    fn consumer(&self, group: &str) -> Attempt<Consumer> {
        let mut properties = Properties::new();
        properties.set("bootstrap.servers", &self.servers);
        properties.set("client.id", "truth");
        properties.set("group.id", group);
        properties.set("auto.offset.reset", "error");
        properties.set("check.crcs", "true");
        Consumer::new(&properties).because("a reader of the truth")
    }

    fn ranges(&self, consumer: &Consumer, topic: &str) -> Attempt<Vec<Range>> {
        let partitions = consumer.partitions(topic, ANSWER).because(topic)?;
        let partitions = partitions.ok_or_else(|| format!("there is no topic {topic}"))?;
        let name: Arc<str> = topic.into();
        let partitions = 0..i32::try_from(partitions).unwrap_or(0);
        let ranges = partitions.map(|partition| {
            let (first, next) = consumer
                .watermarks(topic, partition, ANSWER)
                .because(topic)?;
            let at = At {
                topic: Arc::clone(&name),
                partition,
            };
            Ok(Range { at, first, next })
        });
        ranges.collect()
    }

    fn committed(&self, topic: &str, group: &str, ranges: &[Range]) -> Attempt<HashMap<i32, i64>> {
        let of = |range: &Range| Partition {
            topic: topic.to_owned(),
            partition: range.at.partition,
        };
        let all: Vec<_> = ranges.iter().map(of).collect();
        let committed = self
            .consumer(group)?
            .committed(&all, ANSWER)
            .because(group)?;
        let known = committed
            .into_iter()
            .filter_map(|(_, partition, next)| Some((partition, next?)));
        Ok(known.collect())
    }

    /// All records that stood there when the ranges were asked for.
    fn read(
        &self,
        consumer: &Consumer,
        ranges: Vec<Range>,
        history: &impl Recorder,
    ) -> Attempt<()> {
        let mut left: Vec<_> = ranges
            .into_iter()
            .filter(|range| range.first < range.next)
            .collect();
        let from = left
            .iter()
            .map(|range| (&*range.at.topic, range.at.partition, range.first));
        consumer
            .assign(&from.collect::<Vec<_>>())
            .because("reading the truth")?;
        let mut batch = Batch::with_capacity(BATCH);
        let mut heard = Instant::now();
        while !left.is_empty() {
            if consumer.fill(&mut batch, BATCH, Duration::from_millis(100)) > 0 {
                heard = Instant::now();
            } else if heard.elapsed() > SILENCE {
                let at = left.first().map(|range| range.at.clone());
                return Err(format!("{at:?} could not be read to its end"));
            }
            for message in batch.iter().flatten() {
                let next = message.offset() + 1;
                let range = left
                    .iter_mut()
                    .find(|range| range.at.partition == message.partition());
                let Some(range) = range.filter(|range| message.offset() < range.next) else {
                    continue;
                };
                history.record(self.event(&message, &range.at));
                range.first = next;
            }
            left.retain(|range| range.first < range.next);
        }
        Ok(())
    }

    fn event(&self, message: &Message<'_>, at: &At) -> Event {
        let value = message.payload().unwrap_or_default();
        let is_request = self.topics.requests().contains(&&*at.topic);
        let kind = if is_request {
            RequestPayload::decode(value).map(|request| RecordKind::Request(request.call))
        } else {
            let reply = ReplyPayload::decode(value);
            let reply = reply.map(|reply| RecordKind::Reply(reply.facts(self.key)));
            reply.or_else(|| is_error(message).then_some(RecordKind::ErrorReply))
        };
        let id = message
            .headers()
            .last(header::CORRELATION_ID.as_bytes())
            .flatten();
        Event::Record {
            at: at.clone(),
            offset: message.offset(),
            kind: kind.unwrap_or(RecordKind::Other),
            id: id.map(|id| String::from_utf8_lossy(id).into()),
        }
    }
}

fn is_error(message: &Message<'_>) -> bool {
    let headers = message.headers();
    let head = ReplyHead::decode(headers.iter(), HeadLimits::default());
    head.is_ok_and(|head| head.status().is_some())
}
