//! From settings to a client whose reply path is positioned.

use std::{sync::Arc, time::Duration};

use antiphon_proto::{InstanceId, TableConfig, encode_identity, is_legal_topic_name};

use super::{
    Client,
    coarse_clock::CoarseClock,
    inner::{Inner, TimeoutObserver},
    limits::Limits,
    reply_path::{Pinned, Replies, ReplyPath, Supervisor, topic_name},
    stray::Strays,
    table::{Calls, FailedSends},
    topics::{Brokers, Topics},
};
use crate::{
    config::{ClientConfig, KafkaConfig},
    error::{RequestError, StartError},
    telemetry::metrics::ClientMetrics,
    transport::{Clock, Publisher, PublisherLimits, Transport, kafka::KafkaTransport},
};

/// Describes a [`Client`]. Made by [`Client::builder`].
#[must_use = "a builder does nothing until it connects"]
pub struct ClientBuilder {
    group: String,
    instance: Option<String>,
    kafka: KafkaConfig,
    config: ClientConfig,
    transport: Option<Arc<dyn Transport>>,
    on_timeout: Option<TimeoutObserver>,
}

impl ClientBuilder {
    pub(super) fn new(group: String) -> Self {
        Self {
            group,
            instance: None,
            kafka: KafkaConfig::default(),
            config: ClientConfig::default(),
            transport: None,
            on_timeout: None,
        }
    }

    /// How to reach Kafka.
    pub fn kafka(mut self, kafka: KafkaConfig) -> Self {
        self.kafka = kafka;
        self
    }

    /// Shorthand for the brokers alone: `host:port` pairs, comma-separated.
    pub fn bootstrap_servers(mut self, servers: impl Into<String>) -> Self {
        self.kafka.bootstrap_servers = servers.into();
        self
    }

    /// Limits, timeouts and the reply path.
    pub fn config(mut self, config: ClientConfig) -> Self {
        self.config = config;
        self
    }

    /// What responders see as this instance's name. Default: a random one.
    pub fn instance(mut self, name: impl Into<String>) -> Self {
        self.instance = Some(name.into());
        self
    }

    /// A transport to use: a connection that is shared with other clients and services, or another
    /// log than Kafka. The brokers' settings are not used then.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Called with each call that times out, on the task that awaited it.
    pub fn on_timeout(mut self, observer: impl Fn(&RequestError) + Send + Sync + 'static) -> Self {
        self.on_timeout = Some(Arc::new(observer));
        self
    }

    /// Connects. When this returns, the reply path is *positioned*: a reply that is written from
    /// now on is seen.
    ///
    /// Needs a tokio runtime with time enabled. The client belongs to that runtime: calls may be
    /// made on others too, but when it is shut down, those that wait end as
    /// [`ReplyPathLost`](crate::RequestErrorKind::ReplyPathLost), and later ones as
    /// [`NotReady`](crate::RequestErrorKind::NotReady), since what reopens the reply path has
    /// ended with it. (With [`Matching::Thread`](crate::config::Matching) they go on until the
    /// path is lost.)
    ///
    /// # Errors
    /// Wrong settings; brokers out of reach; a reply topic that does not exist and may not be
    /// created, or may not be read.
    pub async fn connect(self) -> Result<Client, StartError> {
        check(&self.group, &self.config)?;
        let transport: Arc<dyn Transport> = match self.transport {
            Some(transport) => transport,
            None => Arc::new(KafkaTransport::connect(&self.kafka).await?),
        };
        let timeout = self.kafka.connect_timeout;
        let instance = InstanceId::new(transport.entropy().bits());
        let topic: Arc<str> = topic_name(&self.group, &self.config.reply).into();
        let pinned = Pinned::new(&transport, Arc::clone(&topic), &self.config.reply, instance);
        let partition = pinned.first_partition(timeout).await?;
        let path = Arc::new(ReplyPath::new(topic, partition));
        let replies = replies(&self.group, &self.config, &*transport, instance, path);
        let publisher = publisher(&*transport, &replies.calls, &self.config)?;
        let named = self.instance.unwrap_or_else(|| instance.to_string());
        let identity = encode_identity([&self.group, &named, &instance.to_string()]);
        let supervisor = Supervisor::new(Box::new(pinned), replies.clone());
        let inner = Parts {
            config: self.config,
            transport,
            publisher,
            replies,
            on_timeout: self.on_timeout,
        };
        let inner = inner.assemble(identity);
        open(&supervisor, &inner, timeout).await?;
        tokio::spawn(supervisor.run(inner.limits.closing().clone()));
        Ok(Client { inner })
    }
}

