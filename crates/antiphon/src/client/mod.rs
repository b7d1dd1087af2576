//! The requester: sends requests, matches replies, bounds what is in flight.
//!
//! From top to bottom: [`Client`] and its builder; `request`, what a caller writes; `call`, one call
//! on its way; `inner`, which assembles the parts; the parts: `limits`, `table`, `topics`,
//! `reply_path`, `mailbox`. No part knows what is above it.

mod builder;
mod call;
mod coarse_clock;
mod gather;
mod inner;
mod limits;
mod mailbox;
mod reply;
mod reply_path;
mod request;
mod service;
mod stray;
mod table;
mod topics;

use std::{fmt, sync::Arc, time::Duration};

use antiphon_proto::{CorrelationId, Metadata};
use tokio::{sync::broadcast, time::Instant};

use self::inner::Inner;
pub use self::{
    builder::ClientBuilder,
    gather::{GatherError, GatherReply, GatherStream, Gathered, Missing},
    reply::{Reply, TypedReply},
    request::{
        Extensions, Gather, Request, RequestBuilder, RequestFuture, RequestService, Scatter,
        TypedFanOut, TypedGatherStream, TypedRequest, WithReply, call,
    },
    service::Target,
    stray::{StrayCounts, StrayKind, StrayReply},
};
use crate::{notify::close_timeout, transport::LastOffsets};

/// A requester. Cheap to clone; all clones share one producer, one reply path and one table.
///
/// Stops when the last clone, call and stream of it is dropped, without waiting for anything;
/// [`close`](Self::close) drains first.
///
/// A client is a `tower::Service` of [`Request`]s, so layers fit around it.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

/// A call that waits for its reply.
#[derive(Clone, Debug)]
pub struct PendingCall {
    /// The id on the wire.
    pub correlation_id: CorrelationId,
    /// The request topic.
    pub topic: Arc<str>,
    /// How long it has been waiting.
    pub age: Duration,
    /// How long it may go on to wait.
    pub left: Duration,
    /// What the caller said to recognise it by.
    pub metadata: Option<Metadata>,
}

/// What a close did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseReport {
    /// Calls that were in flight at its start.
    pub in_flight: usize,
    /// Calls that were still waiting at its deadline and were ended as closed, maybe executed.
    pub abandoned: usize,
}

impl Client {
    /// Starts to describe a client of `group`. The group names the reply topic, and the requester
    /// in what responders see; its instances share nothing else.
    pub fn builder(group: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(group.into())
    }

    /// One request to `topic`, for one reply.
    pub fn request(&self, topic: &str) -> RequestBuilder {
        RequestBuilder::new(&self.inner, topic)
    }

    /// Sends a request that was made without a client.
    pub fn execute(&self, request: Request) -> RequestFuture {
        RequestFuture::new(Arc::clone(&self.inner), request.into_parts())
    }

    /// A request topic as a `tower::Service` of payloads.
    pub fn target(&self, topic: impl Into<Arc<str>>) -> Target {
        Target::new(self.clone(), topic.into())
    }

    /// One question to several request topics, one call each, joined.
    pub fn scatter<T: Into<String>>(&self, targets: impl IntoIterator<Item = T>) -> Scatter {
        Scatter::new(&self.inner, targets.into_iter().map(Into::into).collect())
    }

    /// One question on one topic that several responder groups read: one call, many replies.
    pub fn gather(&self, topic: &str) -> Gather {
        Gather::new(&self.inner, topic)
    }

    /// The calls that wait for a reply, at most `limit` of them, in no particular order.
    pub fn pending(&self, limit: usize) -> Vec<PendingCall> {
        let inner = &self.inner;
        let now = inner.now();
        let calls = inner
            .calls
            .pending(limit)
            .into_iter()
            .map(|call| PendingCall {
                correlation_id: call.id,
                topic: inner
                    .topics
                    .at(call.route)
                    .map_or_else(Arc::default, |topic| Arc::clone(topic.name())),
                age: call.created.until(now),
                left: now.until(call.deadline),
                metadata: call.metadata,
            });
        calls.collect()
    }

    /// How many calls are in flight.
    pub fn in_flight(&self) -> usize {
        self.inner.limits.in_flight()
    }

    /// How many replies found no call, by kind.
    pub fn stray_counts(&self) -> StrayCounts {
        self.inner.strays.counts()
    }

    /// The replies that find no call from now on, except foreign ones, which are ordinary on a
    /// shared partition. An observer that lags behind by 1,024 misses the oldest.
    pub fn strays(&self) -> broadcast::Receiver<StrayReply> {
        self.inner.strays.observe()
    }

    /// The topic that replies come in on.
    pub fn reply_topic(&self) -> &str {
        &self.inner.path.topic
    }

    /// The partition that replies come in on. It changes when the topic was recreated with too few
    /// partitions for it, unless the configuration names the partition.
    pub fn reply_partition(&self) -> i32 {
        self.inner.path.partition()
    }

    /// Takes no more calls, lets the running ones end until `deadline`, ends the rest as closed
    /// (maybe executed), and stops.
    ///
    /// # Cancel safety
    /// Once started, the client takes no more calls even if the future is dropped; then nothing
    /// is drained and the client stops with its last clone.
    pub async fn close(&self, deadline: Duration) -> CloseReport {
        let inner = &self.inner;
        let begun = Instant::now();
        inner.limits.begin_closing();
        let in_flight = inner.limits.in_flight();
        let _ = tokio::time::timeout(deadline, inner.limits.idle()).await;
        let abandoned = inner.fail_all();
        let limit = close_timeout(deadline.saturating_sub(begun.elapsed()));
        if let Some(subscription) = inner.path.close() {
            subscription.close(LastOffsets::none(), limit).await;
        }
        inner.publisher.close(limit).await;
        CloseReport {
            in_flight,
            abandoned,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("requester", &self.inner.requester)
            .field("reply_topic", &self.inner.path.topic)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
