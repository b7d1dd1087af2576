//! Kafka, through librdkafka.
//!
//! A transport keeps one librdkafka client that asks about topics. Each publisher adds a producer
//! with a thread for its reports, each subscription a consumer with a thread for rebalances and
//! errors. The consumer's records are handed to the core in batches, on another thread or, of
//! replies, by a task of the runtime: see [`Matching`](super::Matching). Calls that block, and every
//! close, run on threads of their own.

mod assigned;
mod blocking;
mod config;
mod errors;
mod feed;
mod group;
mod publisher;
mod settings;

use std::{fmt, sync::Arc, time::Duration};

use antiphon_kafka as kafka;
use futures::future::BoxFuture;
use kafka::{Producer, ProducerEvent, Reports};
use tokio::runtime::Handle;

pub use self::config::{KafkaConfig, Profile};
use self::{blocking::Blocking, errors::translate, settings::Settings};
use super::{
    Clock, DeliverySink, GroupEvents, Publisher, PublisherLimits, RecordSink, Start, Subscription,
    SystemClock, TopicSpec, Transport, TransportError, TransportErrorKind,
};

/// A connection to a Kafka cluster. Clients and services of a process may share one: hand a clone
/// of its `Arc` to each builder.
///
/// It belongs to the tokio runtime on which it connected.
///
/// ```
/// use std::sync::Arc;
///
/// use antiphon::{
///     Client, EmbeddedBroker, EmbeddedConfig, Service,
///     service,
///     transport::kafka::{KafkaConfig, KafkaTransport},
/// };
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let broker = EmbeddedBroker::start(EmbeddedConfig::default())?;
/// broker.create_topic("greetings", 1)?;
/// let config = KafkaConfig::new(broker.bootstrap_servers());
/// let kafka = Arc::new(KafkaTransport::connect(&config).await?);
///
/// let hello = service::raw(|_, name| async move { Ok([b"hello, ", &*name].concat()) });
/// let service = Service::builder("greeter", "1.0.0").transport(kafka.clone());
/// let service = service.route("greetings", hello).start().await?;
/// let client = Client::builder("web").transport(kafka).connect().await?;
/// let reply = client.request("greetings").value("world").send().await?;
/// assert_eq!(&**reply.value(), b"hello, world");
/// # client.close(std::time::Duration::from_secs(1)).await;
/// # service.drain(std::time::Duration::from_secs(1)).await;
/// # Ok(())
/// # }
/// ```
pub struct KafkaTransport {
    settings: Settings,
    /// Asks about topics. Sends nothing, so that no publisher's close can end it.
    metadata: Producer,
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
    pub async fn connect(config: &KafkaConfig) -> Result<Self, TransportError> {
        let settings = Settings::new(config)?;
        let blocking = Blocking::default();
        let metadata = metadata_client(&settings)?;
        let asked = metadata.clone();
        let timeout = config.connect_timeout;
        let id = blocking.run(move || Ok(asked.cluster_id(timeout))).await;
        let Ok(Some(id)) = id else {
            let why = first_error(&metadata);
            drop(metadata.close(Duration::ZERO));
            return Err(TransportError::new(
                TransportErrorKind::Unreachable,
                format!(
                    "no broker answered at {} within {timeout:?}{why}",
                    kafka::redacted("", settings.servers())
                ),
            ));
        };
        let (settings, metadata) = if kafka::is_embedded(&id) {
            drop(metadata.close(Duration::ZERO));
            let settings = settings.embedded();
            let metadata = metadata_client(&settings)?;
            (settings, metadata)
        } else {
            (settings, metadata)
        };
        Ok(Self {
            settings,
            metadata,
            clock: Arc::new(SystemClock::default()),
            runtime: Handle::current(),
            blocking,
        })
    }
}

fn metadata_client(settings: &Settings) -> Result<Producer, TransportError> {
    Producer::new(&settings.metadata(), Reports::ErrorsOnly)
        .map_err(|error| cannot_start(&translate(&error)))
}

fn cannot_start(error: &TransportError) -> TransportError {
    TransportError::new(error.kind(), format!("cannot start a producer: {error}"))
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
        let (metadata, topic) = (self.metadata.clone(), topic.to_owned());
        self.blocking.run(move || {
            metadata
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
        let metadata = self.metadata.clone();
        self.blocking
            .run(move || blocking::create(&settings, &metadata, &topic, timeout))
    }

    fn publisher(
        &self,
        limits: PublisherLimits,
        sink: Arc<dyn DeliverySink>,
    ) -> Result<Arc<dyn Publisher>, TransportError> {
        let producer = Producer::new(&self.settings.producer(limits), publisher::reports(&sink));
        let producer = producer.map_err(|error| cannot_start(&translate(&error)))?;
        publisher::start(&producer, sink)
    }

    fn read<'a>(
        &'a self,
        topic: &'a str,
        partition: i32,
        start: Start,
        sink: Box<dyn RecordSink>,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Arc<dyn Subscription>, TransportError>> {
        let (settings, topic) = (self.settings.clone(), topic.to_owned());
        let runtime = self.runtime.clone();
        self.blocking.run(move || {
            assigned::open(&settings, &topic, partition, start, sink, timeout, &runtime)
        })
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
            .finish_non_exhaustive()
    }
}

impl Drop for KafkaTransport {
    fn drop(&mut self) {
        drop(self.metadata.clone().close(Duration::ZERO));
    }
}

fn thread_failed(what: &str, error: &std::io::Error) -> TransportError {
    TransportError::new(
        TransportErrorKind::Other,
        format!("cannot start the {what} thread: {error}"),
    )
}
