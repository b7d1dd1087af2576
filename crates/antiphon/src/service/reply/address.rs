//! Where replies go, as far as it is known without a question to the brokers.

use std::{sync::Arc, time::Duration};

use antiphon_proto::AddressRefusal;

use crate::service::{
    inner::Inner, reply::Destination, reply::topics::ReplyTopic, request::ReplyAt,
};

/// Where a reply goes; `None` where no reply is wanted.
pub(crate) type Address = Result<Option<Destination>, AddressRefusal>;

/// The addresses of one place that starts handlers.
pub(crate) struct LastAddress {
    inner: Arc<Inner>,
    /// The last reply topic, since the next is most often the same; until when it may be used.
    last: Option<(Arc<str>, ReplyTopic, Duration)>,
}

/// How long a reply topic is used without a look at what is known of it.
const TRUSTED: Duration = Duration::from_secs(1);

impl LastAddress {
    pub(crate) fn new(inner: &Arc<Inner>) -> Self {
        Self {
            inner: Arc::clone(inner),
            last: None,
        }
    }

    /// Where the reply goes; `None`: the topic has to be looked up first.
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
            return Some(at(topic, reply, correlation_id));
        }
        let known = self.inner.reply_topics.known(&reply.topic, reply.partition);
        let Some(topic) = known? else {
            return Some(Err(AddressRefusal::NoSuchPartition));
        };
        let address = at(&topic, reply, correlation_id);
        self.last = Some((Arc::clone(&reply.topic), topic, now + TRUSTED));
        Some(address)
    }
}

pub(crate) fn at(topic: &ReplyTopic, reply: &ReplyAt, correlation_id: &[u8]) -> Address {
    topic.at(reply.partition, correlation_id).map(Some)
}
