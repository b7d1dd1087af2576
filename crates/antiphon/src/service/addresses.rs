//! Where replies go, as far as it is known without a question to the brokers.

use std::{sync::Arc, time::Duration};

use antiphon_proto::AddressRefusal;

use super::{
    core::ServiceCore, envelope::ReplyAt, outgoing::Destination, reply_topics::ReplyTopic,
};

/// Where a reply goes; `None` where no reply is wanted.
pub(super) type Address = Result<Option<Destination>, AddressRefusal>;

/// The addresses of one place that starts handlers.
pub(super) struct Addresses {
    core: Arc<ServiceCore>,
    /// The last reply topic, since the next is most often the same; until when it may be used.
    last: Option<(Arc<str>, ReplyTopic, Duration)>,
}

/// How long a reply topic is used without a look at what is known of it.
const TRUSTED: Duration = Duration::from_secs(1);

impl Addresses {
    pub(super) fn new(core: &Arc<ServiceCore>) -> Self {
        Self {
            core: Arc::clone(core),
            last: None,
        }
    }

    /// Where the reply goes; `None`: the topic has to be looked up first.
    pub(super) fn find(
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
        let known = self.core.reply_topics.known(&reply.topic, reply.partition);
        let Some(topic) = known? else {
            return Some(Err(AddressRefusal::NoSuchPartition));
        };
        let address = at(&topic, reply, correlation_id);
        self.last = Some((Arc::clone(&reply.topic), topic, now + TRUSTED));
        Some(address)
    }
}

pub(super) fn at(topic: &ReplyTopic, reply: &ReplyAt, correlation_id: &[u8]) -> Address {
    topic.at(reply.partition, correlation_id).map(Some)
}
