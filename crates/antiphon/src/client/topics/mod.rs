//! The request topics of a client: asked about once, then borrowed by every call.

mod known;
mod request_topic;

use std::{sync::Arc, time::Duration};

use antiphon_proto::Executed;
use tokio_util::sync::CancellationToken;

use self::known::KnownTopics;
pub(crate) use self::request_topic::{PartitionLease, RequestTopic};
use crate::{
    error::{RequestError, RequestErrorKind},
    topics::Lookups,
    transport::{Clock, Publisher, Transport},
};

/// The request topics of a client.
pub(crate) struct Topics {
    known: KnownTopics,
    lookups: Lookups,
    brokers: Brokers,
}

/// Where topics are asked about, and how often.
pub(crate) struct Brokers {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) publisher: Arc<dyn Publisher>,
    pub(crate) clock: Arc<dyn Clock>,
    /// How old a partition count may become before it is asked for again.
    pub(crate) ttl: Duration,
    pub(crate) closing: CancellationToken,
}

/// How long the brokers may take to answer about a partition count that has become old.
const REFRESH: Duration = Duration::from_secs(10);

impl Topics {
    pub(crate) fn new(limit: u32, brokers: Brokers) -> Self {
        Self {
            known: KnownTopics::new(limit),
            lookups: Lookups::default(),
            brokers,
        }
    }

    /// A topic that is known to exist.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<RequestTopic>> {
        self.known.get(name)
    }

    /// The topic with this index.
    pub(crate) fn at(&self, index: u32) -> Option<&Arc<RequestTopic>> {
        self.known.at(index)
    }

    /// Asks the brokers about a topic that is new to this client. Never creates it.
    pub(crate) async fn resolve(&self, name: &str, deadline: Duration) -> Result<(), RequestError> {
        let Brokers {
            transport,
            publisher,
            clock,
            ..
        } = &self.brokers;
        let partitions = self
            .lookups
            .partitions(&**clock, name, deadline, |left| {
                transport.partitions(name, left)
            })
            .await;
        if self.get(name).is_some() {
            // Another caller that waited for the same answer was faster.
            return Ok(());
        }
        let count = partitions
            .map_err(|error| RequestError::from_send(error, false))?
            .ok_or_else(|| RequestError::unknown_topic(name))?;
        let handle = publisher
            .topic(name)
            .map_err(|error| RequestError::from_send(error, false))?;
        let added = self.known.add(handle, count, clock.elapsed());
        added.map(|_| ()).ok_or_else(|| {
            let detail = format!("more than {} request topics", self.known.limit());
            RequestError::new(RequestErrorKind::Overloaded, Executed::No, detail)
        })
    }

    /// Asks for the partition count again when it has become old. The call does not wait for it.
    pub(crate) fn refresh_if_due(&self, topic: &Arc<RequestTopic>, now: Duration) {
        if !topic.due(now, self.brokers.ttl) {
            return;
        }
        let transport = Arc::clone(&self.brokers.transport);
        let (topic, closing) = (Arc::clone(topic), self.brokers.closing.clone());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                answer = transport.partitions(topic.name(), REFRESH) => match answer {
                    Ok(Some(count)) => topic.resize(count),
                    Ok(None) => topic.mark_gone(),
                    Err(error) => tracing::debug!(%error, topic = %topic.name(), "partition count not refreshed"),
                },
                () = closing.cancelled() => {}
            }
        });
    }
}
