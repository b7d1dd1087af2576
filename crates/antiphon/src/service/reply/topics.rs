//! The reply topics that are open: looked up once, kept for a while, never created.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_proto::{AddressRefusal, AllowList, ReplyAddress, mutant, partition_for_key};
use futures::FutureExt;
use moka::future::Cache;
use regex::Regex;

use crate::service::reply::Destination;
use crate::{
    config::ServiceConfig,
    error::StartError,
    transport::{Clock, Publisher, TopicRef, Transport, TransportError},
};

/// A reply topic that exists.
#[derive(Clone, Debug)]
pub(crate) struct ReplyTopic {
    topic: TopicRef,
    partitions: u32,
}

/// Which topics replies may go to.
#[derive(Debug)]
pub(crate) struct Allowed {
    list: AllowList,
    patterns: Vec<Regex>,
}

impl Allowed {
    pub(crate) fn new(
        config: &ServiceConfig,
        request_topics: impl IntoIterator<Item = String>,
    ) -> Result<Self, StartError> {
        let mut list = if config.allow_default_reply_topics {
            AllowList::default()
        } else {
            AllowList::none()
        };
        for topic in request_topics {
            list = list.with_request_topic(topic);
        }
        let patterns = config.allowed_reply_topics.iter().map(|pattern| {
            Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
                StartError::config(format!(
                    "the reply topic pattern {pattern:?} is wrong: {error}"
                ))
            })
        });
        Ok(Self {
            list,
            patterns: patterns.collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn check(&self, topic: &str) -> Result<(), AddressRefusal> {
        if mutant!("reply_topic_unchecked") {
            return Ok(());
        }
        let patterns = |name: &str| self.patterns.iter().any(|pattern| pattern.is_match(name));
        self.list.check_or(topic, patterns)
    }
}

/// How long a topic that is there, and one that is not, is remembered.
const FOUND: Duration = Duration::from_secs(30);
const ABSENT: Duration = Duration::from_secs(2);

/// How long one question about a topic may take.
const LOOK_UP: Duration = Duration::from_secs(5);

/// How long after a topic was not found it is asked for once more.
const SECOND_LOOK: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(crate) struct ReplyTopics {
    /// The cache bounds their number; how long one counts goes by the clock of the seam.
    known: Cache<Arc<str>, Known>,
    /// Questions that have been asked.
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

    /// The topic, if it is known already to have the partition, or not to be there.
    pub(crate) fn known(&self, name: &str, partition: Option<i32>) -> Option<Option<ReplyTopic>> {
        let known = self.remembered(name)?;
        known.reaches(partition).then_some(known.topic)
    }

    fn remembered(&self, name: &str) -> Option<Known> {
        // A look-up has nothing to wait for, though its signature says otherwise.
        let known = self.known.get(name).now_or_never().flatten()?;
        (self.clock.elapsed() < known.until).then_some(known)
    }

    /// The topic, asked for if need be; callers that ask for the same one wait for one answer. A
    /// topic that is known without the partition may have grown: only an answer to a question from
    /// now on says that it has not.
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
            // Room for a new answer. One that comes in between goes with it, and is asked for again.
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
            // A topic that has just been created is not known to all brokers at once, and its first
            // requests would be refused.
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
    /// Whether it has the partition that an address names, if it names one. Negative ones no topic
    /// ever has.
    pub(crate) fn reaches(&self, partition: Option<i32>) -> bool {
        let number = partition.and_then(|partition| u32::try_from(partition).ok());
        number.is_none_or(|number| number < self.partitions)
    }

    /// The place in this topic; a request that names no partition gets one by its id.
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
