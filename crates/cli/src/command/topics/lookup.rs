//! Partitions and settings of a topic, from the brokers.

use antiphon_kafka::{Admin, ConfigEntry, ErrorKind, PartitionInfo};

use crate::{command::admin::LIMIT, topics_error::TopicsError};

/// The partitions of a topic. It must exist.
pub(super) fn partitions(admin: &Admin, topic: &str) -> Result<Vec<PartitionInfo>, TopicsError> {
    let found = admin.describe_topic(topic, LIMIT);
    let found = found.map_err(|error| TopicsError::refused("describe", topic, error))?;
    found.ok_or_else(|| TopicsError::Unknown(topic.to_owned()))
}

/// The settings of a topic. `None` for an embedded broker, which has none.
pub(super) fn configs(admin: &Admin, topic: &str) -> Result<Option<Vec<ConfigEntry>>, TopicsError> {
    match admin.config_entries(topic, LIMIT) {
        Ok(entries) => Ok(Some(entries)),
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
        Err(error) => Err(TopicsError::refused("describe", topic, error)),
    }
}
