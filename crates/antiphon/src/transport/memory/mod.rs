//! A log in memory, for tests without Kafka.
//!
//! Topics, partitions, offsets and consumer groups behave as Kafka's do, as far as a requester
//! and a responder can tell; delay, loss and duplication can be set. It runs as tasks on the
//! caller's runtime and takes its time from tokio, so a test with paused time runs at once and
//! the same way each time.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use antiphon::{Client, Service, service, transport::memory::MemoryBroker};
//!
//! let broker = MemoryBroker::new();
//! broker.create_topic("greetings", 4);
//! let service = Service::builder("greeter", "1.0.0")
//!     .transport(broker.transport())
//!     .route("greetings", service::raw(|_, name: bytes::Bytes| async move {
//!         Ok([b"hello, ", &*name].concat())
//!     }))
//!     .start()
//!     .await?;
//! let client = Client::builder("web").transport(broker.transport()).connect().await?;
//! let reply = client.request("greetings").value("world").send().await?;
//! assert_eq!(&reply.value()[..], b"hello, world");
//! # drop(service);
//! # Ok(())
//! # }
//! ```

mod clock;
mod faults;
mod group;
mod log;
mod publisher;
mod reader;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::Notify;

use self::{clock::TokioClock, group::Groups, log::Log};
pub use self::{faults::Faults, log::StoredRecord};
use super::{
    Clock, DeliverySink, GroupEvents, HeaderPairs, Publisher, PublisherLimits, RecordSink, Start,
    Subscription, TopicSpec, Transport, TransportError, TransportErrorKind,
};

/// The log. Clones share it; it lives as long as one of them, or a transport.
#[derive(Clone, Debug)]
pub struct MemoryBroker {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Arc<TokioClock>,
    log: Mutex<Log>,
    groups: Mutex<Groups>,
    /// Rung by every append, deletion, and change of a group.
    changed: Notify,
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn groups(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryBroker {
    /// An empty log, without faults.
    #[expect(
        clippy::new_without_default,
        reason = "it reads the clock of the runtime"
    )]
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                clock: Arc::new(TokioClock::new()),
                log: Mutex::new(Log::default()),
                groups: Mutex::new(Groups::default()),
                changed: Notify::new(),
            }),
        }
    }

    /// What a client or service is built with.
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(MemoryTransport {
            shared: Arc::clone(&self.shared),
        })
    }

    /// Creates a topic unless it exists.
    pub fn create_topic(&self, name: &str, partitions: u32) {
        self.shared.log().create(name, partitions.max(1));
        self.shared.changed.notify_waiters();
    }

    /// Deletes a topic with all it holds. Whoever reads it learns that it is gone.
    pub fn delete_topic(&self, name: &str) {
        self.shared.log().delete(name);
        self.shared.groups().forget(name);
        self.shared.changed.notify_waiters();
    }

    /// The names of all topics, in order.
    pub fn topics(&self) -> Vec<String> {
        self.shared.log().names()
    }

    /// What goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.log().set_faults(faults);
    }

    /// Every record that `topic` holds, partition by partition: what really was on the wire.
    pub fn records(&self, topic: &str) -> Vec<StoredRecord> {
        self.shared.log().records(topic)
    }

    /// Appends a record as any peer could, well-formed or not; faults do not apply. False when
    /// there is no such topic or partition.
    pub fn append(
        &self,
        topic: &str,
        partition: i32,
        key: Option<Bytes>,
        value: Option<Bytes>,
        headers: HeaderPairs,
    ) -> bool {
        let record = log::NewRecord {
            key,
            value,
            headers,
            timestamp: i64::try_from(self.shared.clock.unix_ms()).ok(),
            visible_at: self.shared.clock.elapsed(),
        };
        let appended = self.shared.log().append(topic, partition, record).is_some();
        self.shared.changed.notify_waiters();
        appended
    }

    /// The offsets that a group has committed, as `(topic, partition, next)`, in order.
    pub fn committed(&self, group: &str) -> Vec<(String, i32, i64)> {
        self.shared.groups().committed(group)
    }
}

#[derive(Debug)]
struct MemoryTransport {
    shared: Arc<Shared>,
}

impl Transport for MemoryTransport {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.shared.clock) as _
    }

    fn partitions<'a>(
        &'a self,
        topic: &'a str,
        _: Duration,
    ) -> BoxFuture<'a, Result<Option<u32>, TransportError>> {
        Box::pin(async move { Ok(self.shared.log().partitions(topic)) })
    }

    fn ensure_topic<'a>(
        &'a self,
        topic: &'a TopicSpec,
        _: Duration,
    ) -> BoxFuture<'a, Result<u32, TransportError>> {
        Box::pin(async move {
            let mut log = self.shared.log();
            log.create(&topic.name, topic.partitions.max(1));
            let partitions = log.partitions(&topic.name);
            drop(log);
            self.shared.changed.notify_waiters();
            partitions.ok_or_else(|| missing(&topic.name, None))
        })
    }

    fn publisher(
        &self,
        _: PublisherLimits,
        sink: Arc<dyn DeliverySink>,
    ) -> Result<Arc<dyn Publisher>, TransportError> {
        Ok(publisher::start(&self.shared, sink))
    }

    fn read<'a>(
        &'a self,
        topic: &'a str,
        partition: i32,
        start: Start,
        sink: Box<dyn RecordSink>,
        _: Duration,
    ) -> BoxFuture<'a, Result<Arc<dyn Subscription>, TransportError>> {
        Box::pin(async move {
            let ends = self.shared.log().ends(topic, partition);
            let (low, high) = ends.ok_or_else(|| missing(topic, Some(partition)))?;
            let position = start.resolve(low, high).ok_or_else(|| {
                let message = "the partition does not have the offset";
                TransportError::new(TransportErrorKind::OffsetOutOfRange, message)
                    .at(topic, Some(partition))
            })?;
            Ok(reader::start(
                &self.shared,
                topic,
                partition,
                position,
                sink,
            ))
        })
    }

    fn join_group(
        &self,
        group: &str,
        topics: &[String],
        sink: Box<dyn RecordSink>,
        events: Arc<dyn GroupEvents>,
    ) -> Result<Arc<dyn Subscription>, TransportError> {
        Ok(group::join(&self.shared, group, topics, sink, events))
    }
}

fn missing(topic: &str, partition: Option<i32>) -> TransportError {
    let message = "the topic or partition does not exist";
    TransportError::new(TransportErrorKind::UnknownTopic, message).at(topic, partition)
}
