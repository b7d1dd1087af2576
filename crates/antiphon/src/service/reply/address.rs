//! Where replies may go, and where they go as far as that is known without asking the brokers.

use std::{sync::Arc, time::Duration};

use antiphon_proto::{AddressRefusal, AllowList, mutant};
use regex::Regex;

use super::topics::{Destination, ReplyTopic, ReplyTopics};
use crate::{config::ServiceConfig, error::StartError, service::request::ReplyAt};

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

/// Where a reply goes; `None` where no reply is wanted.
pub(crate) type Address = Result<Option<Destination>, AddressRefusal>;

/// Finds destinations for one thread or task that starts handlers.
pub(crate) struct LastAddress {
    topics: Arc<ReplyTopics>,
    /// The last reply topic, since the next is most often the same, and until when it may be used.
    last: Option<(Arc<str>, ReplyTopic, Duration)>,
}

/// How long the last reply topic is used before the cache is asked again.
const TRUSTED: Duration = Duration::from_secs(1);

impl LastAddress {
    pub(crate) fn new(topics: &Arc<ReplyTopics>) -> Self {
        Self {
            topics: Arc::clone(topics),
            last: None,
        }
    }

    /// The destination; `None` when the brokers have to be asked for the topic first.
    pub(crate) fn find(
        &mut self,
        reply: Option<&ReplyAt>,
        correlation_id: &[u8],
        now: Duration,
    ) -> Option<Address> {
        let Some(reply) = reply else {
            return Some(Ok(None));
        };
        if let Some((name, topic, until)) = &self.last
            && Arc::ptr_eq(name, &reply.topic)
            && now < *until
            && topic.reaches(reply.partition)
        {
            return Some(destination(topic, reply, correlation_id));
        }
        let known = self.topics.known(&reply.topic, reply.partition);
        let Some(topic) = known? else {
            return Some(Err(AddressRefusal::NoSuchPartition));
        };
        let address = destination(&topic, reply, correlation_id);
        self.last = Some((Arc::clone(&reply.topic), topic, now + TRUSTED));
        Some(address)
    }
}

/// Where in `topic` the reply goes.
pub(crate) fn destination(topic: &ReplyTopic, reply: &ReplyAt, correlation_id: &[u8]) -> Address {
    topic.at(reply.partition, correlation_id).map(Some)
}
