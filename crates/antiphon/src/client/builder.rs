//! From settings to a client whose reply path is positioned.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use antiphon_proto::{InstanceId, TableConfig, encode_identity, is_legal_topic_name};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::{
    Client, Shared,
    core::{Calls, Core, TimeoutObserver},
    lookup::Lookups,
    places::Places,
    reply_path::{self, ReplyPath},
    sends::Sends,
    stray::Strays,
    target::Targets,
    time::Time,
};
use crate::{
    config::{ClientConfig, KafkaConfig, ReplyConfig},
    error::{RequestError, StartError},
    telemetry::metrics::ClientMetrics,
    transport::{
        PublisherLimits, TopicSpec, Transport, TransportError, TransportErrorKind,
        kafka::KafkaTransport,
    },
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

    /// Another log than Kafka; the brokers' settings are not used then.
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
    /// [`NotReady`](crate::RequestErrorKind::NotReady), since what would build the reply path anew
    /// has ended with it. (With [`Matching::Thread`](crate::config::Matching) they go on until the
    /// path is lost.)
    ///
    /// # Errors
    /// Wrong settings; brokers out of reach; a reply topic that does not exist and may not be
    /// created, or may not be read.
    pub async fn connect(self) -> Result<Client, StartError> {
        check(&self.group, &self.config)?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(KafkaTransport::connect(&self.kafka).await?),
        };
        let timeout = self.kafka.connect_timeout;
        let instance = InstanceId::new(transport.entropy().bits());
        let topic = reply_topic(&self.group, &self.config.reply);
        let partitions = reply_partitions(&*transport, &topic, &self.config.reply, timeout).await?;
        let partition = choose_partition(&self.config.reply, partitions, instance)?;
        let named = self.instance.unwrap_or_else(|| instance.to_string());
        let core = assemble(
            encode_identity([&self.group, &named, &instance.to_string()]),
            &self.group,
            self.config,
            transport,
            instance,
            ReplyPath::new(topic.into(), partition),
            self.on_timeout,
        )?;
        let (faults, seen) = mpsc::channel(1);
        reply_path::open(&core, &faults, timeout)
            .await
            .map_err(|error| {
                let path = &core.path;
                StartError::transport(
                    format!(
                        "can not read the reply topic {}, partition {}",
                        path.topic,
                        path.partition()
                    ),
                    error,
                )
            })?;
        tokio::spawn(reply_path::supervise(
            Arc::downgrade(&core),
            core.closing.clone(),
            seen,
            faults,
        ));
        Ok(Client {
            shared: Arc::new(Shared { core }),
        })
    }
}

fn assemble(
    requester: String,
    group: &str,
    config: ClientConfig,
    transport: Arc<dyn Transport>,
    instance: InstanceId,
    path: ReplyPath,
    on_timeout: Option<TimeoutObserver>,
) -> Result<Arc<Core>, StartError> {
    let calls = Arc::new(Calls::new(TableConfig {
        instance,
        max_entries: config.max_in_flight,
        max_bytes: config.max_in_flight_bytes,
    }));
    let sends = Arc::new(Sends {
        calls: Arc::clone(&calls),
    });
    let limits = PublisherLimits {
        queue: config.max_in_flight,
        message_timeout: Some(config.timeout),
    };
    let publisher = transport
        .publisher(limits, sends)
        .map_err(|error| StartError::transport("can not start a producer", error))?;
    let metrics = Arc::new(ClientMetrics::new(group));
    let (clock, time) = (transport.clock(), Arc::<Time>::default());
    time.look(clock.elapsed(), &*clock);
    Ok(Arc::new(Core {
        places: Places::default(),
        time,
        instance,
        requester,
        clock,
        entropy: transport.entropy(),
        transport,
        publisher,
        calls,
        targets: Targets::new(config.max_topics),
        lookups: Lookups::default(),
        path: Arc::new(path),
        strays: Arc::new(Strays::new(Arc::clone(&metrics))),
        metrics,
        on_timeout,
        closed: AtomicBool::new(false),
        closing: CancellationToken::new(),
        ended: Notify::new(),
        config,
    }))
}

fn check(group: &str, config: &ClientConfig) -> Result<(), StartError> {
    let topic = reply_topic(group, &config.reply);
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

fn reply_topic(group: &str, reply: &ReplyConfig) -> String {
    reply
        .topic
        .clone()
        .unwrap_or_else(|| format!("{group}.replies"))
}

fn choose_partition(
    reply: &ReplyConfig,
    partitions: u32,
    instance: InstanceId,
) -> Result<i32, StartError> {
    let spread = instance.get() % u64::from(partitions.max(1));
    let partition = reply
        .partition
        .unwrap_or_else(|| i32::try_from(spread).unwrap_or(0));
    if reaches(partitions, partition) {
        return Ok(partition);
    }
    Err(StartError::config(format!(
        "reply partition {partition} is not one of the {partitions} that the reply topic has"
    )))
}

/// How many partitions the reply topic has; creates it where that is allowed.
async fn reply_partitions(
    transport: &dyn Transport,
    topic: &str,
    reply: &ReplyConfig,
    timeout: Duration,
) -> Result<u32, StartError> {
    ensure(transport, topic, reply, timeout)
        .await
        .map_err(|error| {
            let detail = if error.kind() == TransportErrorKind::UnknownTopic {
                format!(
                    "the reply topic {topic} does not exist, and creating it is switched off: \
                     create it, or set `reply.create`"
                )
            } else {
                format!("no reply topic {topic}")
            };
            StartError::transport(detail, error)
        })
}

async fn ensure(
    transport: &dyn Transport,
    topic: &str,
    reply: &ReplyConfig,
    timeout: Duration,
) -> Result<u32, TransportError> {
    if let Some(partitions) = transport.partitions(topic, timeout).await? {
        return Ok(partitions);
    }
    if !reply.create {
        let message = "the topic does not exist";
        return Err(TransportError::new(TransportErrorKind::UnknownTopic, message).at(topic, None));
    }
    let spec = TopicSpec {
        name: topic.to_owned(),
        partitions: reply.partitions.max(1),
        replication: reply.replication,
        configs: vec![
            ("cleanup.policy".into(), "delete".into()),
            (
                "retention.ms".into(),
                reply.retention.as_millis().to_string(),
            ),
        ],
    };
    transport.ensure_topic(&spec, timeout).await
}

/// Brings a reply topic back that was deleted under a running client, where that is allowed. One
/// that is back with fewer partitions has another place for this client, unless it was told where.
pub(super) async fn ensure_reply_topic(core: &Core) -> Result<(), TransportError> {
    let timeout = Duration::from_secs(5);
    let reply = &core.config.reply;
    let partitions = ensure(&*core.transport, &core.path.topic, reply, timeout).await?;
    if reaches(partitions, core.path.partition()) {
        return Ok(());
    }
    let chosen = choose_partition(reply, partitions, core.instance).map_err(|_| {
        let message = format!("the reply topic has only {partitions} partitions now");
        TransportError::new(TransportErrorKind::UnknownPartition, message)
            .at(Arc::clone(&core.path.topic), reply.partition)
    })?;
    core.path.move_to(chosen);
    Ok(())
}

fn reaches(partitions: u32, partition: i32) -> bool {
    u32::try_from(partition).is_ok_and(|number| number < partitions)
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("group", &self.group)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