/// Opens the reply path for the first time.
async fn open(supervisor: &Supervisor, inner: &Inner, timeout: Duration) -> Result<(), StartError> {
    supervisor.open(timeout).await.map_err(|error| {
        let (topic, partition) = (&inner.path.topic, inner.path.partition());
        let detail = format!("cannot read the reply topic {topic}, partition {partition}");
        StartError::transport(detail, error)
    })
}

fn replies(
    group: &str,
    config: &ClientConfig,
    transport: &dyn Transport,
    instance: InstanceId,
    path: Arc<ReplyPath>,
) -> Replies {
    let metrics = Arc::new(ClientMetrics::new(group));
    let (clock, coarse_clock) = (transport.clock(), Arc::<CoarseClock>::default());
    coarse_clock.refresh(clock.elapsed(), &*clock);
    Replies {
        calls: Arc::new(Calls::new(TableConfig {
            instance,
            max_entries: config.max_in_flight,
            max_bytes: config.max_in_flight_bytes,
        })),
        instance,
        read_headers: config.reply.read_headers,
        matching: config.reply.matching,
        clock,
        coarse_clock,
        strays: Arc::new(Strays::new(Arc::clone(&metrics))),
        metrics,
        path,
    }
}

fn publisher(
    transport: &dyn Transport,
    calls: &Arc<Calls>,
    config: &ClientConfig,
) -> Result<Arc<dyn Publisher>, StartError> {
    let limits = PublisherLimits {
        queue: config.max_in_flight,
        message_timeout: Some(config.timeout),
    };
    transport
        .publisher(limits, Arc::new(FailedSends(Arc::clone(calls))))
        .map_err(|error| StartError::transport("cannot start a producer", error))
}

/// The parts that are made before the client.
struct Parts {
    config: ClientConfig,
    transport: Arc<dyn Transport>,
    publisher: Arc<dyn Publisher>,
    replies: Replies,
    on_timeout: Option<TimeoutObserver>,
}

impl Parts {
    fn assemble(self, requester: String) -> Arc<Inner> {
        let replies = self.replies;
        let clock: &Arc<dyn Clock> = &replies.clock;
        let limits = Limits::new(Arc::clone(&replies.calls), Arc::clone(clock), &self.config);
        let brokers = Brokers {
            transport: Arc::clone(&self.transport),
            publisher: Arc::clone(&self.publisher),
            clock: Arc::clone(clock),
            ttl: self.config.metadata_ttl,
            closing: limits.closing().clone(),
        };
        Arc::new(Inner {
            topics: Topics::new(self.config.max_topics, brokers),
            requester,
            entropy: self.transport.entropy(),
            publisher: self.publisher,
            limits,
            on_timeout: self.on_timeout,
            config: self.config,
            clock: replies.clock,
            coarse_clock: replies.coarse_clock,
            calls: replies.calls,
            path: replies.path,
            strays: replies.strays,
        })
    }
}

fn check(group: &str, config: &ClientConfig) -> Result<(), StartError> {
    let topic = topic_name(group, &config.reply);
    if !is_legal_topic_name(&topic) {
        let detail = format!("{topic:?} is not a legal topic name for replies");
        return Err(StartError::config(detail));
    }
    if config.max_in_flight == 0 || config.max_in_flight_bytes == 0 {
        return Err(StartError::config(
            "the limits of calls and bytes in flight must be at least 1",
        ));
    }
    if config.reply.retention < config.timeout {
        let detail = format!(
            "the reply retention of {:?} is shorter than the timeout of {:?}: replies would be \
             deleted while calls wait for them",
            config.reply.retention, config.timeout
        );
        return Err(StartError::config(detail));
    }
    Ok(())
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("group", &self.group)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
