//! The pinned path: this instance assigns itself one partition of the reply topic and reads it from
//! its end. It joins no group, so nothing is rebalanced.

use std::{sync::Arc, time::Duration};

use antiphon_proto::InstanceId;
use futures::future::BoxFuture;

use super::{
    Opener,
    topic::{choose_partition, ensure, reaches},
};
use crate::{
    config::ReplyConfig,
    error::StartError,
    transport::{RecordSink, Start, Subscription, Transport, TransportError, TransportErrorKind},
};

/// How long a reply topic that was deleted may take to come back, at each try.
const ENSURE: Duration = Duration::from_secs(5);

pub(crate) struct Pinned {
    transport: Arc<dyn Transport>,
    topic: Arc<str>,
    config: ReplyConfig,
    instance: InstanceId,
}

impl Pinned {
    pub(crate) fn new(
        transport: &Arc<dyn Transport>,
        topic: Arc<str>,
        config: &ReplyConfig,
        instance: InstanceId,
    ) -> Self {
        Self {
            transport: Arc::clone(transport),
            topic,
            config: config.clone(),
            instance,
        }
    }

    /// The first partition. The topic is created where that is allowed.
    ///
    /// # Errors
    /// A topic that does not exist and may not be created, or without the configured partition.
    pub(crate) async fn first_partition(&self, timeout: Duration) -> Result<i32, StartError> {
        let partitions = ensure(&*self.transport, &self.topic, &self.config, timeout)
            .await
            .map_err(|error| self.no_topic(error))?;
        choose_partition(&self.config, partitions, self.instance)
    }

    fn no_topic(&self, error: TransportError) -> StartError {
        let topic = &self.topic;
        let detail = if error.kind() == TransportErrorKind::UnknownTopic {
            format!(
                "the reply topic {topic} does not exist, and creating it is switched off: create \
                 it, or set `reply.create`"
            )
        } else {
            format!("no reply topic {topic}")
        };
        StartError::transport(detail, error)
    }

    async fn locate(&self, current: i32) -> Result<i32, TransportError> {
        let partitions = ensure(&*self.transport, &self.topic, &self.config, ENSURE).await?;
        if reaches(partitions, current) {
            return Ok(current);
        }
        choose_partition(&self.config, partitions, self.instance).map_err(|_| {
            let message = format!("the reply topic has only {partitions} partitions now");
            TransportError::new(TransportErrorKind::UnknownPartition, message)
                .at(Arc::clone(&self.topic), self.config.partition)
        })
    }
}

impl Opener for Pinned {
    /// Creates a topic that was deleted under a running client, where that is allowed. In a topic
    /// that was recreated with fewer partitions this client moves to another one, unless its
    /// partition is configured.
    fn prepare(&self, current: i32) -> BoxFuture<'_, Result<i32, TransportError>> {
        Box::pin(self.locate(current))
    }

    fn open(
        &self,
        partition: i32,
        sink: Box<dyn RecordSink>,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<Arc<dyn Subscription>, TransportError>> {
        self.transport
            .read(&self.topic, partition, Start::End, sink, timeout)
    }
}
