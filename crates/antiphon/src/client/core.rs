//! What all handles of one client share.

use std::{
    borrow::Borrow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_proto::{Executed, InstanceId, Table, Tick, mutant};
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    draft::{Draft, To},
    hold::Hold,
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
    telemetry::metrics::{ClientMetrics, TargetMetrics},
    telemetry::trace,
    transport::{Clock, Entropy, Publisher, Transport},
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
    pub(crate) entropy: Arc<dyn Entropy>,
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
pub(crate) struct Admitted<H: Hold> {
    pub(crate) draft: Box<Draft>,
    pub(crate) target: H::Target,
    pub(crate) place: Place<H>,
    /// When it was admitted, and when it has to end, on the client's clock.
    pub(crate) at: Duration,
    pub(crate) deadline: Duration,
}

impl Core {
    pub(crate) fn now(&self) -> Tick {
        tick(self.clock.elapsed())
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn begin_closing(&self) {
        self.closed.store(true, Ordering::Release);
        self.closing.cancel();
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
            topic.map_or("", |target| target.name()),
            error.kind().as_str(),
            error.executed().as_str(),
        );
    }

    /// Finds a topic out that is new to this client. Never creates it.
    async fn resolve(&self, topic: &str, deadline: Duration) -> Result<(), RequestError> {
        let partitions = self
            .lookups
            .partitions(&*self.clock, topic, deadline, |left| {
                self.transport.partitions(topic, left)
            })
            .await;
        if self.targets.get(topic).is_some() {
            // Another caller who waited for the same answer has been faster.
            return Ok(());
        }
        let count = partitions
            .map_err(|error| RequestError::from_send(error, false))?
            .ok_or_else(|| unknown_topic(topic))?;
        let handle = self
            .publisher
            .topic(topic)
            .map_err(|error| RequestError::from_send(error, false))?;
        let added = self.targets.add(handle, count, self.clock.elapsed());
        added.map(|_| ()).ok_or_else(|| {
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
                biased;
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

/// All that has to hold before a call may be sent. Errors say `Executed::No`.
pub(crate) async fn admit<H: Hold>(
    hold: H,
    draft: Box<Draft>,
) -> Result<Admitted<H>, RequestError> {
    match admit_at_once(&hold, draft) {
        Ok(admitted) => Ok(admitted),
        Err(draft) => admit_later(hold, draft).await,
    }
}

/// The common case: nothing to wait for, and nothing wrong. Else the draft comes back, for
/// [`admit_later`].
pub(crate) fn admit_at_once<H: Hold>(
    hold: &H,
    draft: Box<Draft>,
) -> Result<Admitted<H>, Box<Draft>> {
    let at = hold.core().clock.elapsed();
    let Some((target, place)) = target_and_place(hold, &draft, at) else {
        return Err(draft);
    };
    Ok(Admitted {
        deadline: at.saturating_add(draft.timeout),
        draft,
        target,
        place,
        at,
    })
}

/// With all the waits that may be needed, and with the reason of a refusal.
pub(crate) async fn admit_later<H: Hold>(
    hold: H,
    draft: Box<Draft>,
) -> Result<Admitted<H>, RequestError> {
    let deadline = hold.core().clock.elapsed().saturating_add(draft.timeout);
    match admit_until(&hold, &draft, deadline).await {
        Ok((target, place, at)) => Ok(Admitted {
            deadline: if mutant!("timeout_begins_at_send") {
                at.saturating_add(draft.timeout)
            } else {
                deadline
            },
            draft,
            target,
            place,
            at,
        }),
        Err(error) => {
            let core = hold.core();
            let error = error.on(&draft.topic(core).into(), None);
            core.refused(&error);
            Err(error)
        }
    }
}

fn target_and_place<H: Hold>(
    hold: &H,
    draft: &Draft,
    now: Duration,
) -> Option<(H::Target, Place<H>)> {
    let core = hold.core();
    if core.is_closing() || !core.path.is_ready() || draft.check(&core.config).is_err() {
        return None;
    }
    let target = known(hold, draft)?;
    core.refresh_if_due(target.borrow(), now);
    let place = Place::at_once(hold, draft.weight())?;
    Some((target, place))
}

async fn admit_until<H: Hold>(
    hold: &H,
    draft: &Draft,
    deadline: Duration,
) -> Result<(H::Target, Place<H>, Duration), RequestError> {
    let core = hold.core();
    if core.is_closing() {
        return Err(closed());
    }
    draft.check(&core.config)?;
    let target = match known(hold, draft) {
        Some(target) => target,
        None => {
            let topic = draft.topic(core);
            core.resolve(topic, deadline).await?;
            hold.target(topic).ok_or_else(|| unknown_topic(topic))?
        }
    };
    let mut place = Place::until(hold, draft.weight(), deadline).await?;
    // A close does not wait for a call that has not been sent.
    place.keep();
    core.ready(deadline).await?;
    let now = core.clock.elapsed();
    if now >= deadline {
        return Err(too_late(NOT_IN_TIME));
    }
    Ok((target, place, now))
}

fn known<H: Hold>(hold: &H, draft: &Draft) -> Option<H::Target> {
    match &draft.to {
        To::Known(index) => hold
            .target_at(*index)
            .filter(|target| !target.borrow().is_gone()),
        To::Named(name) => hold.target(name),
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
