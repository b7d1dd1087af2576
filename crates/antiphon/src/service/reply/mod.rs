//! Sends replies, and sends them again until the brokers have acknowledged them.

pub(super) mod address;
pub(super) mod encoder;
mod resend;
pub(super) mod topics;
pub(super) mod unacknowledged;

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use antiphon_proto::{ReplyMode, Status, mutant};
use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::task::coop::consume_budget;

use self::{
    encoder::{EncodedReply, Encoder},
    topics::Destination,
    unacknowledged::{Resend, Unacknowledged},
};
use super::{env::ServiceEnv, handler::message::Reply, request::RequestId};
use crate::{
    transport::{Publisher, Returned, TransportError},
    wire,
};

/// The way out of a service: encodes replies, publishes them, and sends failed ones again.
///
/// Every handler that waits counts a reference to it; aligned so that those counts have a cache line
/// of their own.
#[repr(align(128))]
pub(crate) struct ReplySender {
    env: Arc<ServiceEnv>,
    encoder: Encoder,
    publisher: Arc<dyn Publisher>,
    unacknowledged: Arc<Unacknowledged>,
}

impl ReplySender {
    /// Starts the task that sends failed replies again. It ends with [`close`](Self::close),
    /// [`stop`](Self::stop), or when the sender is dropped.
    pub(crate) fn start(
        env: &Arc<ServiceEnv>,
        encoder: Encoder,
        publisher: Arc<dyn Publisher>,
        unacknowledged: Arc<Unacknowledged>,
    ) -> Arc<Self> {
        let sender = Arc::new(Self {
            env: Arc::clone(env),
            encoder,
            publisher,
            unacknowledged: Arc::clone(&unacknowledged),
        });
        let weak = Arc::downgrade(&sender);
        env.runtime.spawn(send_again(unacknowledged, weak));
        sender
    }

    pub(crate) fn env(&self) -> &ServiceEnv {
        &self.env
    }

    /// Answers a request, which is done once the reply is stored, or at once when it wants none.
    pub(crate) fn finish(
        &self,
        id: &RequestId<'_>,
        to: Option<Destination>,
        result: Result<Reply, Status>,
    ) {
        let Some(to) = to.filter(|_| id.mode != ReplyMode::None) else {
            return id.completion.part_done();
        };
        let correlation_id = id.correlation_id;
        let reply = match result {
            Ok(reply) => self.encoder.success(&to, correlation_id, id.mode, reply),
            Err(status) => self.encoder.error(&to, correlation_id, &status),
        };
        self.send(id, &reply.in_trace(id.trace.map(|trace| &**trace)));
    }

    fn send(&self, id: &RequestId<'_>, reply: &EncodedReply<'_>) {
        if mutant!("commit_before_reply") {
            id.completion.part_done();
        }
        let token = self.unacknowledged.insert(id);
        if let Err((error, returned)) = reply.publish(&*self.publisher, token) {
            self.unacknowledged.failed(token, &error, Some(returned));
        }
    }

    fn send_again(&self, token: u64, resend: Resend) {
        let sent = match resend {
            Resend::Same(reply) => reply
                .publish(&*self.publisher, token)
                .map_err(|error| (error, Some(reply))),
            Resend::TooLarge(reply) => self.send_too_large(token, &reply),
        };
        if let Err((error, returned)) = sent {
            self.unacknowledged.failed(token, &error, returned);
        }
    }

    /// Tells the requester that its reply was too large. This error may fail as any reply.
    fn send_too_large(
        &self,
        token: u64,
        reply: &Returned,
    ) -> Result<(), (TransportError, Option<Box<Returned>>)> {
        let topic = self.publisher.topic(&reply.topic);
        let to = Destination {
            topic: topic.map_err(|error| (error, None))?,
            partition: reply.partition,
        };
        let size = reply.value.as_ref().map_or(0, Bytes::len);
        let error = self.encoder.too_large(&to, wire::returned_id(reply), size);
        let published = error.publish(&*self.publisher, token);
        published.map_err(|(error, returned)| (error, Some(returned)))
    }

    /// Lets the requests be committed whose replies have been acknowledged.
    pub(crate) fn settle(&self) {
        self.unacknowledged.settle();
    }

    /// Sends what is queued until `deadline` has passed, then stops. Starts at once; the future only
    /// waits for the end.
    pub(crate) fn close(self: &Arc<Self>, deadline: Duration) -> BoxFuture<'static, ()> {
        let closed = self.publisher.close(deadline);
        let sender = Arc::clone(self);
        Box::pin(async move {
            closed.await;
            sender.unacknowledged.stop_resends();
        })
    }

    /// Sends what the publisher has taken, and nothing again.
    pub(crate) fn stop(&self, deadline: Duration) {
        self.unacknowledged.stop_resends();
        drop(self.publisher.close(deadline));
    }
}

impl Drop for ReplySender {
    fn drop(&mut self) {
        self.unacknowledged.stop_resends();
    }
}

/// Sends each failed reply again when it is due: one task for all of them.
async fn send_again(unacknowledged: Arc<Unacknowledged>, sender: Weak<ReplySender>) {
    while let Some((token, resend)) = unacknowledged.next_resend().await {
        let Some(sender) = sender.upgrade() else {
            return;
        };
        sender.send_again(token, resend);
        drop(sender);
        consume_budget().await;
    }
}
