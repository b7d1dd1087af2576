//! Topics on brokers that are not our own. Everything here waits for them.

use std::{
    thread,
    time::{Duration, Instant},
};

use antiphon_kafka::{Admin, Error, ErrorKind, NewTopic, Properties, auto_create};

/// How many partitions the request topics have, where that is up to us.
pub(super) const PARTITIONS: i32 = 6;

/// How long one operation may take.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// An embedded broker of another process makes topics only by itself.
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

/// Deletes the topics that are there, waits until they are gone, and says what it did.
pub(super) fn delete(properties: &Properties, topics: &[String]) -> Result<String, Error> {
    let admin = Admin::new(properties)?;
    let mut deleted = Vec::new();
    for topic in topics {
        match admin.delete_topic(topic, LIMIT) {
            Ok(()) => deleted.push(topic.as_str()),
            Err(error) if error.kind() == ErrorKind::UnknownTopic => {}
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                let why = "These brokers do not delete topics; they go when the brokers stop.";
                return Ok(why.to_owned());
            }
            Err(error) => return Err(error),
        }
    }
    let until = Instant::now() + LIMIT;
    for topic in &deleted {
        while admin.partitions(topic, LIMIT)?.is_some() && Instant::now() < until {
            thread::sleep(LOOK_AGAIN);
        }
    }
    Ok(format!("Deleted these topics:\n  {}", deleted.join("\n  ")))
}

/// How often a topic that has been deleted is looked for: brokers hear of it a little later.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
