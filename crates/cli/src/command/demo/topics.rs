//! Topics on brokers other than the embedded one. All functions block.

use std::{
    thread,
    time::{Duration, Instant},
};

use antiphon_kafka::{Admin, Error, ErrorKind, NewTopic, Properties, auto_create};

/// Partitions of a request topic.
pub(super) const PARTITIONS: i32 = 6;

/// Time limit of one operation.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// Creates a topic. An embedded broker of another process only creates topics automatically.
pub(super) fn create(properties: &Properties, name: String) -> Result<(), Error> {
    let topic = NewTopic {
        name,
        partitions: PARTITIONS,
        replication: -1,
        configs: Vec::new(),
    };
    match Admin::new(properties)?.create_topic(&topic, LIMIT) {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            auto_create(properties, &topic.name, LIMIT).map(drop)
        }
        created => created,
    }
}

/// Deletes the topics that exist, waits until they are gone, and returns a summary.
pub(super) fn delete(properties: &Properties, topics: &[String]) -> Result<String, Error> {
    let admin = Admin::new(properties)?;
    let mut deleted = Vec::new();
    for topic in topics {
        match admin.delete_topic(topic, LIMIT) {
            Ok(()) => deleted.push(topic.as_str()),
            Err(error) if error.kind() == ErrorKind::UnknownTopic => {}
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                let why = "These brokers cannot delete topics; the topics are gone when the brokers stop.";
                return Ok(why.to_owned());
            }
            Err(error) => return Err(error),
        }
    }
    let until = Instant::now() + LIMIT;
    for topic in &deleted {
        while admin.partitions(topic, LIMIT)?.is_some() && Instant::now() < until {
            thread::sleep(POLL_INTERVAL);
        }
    }
    Ok(format!("Deleted these topics:\n  {}", deleted.join("\n  ")))
}

/// Interval between look-ups of a deleted topic, which the brokers learn of with a delay.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
