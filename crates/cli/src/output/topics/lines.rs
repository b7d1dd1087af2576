//! Topics as JSON objects.

use antiphon_kafka::{ConfigEntry, ConfigSource, PartitionInfo};
use serde::Serialize;

/// The result of an operation on a topic.
#[derive(Serialize)]
pub(super) struct OutcomeLine<'a> {
    pub(super) r#type: &'static str,
    pub(super) topic: &'a str,
    pub(super) outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) partitions: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) differences: Vec<DifferenceItem<'a>>,
}

#[derive(Serialize)]
pub(super) struct DifferenceItem<'a> {
    pub(super) name: &'a str,
    pub(super) default: &'a str,
    pub(super) found: &'a str,
}

#[derive(Serialize)]
pub(super) struct TopicLine<'a> {
    pub(super) r#type: &'static str,
    pub(super) topic: &'a str,
    pub(super) partitions: Vec<PartitionItem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) configs: Option<Vec<ConfigItem<'a>>>,
}

#[derive(Serialize)]
pub(super) struct PartitionItem<'a> {
    pub(super) partition: i32,
    pub(super) leader: Option<i32>,
    pub(super) replicas: &'a [i32],
    pub(super) in_sync: &'a [i32],
}

#[derive(Serialize)]
pub(super) struct ConfigItem<'a> {
    pub(super) name: &'a str,
    pub(super) value: Option<&'a str>,
    pub(super) source: &'static str,
}

impl<'a> OutcomeLine<'a> {
    pub(super) fn of(topic: &'a str, outcome: &'static str) -> Self {
        Self {
            r#type: "topic",
            topic,
            outcome,
            partitions: None,
            differences: Vec::new(),
        }
    }
}

impl<'a> TopicLine<'a> {
    pub(super) fn of(
        topic: &'a str,
        partitions: &'a [PartitionInfo],
        configs: Option<&'a [ConfigEntry]>,
    ) -> Self {
        let partitions = partitions.iter().map(|one| PartitionItem {
            partition: one.id,
            leader: one.leader,
            replicas: &one.replicas,
            in_sync: &one.in_sync,
        });
        let item = |entry: &'a ConfigEntry| ConfigItem {
            name: &entry.name,
            value: entry.value.as_deref(),
            source: source(entry.source),
        };
        Self {
            r#type: "topic",
            topic,
            partitions: partitions.collect(),
            configs: configs.map(|all| all.iter().map(item).collect()),
        }
    }
}

/// The source of a setting, in text and in JSON.
pub(super) fn source(source: ConfigSource) -> &'static str {
    match source {
        ConfigSource::Topic => "topic",
        ConfigSource::Broker => "broker",
        ConfigSource::Default => "default",
        _ => "unknown",
    }
}
