//! A producer: a queue per partition, and the reports of what became of its records.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon::transport::{
    Delivery, DeliveryFailure, DeliverySink, Outgoing, Publisher, Returned, TopicRef,
    TransportError, TransportErrorKind as Kind,
};
use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::{sync::Notify, time::timeout};

use super::{
    lane,
    log::{Body, New},
    node::{NodeSettings, Place, at, never},
};
use crate::{
    history::{At, Role},
    simulator::point::Point,
};

/// As librdkafka's default for `message.max.bytes`.
const LARGEST: usize = 1_000_000;

/// How long reports of records that were given up may take.
const PURGE_LIMIT: Duration = Duration::from_secs(2);

/// A producer of one process.
pub(super) struct Producer {
    pub(super) place: Place,
    pub(super) message_timeout: Duration,
    /// Its number, if it is idempotent.
    number: Option<u64>,
    queue: usize,
    sink: Arc<dyn DeliverySink>,
    wants_success: bool,
    state: Mutex<State>,
    /// Rung when a lane has nothing left.
    idle: Notify,
}

#[derive(Debug, Default)]
struct State {
    lanes: BTreeMap<At, Lane>,
    queued: usize,
    closed: bool,
    purged: bool,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Queued>,
    /// A task sends what waits.
    busy: bool,
    sequence: u64,
}

/// A record that was handed over.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) new: New,
    pub(super) token: u64,
    /// On the cluster's clock.
    pub(super) since: Duration,
}

#[derive(Debug)]
struct Handle(Arc<Producer>);

pub(super) fn start(
    place: &Place,
    settings: &NodeSettings,
    sink: Arc<dyn DeliverySink>,
) -> Arc<dyn Publisher> {
    Arc::new(Handle(Arc::new(Producer {
        place: place.clone(),
        message_timeout: settings.message_timeout,
        number: settings.idempotent.then(|| place.cluster.next_producer()),
        queue: settings.queue,
        wants_success: sink.wants_success(),
        sink,
        state: Mutex::default(),
        idle: Notify::new(),
    })))
}

impl Publisher for Handle {
    fn topic(&self, name: &str) -> Result<TopicRef, TransportError> {
        Ok(TopicRef::new(name, Arc::new(())))
    }

    fn publish(&self, record: &Outgoing<'_>) -> Result<(), TransportError> {
        if self.0.place.life.is_dead() {
            return Ok(());
        }
        let at = at(record.topic.name(), record.partition);
        self.0.check(record, &at)?;
        self.0.push(record, &at);
        Ok(())
    }

    fn close(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        Box::pin(close(Arc::clone(&self.0), deadline))
    }
}

impl Drop for Handle {
    /// Like the product's own, it flushes for a second, on nobody's time.
    fn drop(&mut self) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(close(Arc::clone(&self.0), Duration::from_secs(1)));
        }
    }
}

/// Flushes, and gives up what is left.
fn close(producer: Arc<Producer>, deadline: Duration) -> impl Future<Output = ()> + Send {
    producer.state().closed = true;
    let (done, told) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(async move {
        if timeout(deadline, producer.until_idle()).await.is_err() {
            producer.purge();
            let _ = timeout(PURGE_LIMIT, producer.until_idle()).await;
        }
        drop(done);
        if producer.place.life.is_dead() {
            never::<()>().await;
        }
    });
    async move {
        let _ = told.await;
    }
}

