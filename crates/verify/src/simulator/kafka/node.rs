//! One process' connection to the cluster: what a client or service is built with.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon::transport::{
    Clock, DeliverySink, Entropy, GroupEvents, Publisher, PublisherLimits, RecordSink, Start,
    Subscription, TopicSpec, Transport, TransportError, TransportErrorKind as Kind,
};
use futures::future::BoxFuture;
use tokio::time::Instant;

use super::{cluster::Cluster, member, publisher, reader};
use crate::{
    history::At,
    simulator::{dice::Dice, life::Life},
};

/// The properties of librdkafka that a run varies.
#[derive(Clone, Debug)]
pub(crate) struct NodeSettings {
    /// `enable.idempotence`: what is tried again is not stored twice.
    pub(crate) idempotent: bool,
    /// `message.timeout.ms`.
    pub(crate) message_timeout: Duration,
    /// `session.timeout.ms`.
    pub(crate) session_timeout: Duration,
    /// `queue.buffering.max.messages`.
    pub(crate) queue: usize,
}

/// What a process has in common with all that it opened.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) cluster: Arc<Cluster>,
    pub(super) life: Arc<Life>,
}

/// The transport of one life of a process.
#[derive(Debug)]
pub(crate) struct Node {
    place: Place,
    settings: NodeSettings,
    entropy: Arc<Seeded>,
}

impl Node {
    pub(crate) fn new(
        cluster: &Arc<Cluster>,
        life: &Arc<Life>,
        settings: NodeSettings,
        dice: Dice,
    ) -> Arc<Self> {
        Arc::new(Self {
            place: Place {
                cluster: Arc::clone(cluster),
                life: Arc::clone(life),
            },
            settings,
            entropy: Arc::new(Seeded(Mutex::new(dice))),
        })
    }
}

impl Place {
    /// Goes to a broker and back. False: the process is dead.
    pub(super) async fn ask(&self) -> bool {
        if !self.life.running().await {
            return false;
        }
        self.cluster.way().await;
        self.cluster.way().await;
        self.life.running().await
    }
}

/// What nobody waits for any more never ends.
pub(super) async fn never<T>() -> T {
    std::future::pending().await
}

pub(super) fn at(topic: &str, partition: i32) -> At {
    At {
        topic: topic.into(),
        partition,
    }
}

pub(super) fn missing(at: &At) -> TransportError {
    let message = "the brokers do not know the topic or partition";
    TransportError::new(Kind::UnknownTopic, message).at(Arc::clone(&at.topic), Some(at.partition))
}

impl Transport for Node {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(Monotonic {
            cluster: Arc::clone(&self.place.cluster),
            began: Instant::now(),
        })
    }

    fn entropy(&self) -> Arc<dyn Entropy> {
        Arc::clone(&self.entropy) as _
    }

    fn partitions<'a>(
        &'a self,
        topic: &'a str,
        _: Duration,
    ) -> BoxFuture<'a, Result<Option<u32>, TransportError>> {
        Box::pin(async move {
            if !self.place.ask().await {
                return never().await;
            }
            Ok(self.place.cluster.log(|log, _| log.partitions(topic)))
        })
    }

    fn ensure_topic<'a>(
        &'a self,
        topic: &'a TopicSpec,
        _: Duration,
    ) -> BoxFuture<'a, Result<u32, TransportError>> {
        Box::pin(async move {
            if !self.place.ask().await {
                return never().await;
            }
            let cluster = &self.place.cluster;
            cluster.create(&topic.name, topic.partitions.max(1));
            let partitions = cluster.log(|log, _| log.partitions(&topic.name));
            partitions.ok_or_else(|| missing(&at(&topic.name, 0)))
        })
    }

    fn publisher(
        &self,
        _: PublisherLimits,
        sink: Arc<dyn DeliverySink>,
    ) -> Result<Arc<dyn Publisher>, TransportError> {
        Ok(publisher::start(&self.place, &self.settings, sink))
    }

    fn read<'a>(
        &'a self,
        topic: &'a str,
        partition: i32,
        start: Start,
        sink: Box<dyn RecordSink>,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Arc<dyn Subscription>, TransportError>> {
        Box::pin(reader::open(
            &self.place,
            at(topic, partition),
            start,
            sink,
            timeout,
        ))
    }

    fn join_group(
        &self,
        group: &str,
        topics: &[String],
        sink: Box<dyn RecordSink>,
        events: Arc<dyn GroupEvents>,
    ) -> Result<Arc<dyn Subscription>, TransportError> {
        let session = self.settings.session_timeout;
        Ok(member::join(
            &self.place,
            group,
            topics,
            session,
            sink,
            events,
        ))
    }
}

#[derive(Debug)]
struct Monotonic {
    cluster: Arc<Cluster>,
    began: Instant,
}

impl Clock for Monotonic {
    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn unix_ms(&self) -> u64 {
        self.cluster.unix_ms()
    }
}

#[derive(Debug)]
struct Seeded(Mutex<Dice>);

impl Entropy for Seeded {
    fn bits(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).bits()
    }
}
