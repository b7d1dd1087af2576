//! Kafka, through librdkafka.
//!
//! Each client or service has one producer with a thread for its reports, and one consumer with
//! a thread for rebalances and errors. The consumer's records are handed to the core in batches, on
//! another thread or, of replies, by a task of the runtime: see [`Matching`]. Calls that block, and
//! every close, run on threads of their own.

mod assigned;
mod blocking;
mod errors;
mod feed;
mod group;
mod publisher;
mod settings;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use antiphon_kafka as kafka;
use futures::future::BoxFuture;
use kafka::{Producer, ProducerEvent};
use tokio::runtime::Handle;

use self::{blocking::Blocking, errors::translate, settings::Settings};
use super::{
    Clock, DeliverySink, GroupEvents, Publisher, RecordSink, Subscription, SystemClock, TopicSpec,
    Transport, TransportError, TransportErrorKind,
};
use crate::{
    config::{KafkaConfig, Matching},
    error::StartError,
};

/// What a transport is used for; it decides about a few settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends requests, reads replies. A request that could not be sent within `message_timeout`
    /// is given up, so that it is not sent after its caller has gone.
    Requester {
        /// Usually the default timeout of calls.
        message_timeout: Duration,
        /// How many requests the send queue has to hold.
        queue: u32,
        /// What reads replies and matches them with their calls.
        matching: Matching,
    },
    /// Reads requests, sends replies.
    Responder {
        /// How many replies the send queue has to hold.
        queue: u32,
    },
}

/// A connection to a Kafka cluster, for one client or one service. It belongs to the tokio runtime
/// on which it connected.
pub struct KafkaTransport {
    settings: Settings,
    producer: Producer,
    /// Who takes the producer's successes; set by the publisher.
    successes: Arc<OnceLock<Arc<dyn DeliverySink>>>,
    clock: Arc<SystemClock>,
    runtime: Handle,
    blocking: Blocking,
}

impl KafkaTransport {
    /// Connects, and waits until a broker has answered.
    ///
    /// A broker that is our embedded one (it says so by its cluster id) gets the settings that it
    /// needs without being told.
    ///
    /// # Errors
    /// A wrong property; no broker within the connect timeout; credentials that are refused.
    pub async fn connect(config: &KafkaConfig, role: Role) -> Result<Self, StartError> {
        let settings = Settings::new(config, role)?;
        let blocking = Blocking::default();
        let successes = Arc::default();
        let producer = start_producer(&settings, &successes)?;
        let asked = producer.clone();
        let timeout = config.connect_timeout;
        let id = blocking.run(move || Ok(asked.cluster_id(timeout))).await;
        let Ok(Some(id)) = id else {
            let why = first_error(&producer);
            drop(producer.close(Duration::ZERO));
            return Err(StartError::of(
                crate::StartErrorKind::Unreachable,
                format!(
                    "no broker answered at {} within {timeout:?}{why}",
                    kafka::redacted("", settings.servers())
                ),
            ));
        };
        let (settings, producer) = if kafka::is_embedded(&id) {
            drop(producer.close(Duration::ZERO));
            let settings = settings.embedded();
            let producer = start_producer(&settings, &successes)?;
            (settings, producer)
        } else {
            (settings, producer)
        };
        Ok(Self {
            settings,
            producer,
            successes,
            clock: Arc::new(SystemClock::default()),
            runtime: Handle::current(),
            blocking,
        })
    }
}

fn start_producer(
    settings: &Settings,
    successes: &Arc<OnceLock<Arc<dyn DeliverySink>>>,
) -> Result<Producer, StartError> {
    Producer::new(&settings.producer(), settings.reports(successes))
        .map_err(|error| StartError::transport("can not start a producer", translate(&error)))
}

/// What the producer has to say about a connection that did not come up, such as credentials that
/// were refused.
fn first_error(producer: &Producer) -> String {
    let mut why = String::new();
    producer.poll_events(Duration::ZERO, &mut |event| {
        if let ProducerEvent::Error(error) | ProducerEvent::Fatal(error) = event
            && why.is_empty()
        {
            why = format!(": {error}");
        }
    });
    why
}

impl Transport for KafkaTransport {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as _
    }

    fn partitions<'a>(
        &'a self,
        topic: &'a str,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Option<u32>, TransportError>> {
        let (producer, topic) = (self.producer.clone(), topic.to_owned());
        self.blocking.run(move || {
            producer
                .partitions(&topic, timeout)
                .map_err(|error| translate(&error))
        })
    }

    fn ensure_topic<'a>(
        &'a self,
        topic: &'a TopicSpec,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<u32, TransportError>> {
        let (settings, topic) = (self.settings.clone(), topic.clone());
        let producer = self.producer.clone();
        self.blocking
            .run(move || blocking::create(&settings, &producer, &topic, timeout))
    }

    fn publisher(&self, sink: Arc<dyn DeliverySink>) -> Result<Arc<dyn Publisher>, TransportError> {
        if sink.wants_success() && self.successes.set(Arc::clone(&sink)).is_err() {
            let why = "the transport has a publisher already";
            return Err(TransportError::new(TransportErrorKind::Other, why));
        }
        publisher::start(&self.producer, sink)
    }

    fn read_from_end<'a>(
        &'a self,
        topic: &'a str,
        partition: i32,
        sink: Box<dyn RecordSink>,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Arc<dyn Subscription>, TransportError>> {
        let (settings, topic) = (self.settings.clone(), topic.to_owned());
        let runtime = self.runtime.clone();
        self.blocking
            .run(move || assigned::open(&settings, &topic, partition, sink, timeout, &runtime))
    }

    fn join_group(
        &self,
        group: &str,
        topics: &[String],
        sink: Box<dyn RecordSink>,
        events: Arc<dyn GroupEvents>,
    ) -> Result<Arc<dyn Subscription>, TransportError> {
        group::join(&self.settings, group, topics, sink, events, &self.runtime)
    }
}

impl fmt::Debug for KafkaTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaTransport")
            .field("settings", &self.settings)
            .field("producer", &self.producer)
            .finish_non_exhaustive()
    }
}

impl Drop for KafkaTransport {
    /// For a transport that never got a publisher; a publisher has closed the producer before.
    fn drop(&mut self) {
        drop(self.producer.clone().close(Duration::ZERO));
    }
}

fn thread_failed(what: &str, error: &std::io::Error) -> TransportError {
    TransportError::new(
        TransportErrorKind::Other,
        format!("can not start the {what} thread: {error}"),
    )
}