impl Producer {
    fn check(&self, record: &Outgoing<'_>, at: &At) -> Result<(), TransportError> {
        let refused = |kind, message: &'static str| {
            Err(TransportError::new(kind, message).at(Arc::clone(&at.topic), Some(at.partition)))
        };
        let state = self.state();
        if state.closed {
            return refused(Kind::Closed, "the producer is closed");
        }
        let full = state.queued >= self.queue;
        drop(state);
        let cluster = &self.place.cluster;
        if full || cluster.draw(|dice, weather| dice.happens(weather.queue_full)) {
            cluster.count("queue full");
            return refused(Kind::QueueFull, "the send queue is full");
        }
        if size(record) > LARGEST {
            return refused(
                Kind::TooLarge,
                "the record is larger than message.max.bytes",
            );
        }
        // Of a topic that it does not know the producer hears later.
        let known = cluster.log(|log, _| log.partitions(&at.topic));
        match (known, u32::try_from(at.partition)) {
            (Some(count), Ok(partition)) if partition >= count => {
                refused(Kind::UnknownPartition, "the topic has no such partition")
            }
            _ => Ok(()),
        }
    }

    fn push(self: &Arc<Self>, record: &Outgoing<'_>, at: &At) {
        let now = self.place.cluster.now();
        let unix_ms = self.place.cluster.unix_ms();
        let mut state = self.state();
        state.queued += 1;
        let lane = state.lanes.entry(at.clone()).or_default();
        let sequence = self.number.map(|number| (number, lane.sequence));
        lane.sequence += 1;
        lane.waiting.push_back(Queued {
            new: New {
                body: Arc::new(body(record)),
                timestamp: i64::try_from(unix_ms).unwrap_or(0),
                sequence,
            },
            token: record.token,
            since: now,
        });
        if !std::mem::replace(&mut lane.busy, true) {
            drop(state);
            tokio::spawn(lane::run(Arc::clone(self), at.clone()));
        }
    }

    /// The next records of a partition; none: the lane has ended.
    pub(super) fn take(&self, at: &At, most: usize) -> Vec<Queued> {
        let mut state = self.state();
        let Some(lane) = state.lanes.get_mut(at) else {
            return Vec::new();
        };
        let count = lane.waiting.len().min(most);
        let taken: Vec<Queued> = lane.waiting.drain(..count).collect();
        if taken.is_empty() {
            lane.busy = false;
            drop(state);
            self.idle.notify_waiters();
        }
        taken
    }

    pub(super) fn is_purged(&self) -> bool {
        self.state().purged
    }

    /// Reports that records were stored.
    pub(super) fn acknowledged(&self, batch: &[Queued]) {
        self.settled(batch.len());
        if !self.wants_success {
            return;
        }
        for one in batch {
            if self.place.life.is_dead() {
                return;
            }
            self.sink.acknowledged(one.token);
        }
    }

    /// Reports that they were not, or that nobody knows.
    pub(super) fn failed(&self, at: &At, batch: &[Queued], kind: Kind, possibly: bool) {
        self.settled(batch.len());
        if self.place.life.is_dead() || batch.is_empty() {
            return;
        }
        let mut reports = batch.iter().map(|one| Delivery {
            token: one.token,
            result: Err(DeliveryFailure {
                possibly_persisted: possibly,
                error: TransportError::new(kind, "not delivered")
                    .at(Arc::clone(&at.topic), Some(at.partition)),
                record: self
                    .wants_success
                    .then(|| Box::new(returned(at, &one.new.body))),
            }),
        });
        self.sink.delivered(&mut reports);
    }

    /// Records of this process are in the log, and it does not know yet.
    pub(super) fn in_log(&self, batch: &[Queued]) {
        let point = match self.place.life.process().role {
            Role::Responder => Point::ReplyInLog,
            _ => Point::RequestInLog,
        };
        batch.iter().for_each(|_| self.place.life.passed(point));
    }

    fn settled(&self, count: usize) {
        self.state().queued -= count;
    }

    fn purge(&self) {
        self.state().purged = true;
        self.place.cluster.count("queue purged");
    }

    async fn until_idle(&self) {
        loop {
            let idle = self.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable();
            if self.state().lanes.values().all(|lane| !lane.busy) {
                return;
            }
            idle.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(record: &Outgoing<'_>) -> usize {
    let of = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers = record
        .headers
        .iter()
        .map(|(name, value)| name.len() + of(*value));
    of(record.key) + of(record.value) + headers.sum::<usize>()
}

fn body(record: &Outgoing<'_>) -> Body {
    let copied = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice);
    let headers = record.headers.iter();
    Body {
        key: copied(record.key),
        value: copied(record.value),
        headers: headers
            .map(|(name, value)| (Bytes::copy_from_slice(name.as_bytes()), copied(*value)))
            .collect(),
    }
}

fn returned(at: &At, body: &Body) -> Returned {
    Returned {
        topic: Arc::clone(&at.topic),
        partition: at.partition,
        key: body.key.clone(),
        value: body.value.clone(),
        headers: body.headers.clone(),
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("life", &self.place.life.to_string())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
