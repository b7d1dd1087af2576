//! A wiretap: reads records as they stand in Kafka, without Antiphon.

use std::{
    fmt,
    time::{Duration, Instant},
};

use antiphon_kafka::{Batch, Consumer, ConsumerEvents, Error, Message, Properties};

use crate::failure::Failure;

/// How long the two records may take to be read.
const LIMIT: Duration = Duration::from_secs(10);

const CORRELATION_ID: &[u8] = b"correlation-id";

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.topic, self.partition, self.offset)
    }
}

/// A record as it stands.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) place: Place,
    pub(super) key: Option<Vec<u8>>,
    pub(super) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) value: Vec<u8>,
}

impl Seen {
    fn of(message: &Message<'_>) -> Self {
        let headers = message.headers();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.to_vec(), value.unwrap_or_default().to_vec()));
        Self {
            place: Place {
                topic: message.topic().to_owned(),
                partition: message.partition(),
                offset: message.offset(),
            },
            key: message.key().map(<[u8]>::to_vec),
            headers: headers.collect(),
            value: message.payload().unwrap_or_default().to_vec(),
        }
    }

    fn correlation_id(&self) -> Option<&[u8]> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(name, _)| name == CORRELATION_ID)?;
        Some(&found.1)
    }
}

/// Finds a reply by its place, and the request on `topic` that has the same correlation id. The
/// topic is new, so it is read from its beginning. Blocks.
pub(super) fn read(
    mut properties: Properties,
    topic: &str,
    partitions: u32,
    reply: &Place,
) -> Result<(Seen, Seen), Failure> {
    // Required by librdkafka; no group is joined.
    properties.set_default("group.id", "antiphon-demo-wiretap");
    let consumer = Consumer::new(&properties).map_err(failed)?;
    let mut from: Vec<(&str, i32, i64)> = vec![(&reply.topic, reply.partition, reply.offset)];
    let partitions = i32::try_from(partitions).unwrap_or(0);
    from.extend((0..partitions).map(|partition| (topic, partition, 0)));
    consumer.assign(&from).map_err(failed)?;
    let found = watch(&consumer, reply);
    drop(consumer.close(Duration::from_secs(1)));
    found
}

fn watch(consumer: &Consumer, reply: &Place) -> Result<(Seen, Seen), Failure> {
    let until = Instant::now() + LIMIT;
    let mut batch = Batch::with_capacity(100);
    let (mut answer, mut requests) = (None, Vec::new());
    while Instant::now() < until {
        consumer.poll_events(Duration::ZERO, &mut Ignore);
        consumer.fill(&mut batch, MOST, Duration::from_millis(20));
        for message in batch.iter().flatten() {
            let seen = Seen::of(&message);
            if seen.place == *reply {
                answer = Some(seen);
            } else if seen.place.topic != reply.topic && requests.len() < MOST {
                requests.push(seen);
            }
        }
        if let Some(answer) = &answer
            && let Some(request) = requests.iter().find(|one| belong(one, answer))
        {
            return Ok((request.clone(), answer.clone()));
        }
    }
    let why = "the request and its reply could not be read back from Kafka";
    Err(Failure::Unexpected(why.to_owned()))
}

/// How many records are looked at.
const MOST: usize = 100;

fn belong(request: &Seen, reply: &Seen) -> bool {
    reply.correlation_id().is_some() && request.correlation_id() == reply.correlation_id()
}

fn failed(source: Error) -> Failure {
    Failure::Kafka {
        what: "the wiretap does not work".to_owned(),
        source,
    }
}

/// Errors on the way are librdkafka's to repair; the time limit ends the rest.
struct Ignore;

impl ConsumerEvents for Ignore {
    fn error(&mut self, error: Error) {
        tracing::debug!(%error, "wiretap");
    }
}
