//! Reads records from Kafka with a plain consumer, without Antiphon.

use std::{
    fmt,
    time::{Duration, Instant},
};

use antiphon_kafka::{Batch, Consumer, ConsumerEvents, Error, Message, Properties};

use crate::failure::Failure;

/// Time limit to read the two records.
const LIMIT: Duration = Duration::from_secs(10);

const CORRELATION_ID: &[u8] = b"correlation-id";

/// The position of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.topic, self.partition, self.offset)
    }
}

/// A record as stored in Kafka.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) position: Position,
    pub(super) key: Option<Vec<u8>>,
    pub(super) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) value: Vec<u8>,
}

impl Record {
    fn of(message: &Message<'_>) -> Self {
        let headers = message.headers();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.to_vec(), value.unwrap_or_default().to_vec()));
        Self {
            position: Position {
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

/// Finds a reply by its position, and the request on `topic` with the same correlation id. The topic
/// is new, so this reads it from the beginning. Blocks.
pub(super) fn read(
    mut properties: Properties,
    topic: &str,
    partitions: u32,
    reply: &Position,
) -> Result<(Record, Record), Failure> {
    // librdkafka requires a group id; this joins no group.
    properties.set_default("group.id", "antiphon-demo-reader");
    let consumer = Consumer::new(&properties).map_err(failed)?;
    let mut from: Vec<(&str, i32, i64)> = vec![(&reply.topic, reply.partition, reply.offset)];
    let partitions = i32::try_from(partitions).unwrap_or(0);
    from.extend((0..partitions).map(|partition| (topic, partition, 0)));
    consumer.assign(&from).map_err(failed)?;
    let found = watch(&consumer, reply);
    drop(consumer.close(Duration::from_secs(1)));
    found
}

fn watch(consumer: &Consumer, reply: &Position) -> Result<(Record, Record), Failure> {
    let until = Instant::now() + LIMIT;
    let mut batch = Batch::with_capacity(100);
    let (mut answer, mut requests) = (None, Vec::new());
    while Instant::now() < until {
        consumer.poll_events(Duration::ZERO, &mut Ignore);
        consumer.fill(&mut batch, MAX_RECORDS, Duration::from_millis(20));
        for message in batch.iter().flatten() {
            let record = Record::of(&message);
            if record.position == *reply {
                answer = Some(record);
            } else if record.position.topic != reply.topic && requests.len() < MAX_RECORDS {
                requests.push(record);
            }
        }
        if let Some(answer) = &answer
            && let Some(request) = requests.iter().find(|one| belongs_to(one, answer))
        {
            return Ok((request.clone(), answer.clone()));
        }
    }
    let why = "the request and its reply could not be read back from Kafka";
    Err(Failure::Unexpected(why.to_owned()))
}

/// The maximum number of records to read.
const MAX_RECORDS: usize = 100;

fn belongs_to(request: &Record, reply: &Record) -> bool {
    reply.correlation_id().is_some() && request.correlation_id() == reply.correlation_id()
}

fn failed(source: Error) -> Failure {
    Failure::Kafka {
        what: "cannot read the records back from Kafka".to_owned(),
        source,
    }
}

/// Ignores errors: librdkafka recovers from them, or the time limit ends the read.
struct Ignore;

impl ConsumerEvents for Ignore {
    fn error(&mut self, error: Error) {
        tracing::debug!(%error, "the consumer that reads the records reports an error");
    }
}
