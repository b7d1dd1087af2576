//! A transport that writes down what crosses the seam of the product it carries.
//!
//! What the product hands over is written down before it is passed on, and so is what comes back:
//! whoever is killed in between has at most announced too much.

mod publisher;
mod read;
mod subscription;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use antiphon::transport::{
    Clock, DeliverySink, Entropy, GroupEvents, Publisher, PublisherLimits, RecordSink, Start,
    Subscription, TopicSpec, Transport, TransportError,
};
use futures::future::BoxFuture;

use self::{
    publisher::{Sent, WatchedPublisher, WatchedReports},
    read::{WatchedEvents, WatchedRecords},
    subscription::WatchedSubscription,
};
use crate::history::{Key, Recorder, Role};

/// Carries the product of one process.
#[derive(Debug)]
pub struct Witness {
    inner: Arc<dyn Transport>,
    recorder: Arc<dyn Recorder>,
    role: Role,
    key: Key,
    shift: WallShift,
}

/// By how many milliseconds a process' wall clock is wrong. Its clones are one.
#[derive(Clone, Debug, Default)]
pub struct WallShift(Arc<AtomicI64>);

impl WallShift {
    /// Makes it wrong by so much from now on.
    pub fn set(&self, milliseconds: i64) {
        self.0.store(milliseconds, Ordering::Relaxed);
    }
}

impl Witness {
    /// `role` says how what is read and written is to be understood; `key` makes the run's tags.
    pub fn new(
        inner: Arc<dyn Transport>,
        recorder: Arc<dyn Recorder>,
        role: Role,
        key: Key,
        shift: WallShift,
    ) -> Self {
        Self {
            inner,
            recorder,
            role,
            key,
            shift,
        }
    }

    fn watched(&self, subscription: Arc<dyn Subscription>) -> Arc<dyn Subscription> {
        Arc::new(WatchedSubscription {
            inner: subscription,
            recorder: Arc::clone(&self.recorder),
        })
    }

    fn records(&self, sink: Box<dyn RecordSink>) -> Box<dyn RecordSink> {
        Box::new(WatchedRecords {
            inner: sink,
            recorder: Arc::clone(&self.recorder),
            role: self.role,
            key: self.key,
        })
    }
}

impl Transport for Witness {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(Shifted {
            inner: self.inner.clock(),
            shift: self.shift.clone(),
        })
    }

    fn entropy(&self) -> Arc<dyn Entropy> {
        self.inner.entropy()
    }

    fn partitions<'a>(
        &'a self,
        topic: &'a str,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Option<u32>, TransportError>> {
        self.inner.partitions(topic, timeout)
    }

    fn ensure_topic<'a>(
        &'a self,
        topic: &'a TopicSpec,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<u32, TransportError>> {
        self.inner.ensure_topic(topic, timeout)
    }

    fn publisher(
        &self,
        limits: PublisherLimits,
        sink: Arc<dyn DeliverySink>,
    ) -> Result<Arc<dyn Publisher>, TransportError> {
        let sent = Arc::<Sent>::default();
        let reports = Arc::new(WatchedReports {
            inner: sink,
            recorder: Arc::clone(&self.recorder),
            sent: Arc::clone(&sent),
        });
        Ok(Arc::new(WatchedPublisher {
            inner: self.inner.publisher(limits, reports)?,
            recorder: Arc::clone(&self.recorder),
            sent,
            role: self.role,
            key: self.key,
        }))
    }

    fn read<'a>(
        &'a self,
        topic: &'a str,
        partition: i32,
        start: Start,
        sink: Box<dyn RecordSink>,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Arc<dyn Subscription>, TransportError>> {
        let sink = self.records(sink);
        let reading = self.inner.read(topic, partition, start, sink, timeout);
        Box::pin(async move { Ok(self.watched(reading.await?)) })
    }

    fn join_group(
        &self,
        group: &str,
        topics: &[String],
        sink: Box<dyn RecordSink>,
        events: Arc<dyn GroupEvents>,
    ) -> Result<Arc<dyn Subscription>, TransportError> {
        let events = Arc::new(WatchedEvents {
            inner: events,
            recorder: Arc::clone(&self.recorder),
        });
        let joined = self
            .inner
            .join_group(group, topics, self.records(sink), events)?;
        Ok(self.watched(joined))
    }
}

/// A wall clock that may be wrong. Time that passes is not.
struct Shifted {
    inner: Arc<dyn Clock>,
    shift: WallShift,
}

impl Clock for Shifted {
    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }

    fn unix_ms(&self) -> u64 {
        let shift = self.shift.0.load(Ordering::Relaxed);
        self.inner.unix_ms().saturating_add_signed(shift)
    }
}

impl fmt::Debug for Shifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shifted").field(&self.shift).finish()
    }
}
