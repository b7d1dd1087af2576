//! The reply topic: its name, its creation, and this instance's partition of it.

use std::time::Duration;

use antiphon_proto::InstanceId;

use crate::{
    config::ReplyConfig,
    error::StartError,
    transport::{TopicSpec, Transport, TransportError, TransportErrorKind},
};

/// The configured name, else `<client group>.replies`.
pub(crate) fn topic_name(group: &str, reply: &ReplyConfig) -> String {
    reply
        .topic
        .clone()
        .unwrap_or_else(|| format!("{group}.replies"))
}

/// The configured partition, else one by the instance's random id.
pub(super) fn choose_partition(
    reply: &ReplyConfig,
    partitions: u32,
    instance: InstanceId,
) -> Result<i32, StartError> {
    let spread = instance.get() % u64::from(partitions.max(1));
    let partition = reply
        .partition
        .unwrap_or_else(|| i32::try_from(spread).unwrap_or(0));
    if reaches(partitions, partition) {
        return Ok(partition);
    }
    Err(StartError::config(format!(
        "reply partition {partition} is not one of the {partitions} that the reply topic has"
    )))
}

/// How many partitions the reply topic has. Creates the topic where that is allowed.
pub(super) async fn ensure(
    transport: &dyn Transport,
    topic: &str,
    reply: &ReplyConfig,
    timeout: Duration,
) -> Result<u32, TransportError> {
    if let Some(partitions) = transport.partitions(topic, timeout).await? {
        return Ok(partitions);
    }
    if !reply.create {
        let message = "the topic does not exist";
        return Err(TransportError::new(TransportErrorKind::UnknownTopic, message).at(topic, None));
    }
    let retention = reply.retention.as_millis().to_string();
    let spec = TopicSpec {
        name: topic.to_owned(),
        partitions: reply.partitions.max(1),
        replication: reply.replication,
        configs: vec![
            ("cleanup.policy".into(), "delete".into()),
            ("retention.ms".into(), retention),
        ],
    };
    transport.ensure_topic(&spec, timeout).await
}

pub(super) fn reaches(partitions: u32, partition: i32) -> bool {
    u32::try_from(partition).is_ok_and(|number| number < partitions)
}
