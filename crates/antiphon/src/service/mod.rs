//! The responder: reads requests as a member of a group, runs handlers, answers, commits.

mod builder;
mod handler;
mod inner;
mod intake;
mod partitions;
mod reply;
mod request;
mod router;
mod run;

use std::{
    fmt,
    future::Future,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::Instant;

use self::inner::Inner;
pub use self::{
    builder::ServiceBuilder,
    handler::{
        Handler, HandlerService, SyncHandler,
        adapters::{json, raw, sync, tower, typed},
        message::{Context, Inbound, Reply},
        sync::SyncRequest,
    },
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
    inner: Arc<Inner>,
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

    fn new(inner: Arc<Inner>) -> Self {
        Self {
            inner,
            stopped: false,
        }
    }

    /// Resolves at the first assignment: from then on requests are read. Requests that were sent
    /// before are read too, since a new group begins at the beginning.
    ///
    /// # Cancel safety
    /// Holds nothing; may be dropped and called again.
    pub async fn ready(&self) {
        until(&self.inner.assigned, || {
            self.inner.ready.load(Ordering::Acquire)
        })
        .await;
    }

    /// The partitions that this instance has now.
    pub fn partitions(&self) -> Vec<TopicPartition> {
        self.inner.partitions.list()
    }

    /// Handlers that run now.
    pub fn running(&self) -> usize {
        self.inner.running.load(Ordering::Acquire)
    }

    /// Replies that the brokers have not acknowledged yet.
    pub fn unacknowledged(&self) -> usize {
        self.inner.settle();
        self.inner.unacknowledged.len()
    }

    /// Resolves when this instance can never read a request again, such as when another has taken
    /// its place as a static member: drain it, and start a new one or end the process.
    ///
    /// # Cancel safety
    /// Holds nothing; may be dropped and called again.
    pub async fn failed(&self) -> TransportError {
        let mut failure = self.inner.failure.subscribe();
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
        let inner = &self.inner;
        let begun = Instant::now();
        inner.draining.store(true, Ordering::Release);
        let in_hand = inner.in_hand();
        let idle = inner.waiters.progress.until(|| inner.in_hand() == 0);
        let _ = tokio::time::timeout(deadline, idle).await;
        let abandoned = inner.in_hand();
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
        self.inner.env.stopping.cancel();
        self.inner.settle();
        if let Some(subscription) = self.inner.subscription.get() {
            let inner = Arc::clone(&self.inner);
            let last = LastOffsets::new(move || inner.partitions.take_last_commits());
            subscription.close(last, deadline).await;
        }
        self.inner.publisher.close(deadline).await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.stopped {
            return;
        }
        self.inner.draining.store(true, Ordering::Release);
        self.inner.env.stopping.cancel();
        if let Some(subscription) = self.inner.subscription.get() {
            drop(subscription.close(LastOffsets::none(), Duration::from_secs(5)));
        }
        drop(self.inner.publisher.close(Duration::from_secs(1)));
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
