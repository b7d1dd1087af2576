//! The responder: reads requests as a member of a group, runs handlers, answers, commits.

mod acks;
mod addresses;
mod builder;
mod context;
mod core;
mod dispatch;
mod envelope;
mod handler;
mod membership;
mod outcome;
mod outgoing;
mod partitions;
mod pump;
mod reply_topics;
mod routes;
mod sync;

use std::{
    fmt,
    future::Future,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::Instant;

use self::core::ServiceCore;
pub use self::{
    builder::ServiceBuilder,
    context::Context,
    handler::{Handler, HandlerService, Request, Response, json, raw, tower, typed},
    sync::{SyncHandler, SyncRequest, sync},
};
use crate::{
    notify::{close_timeout, until},
    transport::{LastOffsets, TopicPartition, TransportError},
};

/// A running responder, at least once: a request's offset is committed only after its reply has
/// been acknowledged by the brokers, so a crash repeats work and never loses it.
///
/// [`drain`](Self::drain) ends it gracefully. Dropping it stops at once: what runs is not awaited
/// and will be delivered again, to this group's other instances or after a restart.
#[must_use = "a service stops when it is dropped"]
pub struct Service {
    core: Arc<ServiceCore>,
    stopped: bool,
}

/// What a drain did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrainReport {
    /// Requests that were in hand at its start.
    pub in_hand: usize,
    /// Requests that were not answered by its deadline. They will be delivered again.
    pub abandoned: usize,
}

impl Service {
    /// Starts to describe a service. The name is also the default consumer group, and what gathers
    /// tell responders apart by.
    pub fn builder(name: impl Into<String>, version: impl Into<String>) -> ServiceBuilder {
        ServiceBuilder::new(name.into(), version.into())
    }

    fn new(core: Arc<ServiceCore>) -> Self {
        Self {
            core,
            stopped: false,
        }
    }

    /// Resolves at the first assignment: from then on requests are read. Requests that were sent
    /// before are read too, since a new group begins at the beginning.
    ///
    /// # Cancel safety
    /// Holds nothing; may be dropped and called again.
    pub async fn ready(&self) {
        until(&self.core.assigned, || {
            self.core.ready.load(Ordering::Acquire)
        })
        .await;
    }

    /// The partitions that this instance has now.
    pub fn partitions(&self) -> Vec<TopicPartition> {
        self.core.partitions.list()
    }

    /// Handlers that run now.
    pub fn running(&self) -> usize {
        self.core.running.load(Ordering::Acquire)
    }

    /// Replies that the brokers have not acknowledged yet.
    pub fn unacknowledged(&self) -> usize {
        self.core.settle();
        self.core.acks.len()
    }

    /// Resolves when this instance can never read a request again, such as when another has taken
    /// its place as a static member: drain it, and start a new one or end the process.
    ///
    /// # Cancel safety
    /// Holds nothing; may be dropped and called again.
    pub async fn failed(&self) -> TransportError {
        let mut failure = self.core.failure.subscribe();
        let seen = failure.wait_for(Option::is_some).await;
        match seen.ok().and_then(|failure| failure.clone()) {
            Some(error) => error,
            // The sender lives as long as this service.
            None => std::future::pending().await,
        }
    }

    /// Takes no more requests, lets the running ones end and their replies be acknowledged until
    /// `deadline`, commits, and leaves the group.
    ///
    /// # Cancel safety
    /// Dropping the future stops the service at once.
    pub async fn drain(mut self, deadline: Duration) -> DrainReport {
        let core = &self.core;
        let begun = Instant::now();
        core.draining.store(true, Ordering::Release);
        let in_hand = core.in_hand();
        let idle = core.waiters.progress.until(|| core.in_hand() == 0);
        let _ = tokio::time::timeout(deadline, idle).await;
        let abandoned = core.in_hand();
        let left = deadline.saturating_sub(begun.elapsed());
        // Until here a drop has to stop the service; from here on it is being stopped.
        self.stopped = true;
        self.close(close_timeout(left)).await;
        DrainReport { in_hand, abandoned }
    }

    /// Serves until `stop` resolves, or until the service has [failed](Self::failed), then drains.
    pub async fn run_until(self, stop: impl Future<Output = ()>, drain: Duration) -> DrainReport {
        tokio::select! {
            biased;
            () = stop => {}
            _ = self.failed() => {}
        }
        self.drain(drain).await
    }

    async fn close(&self, deadline: Duration) {
        self.core.surroundings.stopping.cancel();
        self.core.settle();
        if let Some(subscription) = self.core.subscription.get() {
            let core = Arc::clone(&self.core);
            let last = LastOffsets::new(move || core.partitions.take_last_commits());
            subscription.close(last, deadline).await;
        }
        self.core.publisher.close(deadline).await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.stopped {
            return;
        }
        self.core.draining.store(true, Ordering::Release);
        self.core.surroundings.stopping.cancel();
        if let Some(subscription) = self.core.subscription.get() {
            drop(subscription.close(LastOffsets::none(), Duration::from_secs(5)));
        }
        drop(self.core.publisher.close(Duration::from_secs(1)));
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("running", &self.running())
            .field("unacknowledged", &self.unacknowledged())
            .field("partitions", &self.partitions())
            .finish_non_exhaustive()
    }
}
