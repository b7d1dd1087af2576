//! What the tests share.

use std::time::{Duration, Instant};

use antiphon_kafka::{
    Batch, Consumer, ConsumerEvents, EmbeddedBroker, EmbeddedConfig, Error, ErrorKind, Outgoing,
    Partition, Producer, ProducerEvent, Properties, Reports, embedded_profile,
};

/// How long anything may take before a test fails.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// How long one look at a client waits.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

pub(crate) fn broker() -> EmbeddedBroker {
    EmbeddedBroker::start(EmbeddedConfig::default()).unwrap()
}

/// Properties for clients of the broker.
pub(crate) fn properties(broker: &EmbeddedBroker) -> Properties {
    let mut properties: Properties = embedded_profile().iter().copied().collect();
    properties.set("bootstrap.servers", broker.bootstrap_servers());
    properties.set("reconnect.backoff.max.ms", "200");
    properties
}

pub(crate) fn producer(broker: &EmbeddedBroker) -> Producer {
    Producer::new(&properties(broker), Reports::All).unwrap()
}

/// A consumer that assigns by hand.
pub(crate) fn reader(broker: &EmbeddedBroker) -> Consumer {
    let mut properties = properties(broker);
    properties
        .set("group.id", "reader")
        .set("auto.offset.reset", "error");
    Consumer::new(&properties).unwrap()
}

/// Looks until the condition holds; each look should wait a little by itself.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < end, "not in time: {what}");
    }
}

/// Sends values to partition 0, with the index as the token.
pub(crate) fn send_all(producer: &Producer, topic: &str, values: &[String]) {
    let topic = producer.topic(topic).unwrap();
    for (token, value) in (0..).zip(values) {
        let value = Some(value.as_bytes());
        let record = Outgoing {
            topic: &topic,
            partition: 0,
            key: None,
            value,
            headers: &[] as &[(&str, _)],
            token,
        };
        producer.send(&record).unwrap();
    }
}

/// A report that outlives its batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivered {
    pub(crate) token: u64,
    pub(crate) certainty: antiphon_kafka::Certainty,
    pub(crate) error: Option<antiphon_kafka::Failure>,
    pub(crate) offset: i64,
    pub(crate) appended: Option<i64>,
}

/// Polls until there are that many reports.
pub(crate) fn reports(producer: &Producer, count: usize) -> Vec<Delivered> {
    let mut seen = Vec::new();
    until("delivery reports", || {
        producer.poll_events(LOOK, &mut |event| {
            if let ProducerEvent::Reports(batch) = event {
                seen.extend(batch.map(|report| Delivered {
                    token: report.token,
                    certainty: report.certainty,
                    error: report.error,
                    offset: report.offset,
                    appended: report.log_append_time(),
                }));
            }
        });
        seen.len() >= count
    });
    seen
}

/// Takes records until there are that many, as text.
pub(crate) fn read(consumer: &Consumer, count: usize) -> Vec<String> {
    let mut batch = Batch::with_capacity(100);
    let mut seen = Vec::new();
    until("records", || {
        consumer.poll_events(Duration::ZERO, &mut Seen::default());
        consumer.fill(&mut batch, 100, LOOK);
        for message in batch.iter() {
            seen.push(String::from_utf8(message.unwrap().payload().unwrap().to_vec()).unwrap());
        }
        seen.len() >= count
    });
    seen
}

pub(crate) fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|index| format!("{prefix}{index}")).collect()
}

/// Remembers what a consumer told.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) held: Vec<Partition>,
    pub(crate) revocations: usize,
    pub(crate) errors: Vec<Error>,
    pub(crate) committed: Vec<(String, i32, i64)>,
    /// Committed whenever partitions are taken away.
    pub(crate) to_commit: Vec<(String, i32, i64)>,
    /// How often that was refused because members were joining just then.
    pub(crate) refused: usize,
}

impl ConsumerEvents for Seen {
    fn assigned(&mut self, _: &Consumer, partitions: &[Partition]) {
        self.held.extend_from_slice(partitions);
    }

    fn revoked(&mut self, consumer: &Consumer, partitions: &[Partition], lost: bool) {
        self.revocations += 1;
        self.held.retain(|held| !partitions.contains(held));
        if !lost {
            match consumer.commit(&self.to_commit, LIMIT) {
                Err(error) if error.kind() == ErrorKind::StaleMember => self.refused += 1,
                committed => committed.unwrap(),
            }
        }
    }

    fn error(&mut self, error: Error) {
        self.errors.push(error);
    }

    fn committed(&mut self, result: Result<&[(String, i32, i64)], Error>) {
        self.committed.extend_from_slice(result.unwrap());
    }
}
