//! What all handles of one client share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_proto::{Executed, InstanceId, Table, Tick};
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    draft::{Draft, To},
    lookup::Lookups,
    places::{Place, Places},
    reply_path::ReplyPath,
    stray::Strays,
    target::{Target, Targets},
    time::Time,
    waiter::{Ending, Waiter},
};
use crate::{
    config::ClientConfig,
    error::{RequestError, RequestErrorKind as Kind},
    metrics::{ClientMetrics, TargetMetrics},
    trace,
    transport::{Clock, Publisher, Transport},
};

/// The correlation table as the client uses it.
pub(crate) type Calls = Table<Waiter, Ending>;

/// What `on_timeout` calls.
pub(crate) type TimeoutObserver = Arc<dyn Fn(&RequestError) + Send + Sync>;

/// Every call counts references to it; aligned so that those counts have a cache line of their own.
#[repr(align(128))]
pub(crate) struct Core {
    pub(crate) config: ClientConfig,
    pub(crate) instance: InstanceId,
    /// `<client group>/<instance>/<incarnation>`, as it stands on the wire.
    pub(crate) requester: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) publisher: Arc<dyn Publisher>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) targets: Targets,
    pub(crate) lookups: Lookups,
    pub(crate) path: Arc<ReplyPath>,
    pub(crate) strays: Arc<Strays>,
    pub(crate) metrics: Arc<ClientMetrics>,
    pub(crate) on_timeout: Option<TimeoutObserver>,
    /// No more calls are taken. Every call looks here; the token is for those who wait for it.
    pub(crate) closed: AtomicBool,
    pub(crate) closing: CancellationToken,
    /// Rung by each call that ends while the client closes.
    pub(crate) ended: Notify,
    pub(crate) places: Places,
    pub(crate) time: Arc<Time>,
}

/// A call that may be sent: it has its topic and its place under the limits.
pub(crate) struct Admitted {
    pub(crate) draft: Box<Draft>,
    pub(crate) target: Arc<Target>,
    pub(crate) place: Place,
    /// When it was admitted, and when it has to end, on the client's clock.
    pub(crate) at: Duration,
    pub(crate) deadline: Duration,
}

impl Core {
    pub(crate) fn now(&self) -> Tick {
        tick(self.clock.elapsed())
    }

