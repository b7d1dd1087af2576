//! Reply topics: looked up once, remembered for a while, never created.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_proto::{AddressRefusal, ReplyAddress, mutant, partition_for_key};
use futures::FutureExt;
use moka::future::Cache;

use crate::transport::{Clock, Publisher, TopicRef, Transport, TransportError};

/// Reply destination: allowed by the allow-list and known to exist.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) topic: TopicRef,
    pub(crate) partition: i32,
}

/// A reply topic that exists.
#[derive(Clone, Debug)]
pub(crate) struct ReplyTopic {
    topic: TopicRef,
    partitions: u32,
}

/// How long a topic that exists, and one that does not, is remembered.
const FOUND: Duration = Duration::from_secs(30);
const ABSENT: Duration = Duration::from_secs(2);

/// How long one question about a topic may take.
const LOOK_UP: Duration = Duration::from_secs(5);

/// Pause before a topic that was not found is asked for once more.
const SECOND_LOOK: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(crate) struct ReplyTopics {
    /// Bounds their number. The transport's clock says how long one counts.
    known: Cache<Arc<str>, Known>,
    /// How many times the brokers have been asked.
    questions: AtomicU64,
    clock: Arc<dyn Clock>,
    transport: Arc<dyn Transport>,
    publisher: Arc<dyn Publisher>,
}

/// The answer about a topic, and until when it counts.
#[derive(Clone, Debug)]
struct Known {
    topic: Option<ReplyTopic>,
    /// The number of the question.
    question: u64,
    until: Duration,
}

impl Known {
    fn reaches(&self, partition: Option<i32>) -> bool {
        let topic = self.topic.as_ref();
        topic.is_none_or(|topic| topic.reaches(partition))
    }
}

impl ReplyTopics {
    pub(crate) fn new(
        limit: u64,
        transport: Arc<dyn Transport>,
        publisher: Arc<dyn Publisher>,
    ) -> Self {
        Self {
            known: Cache::new(limit.max(1)),
            questions: AtomicU64::new(0),
            clock: transport.clock(),
            transport,
            publisher,
        }
    }

    /// The topic, when it is known to have the partition, or not to exist.
    pub(crate) fn known(&self, name: &str, partition: Option<i32>) -> Option<Option<ReplyTopic>> {
        let known = self.remembered(name)?;
        known.reaches(partition).then_some(known.topic)
    }

    fn remembered(&self, name: &str) -> Option<Known> {
        // The cache answers at once, although its signature is async.
        let known = self.known.get(name).now_or_never().flatten()?;
        (self.clock.elapsed() < known.until).then_some(known)
    }

    /// The topic; asks the brokers unless it is known. Callers that ask for the same topic wait for
    /// one answer. A topic may have grown since it was found without the partition, so only an answer
    /// to a question that is asked from now on counts then.
    pub(crate) async fn find(
        &self,
        name: &Arc<str>,
        partition: Option<i32>,
    ) -> Result<Option<ReplyTopic>, TransportError> {
        let before = self.questions.load(Ordering::Relaxed);
        loop {
            if let Some(known) = self.remembered(name)
                && (known.reaches(partition) || known.question > before)
            {
                return Ok(known.topic);
            }
            // Makes room for a new answer. This may also drop one that has just arrived, which is
            // then asked for again.
            self.known.invalidate(name).await;
            let answer = self
                .known
                .try_get_with(Arc::clone(name), self.answer(name))
                .await;
            let known = answer.map_err(|error| TransportError::clone(&error))?;
            if known.reaches(partition) || known.question > before {
                return Ok(known.topic);
            }
        }
    }

    async fn answer(&self, name: &str) -> Result<Known, TransportError> {
        let question = self.questions.fetch_add(1, Ordering::Relaxed) + 1;
        let topic = self.look_up(name).await?;
        let counts = if topic.is_some() { FOUND } else { ABSENT };
        let until = self.clock.elapsed() + counts;
        Ok(Known {
            topic,
            question,
            until,
        })
    }

    async fn look_up(&self, name: &str) -> Result<Option<ReplyTopic>, TransportError> {
        let mut found = self.transport.partitions(name, LOOK_UP).await?;
        if found.is_none() {
            // Not all brokers know a new topic at once, and its first requests would be refused.
            tokio::time::sleep(SECOND_LOOK).await;
            found = self.transport.partitions(name, LOOK_UP).await?;
        }
        let Some(partitions) = found else {
            return Ok(None);
        };
        let topic = self.publisher.topic(name)?;
        Ok(Some(ReplyTopic { topic, partitions }))
    }
}

impl ReplyTopic {
    /// Whether the topic has the partition that an address names, if it names one. No topic has a
    /// negative one.
    pub(crate) fn reaches(&self, partition: Option<i32>) -> bool {
        let number = partition.and_then(|partition| u32::try_from(partition).ok());
        number.is_none_or(|number| number < self.partitions)
    }

    /// The destination in this topic. The id chooses the partition for a request that names none.
    pub(crate) fn at(
        &self,
        partition: Option<i32>,
        correlation_id: &[u8],
    ) -> Result<Destination, AddressRefusal> {
        let address = ReplyAddress {
            topic: self.topic.name(),
            partition,
        };
        address.check_partition(self.partitions)?;
        let partition = partition.filter(|_| !mutant!("reply_partition_ignored"));
        let spread = || {
            let by_id = partition_for_key(correlation_id, self.partitions);
            i32::try_from(by_id).unwrap_or(0)
        };
        Ok(Destination {
            topic: self.topic.clone(),
            partition: partition.unwrap_or_else(spread),
        })
    }
}
