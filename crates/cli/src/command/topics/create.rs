//! `antiphon topics create`.

use std::{
    thread,
    time::{Duration, Instant},
};

use antiphon_kafka::{Admin, ErrorKind};

use super::{desired::DesiredTopic, lookup};
use crate::{
    command::admin::LIMIT,
    difference::Difference,
    failure::Failure,
    output::{Printer, topics as print},
    topics_error::TopicsError,
};

/// Interval between look-ups of a new topic, which the brokers learn of with a delay.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Creates topics one by one, up to the first failure.
pub(super) fn run(
    admin: &Admin,
    desired: &[DesiredTopic],
    printer: Printer,
) -> Result<(), Failure> {
    for desired in desired {
        let topic = &desired.topic;
        match admin.create_topic(topic, LIMIT) {
            Ok(()) => {
                let partitions = wait_until_seen(admin, &topic.name)?;
                print::created(printer, topic, partitions)?;
            }
            Err(error) if error.kind() == ErrorKind::TopicExists => {
                exists(admin, desired, printer)?;
            }
            Err(error) => return Err(TopicsError::refused("create", &topic.name, error).into()),
        }
    }
    Ok(())
}

/// The partition count of a new topic, once it is visible.
fn wait_until_seen(admin: &Admin, topic: &str) -> Result<u32, TopicsError> {
    let until = Instant::now() + LIMIT;
    loop {
        let seen = admin.partitions(topic, LIMIT);
        match seen.map_err(|error| TopicsError::refused("create", topic, error))? {
            Some(partitions) => return Ok(partitions),
            None if Instant::now() < until => thread::sleep(POLL_INTERVAL),
            None => {
                return Err(TopicsError::NotSeen {
                    verb: "create",
                    topic: topic.to_owned(),
                });
            }
        }
    }
}

fn exists(admin: &Admin, desired: &DesiredTopic, printer: Printer) -> Result<(), Failure> {
    let name = &desired.topic.name;
    let partitions = lookup::partitions(admin, name)?;
    let configs = lookup::configs(admin, name)?.unwrap_or_default();
    let differences = desired.differences(&partitions, &configs);
    let asked: Vec<_> = differences.iter().filter(|one| one.asked).collect();
    if asked.is_empty() {
        return print::exists(printer, name, partitions.len(), &differences);
    }
    let differences = asked.into_iter().map(sentence).collect::<Vec<_>>();
    Err(Failure::Topics(TopicsError::Differs {
        topic: name.clone(),
        differences: differences.join(", "),
    }))
}

fn sentence(difference: &Difference) -> String {
    let Difference {
        name,
        wanted,
        found,
        ..
    } = difference;
    format!("{name} is {found}, not {wanted}")
}