    /// Milliseconds since the Unix epoch at a moment of the client's clock.
    pub(crate) fn unix_ms(&self, at: Duration) -> u64 {
        self.time.unix_ms(at)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn begin_closing(&self) {
        self.closed.store(true, Ordering::Release);
        self.closing.cancel();
    }

    /// All that has to hold before a call may be sent. Errors say `Executed::No`.
    pub(crate) async fn admit(
        self: &Arc<Self>,
        draft: Box<Draft>,
    ) -> Result<Admitted, RequestError> {
        let now = self.clock.elapsed();
        let deadline = now.saturating_add(draft.timeout);
        let admitted = match self.admit_at_once(&draft, now) {
            Some((target, place)) => Ok((target, place, now)),
            // Boxed: what has to wait is rare, and must not make every call's future large.
            None => Box::pin(self.admit_until(&draft, deadline)).await,
        };
        match admitted {
            Ok((target, place, at)) => Ok(Admitted {
                draft,
                target,
                place,
                at,
                deadline,
            }),
            Err(error) => {
                let error = error.on(draft.topic(), None);
                self.refused(&error);
                Err(error)
            }
        }
    }

    /// The common case: nothing to wait for, and nothing wrong.
    fn admit_at_once(
        self: &Arc<Self>,
        draft: &Draft,
        now: Duration,
    ) -> Option<(Arc<Target>, Place)> {
        if self.is_closing() || !self.path.is_ready() || draft.check(&self.config).is_err() {
            return None;
        }
        let target = self.known(draft)?;
        self.refresh_if_due(&target, now);
        let place = Place::at_once(self, draft.weight())?;
        Some((target, place))
    }

    async fn admit_until(
        self: &Arc<Self>,
        draft: &Draft,
        deadline: Duration,
    ) -> Result<(Arc<Target>, Place, Duration), RequestError> {
        if self.is_closing() {
            return Err(closed());
        }
        draft.check(&self.config)?;
        let target = match self.known(draft) {
            Some(target) => target,
            None => self.resolve(draft.topic(), deadline).await?,
        };
        let place = Place::until(self, draft.weight(), deadline).await?;
        self.ready(deadline).await?;
        let now = self.clock.elapsed();
        if now >= deadline {
            return Err(too_late(NOT_IN_TIME));
        }
        Ok((target, place, now))
    }

    fn known(&self, draft: &Draft) -> Option<Arc<Target>> {
        match &draft.to {
            To::Known(target) if !target.is_gone() => Some(Arc::clone(target)),
            to => self.targets.get(to.name()),
        }
    }

    pub(crate) fn left(&self, deadline: Duration) -> Duration {
        deadline.saturating_sub(self.clock.elapsed())
    }

    async fn ready(&self, deadline: Duration) -> Result<(), RequestError> {
        if self.path.is_ready() {
            return Ok(());
        }
        if self.config.fail_fast {
            return Err(not_ready("the reply path is being rebuilt"));
        }
        match timeout(self.left(deadline), self.path.wait_ready()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(closed()),
            Err(_) => Err(not_ready(
                "the reply path was being rebuilt until the deadline",
            )),
        }
    }

    /// Whether a call that is in the table, and hence ends if the path is lost from now on, may go
    /// out. A gather may have been admitted long ago.
    pub(crate) fn may_send(&self, left: Duration) -> Result<(), RequestError> {
        if left.is_zero() {
            return Err(too_late(NOT_IN_TIME));
        }
        match self.path.is_ready() {
            true => Ok(()),
            false if self.is_closing() => Err(closed()),
            false => Err(not_ready(
                "the reply path was lost before the request was sent",
            )),
        }
    }

    /// Counts a call that ended before it had a slot. A topic that is not known is no label: there
    /// is no end to the names that a caller can make up.
    fn refused(&self, error: &RequestError) {
        trace::failed(error);
        let topic = error.topic().and_then(|topic| self.targets.get(topic));
        TargetMetrics::failed(
            topic.as_ref().map_or("", |target| target.name()),
            error.kind().as_str(),
            error.executed().as_str(),
        );
    }

    /// Finds a topic out that is new to this client. Never creates it.
    async fn resolve(&self, topic: &str, deadline: Duration) -> Result<Arc<Target>, RequestError> {
        let partitions = self
            .lookups
            .partitions(&*self.clock, topic, deadline, |left| {
                self.transport.partitions(topic, left)
            })
            .await;
        if let Some(known) = self.targets.get(topic) {
            // Another caller who waited for the same answer has been faster.
            return Ok(known);
        }
        let count = partitions
            .map_err(|error| RequestError::from_send(error, false))?
            .ok_or_else(|| unknown_topic(topic))?;
        let handle = self
            .publisher
            .topic(topic)
            .map_err(|error| RequestError::from_send(error, false))?;
        let now = self.clock.elapsed();
        self.targets
            .add(handle, count, self.config.max_topics, now)
            .ok_or_else(|| {
                let detail = format!("more than {} request topics", self.config.max_topics);
                RequestError::new(Kind::Overloaded, Executed::No, detail)
            })
    }

    /// Asks for the partition count again when it has become old; the call does not wait for it.
    fn refresh_if_due(self: &Arc<Self>, target: &Arc<Target>, now: Duration) {
        if !target.due(now, self.config.metadata_ttl) {
            return;
        }
        let (core, target) = (Arc::clone(self), Arc::clone(target));
        tokio::spawn(async move {
            let asked = core
                .transport
                .partitions(target.name(), Duration::from_secs(10));
            tokio::select! {
                answer = asked => match answer {
                    Ok(Some(count)) => target.resize(count),
                    Ok(None) => target.mark_gone(),
                    Err(error) => tracing::debug!(%error, topic = %target.name(), "partition count not refreshed"),
                },
                () = core.closing.cancelled() => {}
            }
        });
    }
}

/// The table's measure of the client's clock.
pub(crate) fn tick(elapsed: Duration) -> Tick {
    Tick::from_millis(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}

pub(crate) fn closed() -> RequestError {
    RequestError::new(Kind::Closed, Executed::No, "the client is closed")
}

const NOT_IN_TIME: &str = "the deadline passed before the request was sent";

fn not_ready(detail: &str) -> RequestError {
    RequestError::new(Kind::NotReady, Executed::No, detail)
}

pub(crate) fn too_late(detail: &str) -> RequestError {
    RequestError::new(Kind::DeadlineBeforeSend, Executed::No, detail)
}

fn unknown_topic(topic: &str) -> RequestError {
    let detail = format!("the topic {topic} does not exist, and a request never creates one");
    RequestError::new(Kind::UnknownTopic, Executed::No, detail)
}
