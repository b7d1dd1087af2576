//! The responder: reads requests as a member of a group, runs handlers, sends replies, commits.

mod builder;
mod capacity;
mod env;
mod handler;
mod inner;
mod intake;
mod membership;
mod mode;
mod partitions;
mod reply;
mod request;
mod router;
mod routes;
mod run;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use tokio::time::Instant;

#[cfg(feature = "test-util")]
pub use self::handler::test::TestContext;
use self::inner::Inner;
pub use self::{
    builder::ServiceBuilder,
    handler::{
        Endpoint, Handler, HandlerService, RequestHandler, SyncHandler,
        adapters::{sync, tower, typed},
        extract::{
            Extracted, FromContext, FromRef, FromRequest, Json, State, WithPayload, WithoutPayload,
        },
        message::{Context, Inbound, Reply},
        reply::IntoReply,
        sync::SyncRequest,
    },
    routes::{Routes, Serve},
};
use crate::{
    notify::close_timeout,
    transport::{LastOffsets, TopicPartition, TransportError},
};

/// A running responder, at least once: a request's offset is committed only after the brokers have
/// acknowledged its reply, so a crash repeats work and never loses it.
///
/// ```no_run
/// use std::{future::Future, time::Duration};
///
/// use antiphon::{Service, StartError};
///
/// async fn serve(stop: impl Future<Output = ()>) -> Result<(), StartError> {
///     let service = Service::builder("greeter")
///         .bootstrap_servers("localhost:9092")
///         .route("greetings", |name: String| async move { format!("hello, {name}") })
///         .start()
///         .await?;
///     service.run_until(stop, Duration::from_secs(10)).await;
///     Ok(())
/// }
/// ```
///
/// [`drain`](Self::drain) ends it gracefully. Dropping it stops it at once: running requests are not
/// awaited. They are delivered again, to this group's other instances or after a restart.
#[must_use = "a service stops when it is dropped"]
pub struct Service {
    inner: Inner,
    stopped: bool,
}

/// What a drain did.
///
/// ```
/// use antiphon::service::DrainReport;
///
/// fn all_answered(report: DrainReport) -> bool {
///     report.abandoned == 0
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrainReport {
    /// Requests that were in hand when it started.
    pub in_hand: usize,
    /// Requests that were not answered by its deadline. They are delivered again.
    pub abandoned: usize,
}

impl Service {
    fn new(inner: Inner) -> Self {
        Self {
            inner,
            stopped: false,
        }
    }

    /// Resolves at the first assignment: from then on requests are read. A new group starts at the
    /// beginning, so it also reads requests that were sent before.
    ///
    /// # Cancel safety
    /// Holds nothing; may be dropped and called again.
    pub async fn ready(&self) {
        self.inner.membership.ready().await;
    }

    /// The partitions that are assigned to this instance.
    pub fn partitions(&self) -> Vec<TopicPartition> {
        self.inner.partitions.list()
    }

    /// Handlers that run now.
    pub fn running(&self) -> usize {
        self.inner.capacity.running()
    }

    /// Replies that the brokers have not acknowledged yet.
    pub fn unacknowledged(&self) -> usize {
        self.inner.sender.settle();
        self.inner.capacity.unacknowledged()
    }

    /// Resolves when this instance can never read a request again, such as when another has taken
    /// its place as a static member: drain it, and start a new one or end the process.
    ///
    /// # Cancel safety
    /// Holds nothing; may be dropped and called again.
    pub async fn failed(&self) -> TransportError {
        self.inner.membership.failed().await
    }

    /// Takes no more requests, lets the running ones end and their replies be acknowledged until
    /// `deadline`, commits, and leaves the group.
    ///
    /// # Cancel safety
    /// Dropping the future stops the service at once.
    pub async fn drain(mut self, deadline: Duration) -> DrainReport {
        let inner = &self.inner;
        let started = Instant::now();
        inner.capacity.drain();
        let in_hand = inner.in_hand();
        let idle = inner.capacity.until(|| inner.in_hand() == 0);
        let _ = tokio::time::timeout(deadline, idle).await;
        let abandoned = inner.in_hand();
        let left = deadline.saturating_sub(started.elapsed());
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
        let inner = &self.inner;
        inner.env.stopping.cancel();
        inner.sender.settle();
        if let Some(subscription) = inner.membership.subscription() {
            let partitions = Arc::clone(&inner.partitions);
            let last = LastOffsets::new(move || partitions.take_last_commits());
            subscription.close(last, deadline).await;
        }
        inner.sender.close(deadline).await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.stopped {
            return;
        }
        let inner = &self.inner;
        inner.capacity.drain();
        inner.env.stopping.cancel();
        if let Some(subscription) = inner.membership.subscription() {
            drop(subscription.close(LastOffsets::none(), Duration::from_secs(5)));
        }
        inner.sender.stop(Duration::from_secs(1));
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
