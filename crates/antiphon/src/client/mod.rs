//! The requester: sends requests, matches replies, bounds what is in flight.

mod builder;
mod call;
mod core;
mod draft;
mod entry;
mod gather;
mod hold;
mod lookup;
mod matcher;
mod places;
mod reply;
mod reply_path;
mod request;
mod sends;
mod stray;
mod target;
mod time;
mod waiter;

use std::{fmt, sync::Arc, time::Duration};

use antiphon_proto::{CorrelationId, Metadata, mutant};
use tokio::{sync::broadcast, time::Instant};

pub use self::{
    builder::ClientBuilder,
    gather::{GatherError, GatherReply, GatherStream, Gathered, Missing},
    reply::Reply,
    request::{Gather, Request, Scatter},
    stray::{StrayCounts, StrayKind, StrayReply},
};
use self::{
    core::Core,
    waiter::{Failure, Waiter},
};
use crate::{
    notify::{close_timeout, until},
    transport::LastOffsets,
};

/// A requester. Cheap to clone; all clones share one producer, one reply path and one table.
///
/// Stops when the last clone is dropped, without waiting for anything;
/// [`close`](Self::close) drains first.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

/// Every request counts a reference to it; aligned so that the count has a cache line of its own.
#[repr(align(128))]
struct Shared {
    core: Arc<Core>,
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
    pub fn request(&self, topic: &str) -> Request {
        Request::new(self, topic)
    }

    /// One question to several request topics, one call each, joined.
    pub fn scatter<T: Into<String>>(&self, targets: impl IntoIterator<Item = T>) -> Scatter {
        Scatter::new(self, targets.into_iter().map(Into::into).collect())
    }

    /// One question on one topic that several responder groups read: one call, many replies.
    pub fn gather(&self, topic: &str) -> Gather {
        Gather::new(self, topic)
    }

    /// The calls that wait for a reply, at most `limit` of them, in no order.
    pub fn pending(&self, limit: usize) -> Vec<PendingCall> {
        let core = self.core();
        let now = core.now();
        let calls = core
            .calls
            .pending(limit)
            .into_iter()
            .map(|call| PendingCall {
                correlation_id: call.id,
                topic: core
                    .targets
                    .at(call.route)
                    .map_or_else(|| "".into(), |target| Arc::clone(target.name())),
                age: call.created.until(now),
                left: now.until(call.deadline),
                metadata: call.metadata,
            });
        calls.collect()
    }

    /// How many calls are in flight.
    pub fn in_flight(&self) -> usize {
        self.core().in_flight()
    }

    /// How many replies found no call, by kind.
    pub fn stray_counts(&self) -> StrayCounts {
        self.core().strays.counts()
    }

    /// The replies that find no call from now on, except foreign ones, which are ordinary on a
    /// shared partition. An observer that lags behind by 1,024 misses the oldest.
    pub fn strays(&self) -> broadcast::Receiver<StrayReply> {
        self.core().strays.observe()
    }

    /// The topic that replies come in on.
    pub fn reply_topic(&self) -> &str {
        &self.core().path.topic
    }

    /// The partition that replies come in on. It changes when the topic was deleted and made anew
    /// with too few partitions for it, unless the configuration names it.
    pub fn reply_partition(&self) -> i32 {
        self.core().path.partition()
    }

    /// Takes no more calls, lets the running ones end until `deadline`, ends the rest as closed
    /// (maybe executed), and stops.
    ///
    /// # Cancel safety
    /// Once started, the client takes no more calls even if the future is dropped; then nothing
    /// is drained and the client stops with its last clone.
    pub async fn close(&self, deadline: Duration) -> CloseReport {
        let core = self.core();
        let begun = Instant::now();
        core.begin_closing();
        let in_flight = core.in_flight();
        let _ = tokio::time::timeout(deadline, until(&core.ended, || core.in_flight() == 0)).await;
        let abandoned = core.fail_rest();
        let left = deadline.saturating_sub(begun.elapsed());
        let last = close_timeout(left);
        if let Some(subscription) = core.path.close() {
            subscription.close(LastOffsets::none(), last).await;
        }
        core.publisher.close(last).await;
        CloseReport {
            in_flight,
            abandoned,
        }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.shared.core
    }
}

impl Core {
    fn fail_rest(&self) -> usize {
        self.calls.close();
        if mutant!("close_leaves_calls") {
            return 0;
        }
        self.calls
            .fail_all(|_, waiter| waiter.fail(Failure::Closed), Waiter::wake)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.core.begin_closing();
        self.core.fail_rest();
        // Both stop by themselves, on threads or tasks of their own.
        if let Some(subscription) = self.core.path.close() {
            drop(subscription.close(LastOffsets::none(), Duration::from_secs(5)));
            drop(self.core.publisher.close(Duration::from_secs(1)));
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("requester", &self.core().requester)
            .field("reply_topic", &self.core().path.topic)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
