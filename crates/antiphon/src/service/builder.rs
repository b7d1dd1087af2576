//! From routes and settings to a running service.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_proto::{InstanceId, encode_identity, is_legal_topic_name, is_operation_name};
use tower::{BoxError, Layer, Service as TowerService};

use super::{
    Service,
    handler::{
        Endpoint, Handler, HandlerService,
        message::{Inbound, Reply},
    },
    inner::{Inner, Plan},
    router::Router,
    routes::{Routes, Serve, layered},
};
use crate::{
    config::{KafkaConfig, ServiceConfig},
    error::StartError,
    transport::{TopicSpec, Transport, kafka::KafkaTransport},
};

/// Describes a [`Service`]. Made by [`Service::builder`].
///
/// ```
/// use antiphon::{Service, ServiceBuilder};
///
/// fn greeter() -> ServiceBuilder {
///     Service::builder("greeter")
///         .version("1.0.0")
///         .bootstrap_servers("localhost:9092")
///         .route("greetings", |name: String| async move { format!("hello, {name}") })
/// }
/// ```
#[must_use = "a builder does nothing until it starts"]
pub struct ServiceBuilder {
    name: String,
    version: String,
    instance: Option<String>,
    kafka: KafkaConfig,
    config: ServiceConfig,
    transport: Option<Arc<dyn Transport>>,
    routes: Router,
    wrong: Option<StartError>,
}

impl Service {
    /// Starts to describe a service. The name is also the default consumer group, and gathers tell
    /// responders apart by it.
    pub fn builder(name: impl Into<String>) -> ServiceBuilder {
        ServiceBuilder::new(name.into())
    }
}

impl ServiceBuilder {
    fn new(name: String) -> Self {
        Self {
            name,
            version: String::new(),
            instance: None,
            kafka: KafkaConfig::default(),
            config: ServiceConfig::default(),
            transport: None,
            routes: Router::default(),
            wrong: None,
        }
    }

    /// The version that requesters see behind the name. Default: none.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
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

    /// Limits, timeouts, group and allow-list.
    pub fn config(mut self, config: ServiceConfig) -> Self {
        self.config = config;
        self
    }

    /// A transport to use: a connection that is shared with other clients and services, or another
    /// log than Kafka. The settings of the brokers are ignored then.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// What requesters see as this instance's name. Default: a random one.
    pub fn instance(mut self, name: impl Into<String>) -> Self {
        self.instance = Some(name.into());
        self
    }

    /// Consumer group; instances of one group share the requests. Default: the service's name.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.config.group = Some(group.into());
        self
    }

    /// How many handlers may run at once. Default 1,024. At the limit requests stay in Kafka.
    pub fn concurrency(mut self, handlers: u32) -> Self {
        self.config.concurrency = handlers;
        self
    }

    /// Allows replies to topics whose whole name matches a regular expression, besides the default
    /// names.
    pub fn allow_reply_topic(mut self, pattern: impl Into<String>) -> Self {
        self.config.allowed_reply_topics.push(pattern.into());
        self
    }

    /// Answers requests on `topic` that name no operation.
    pub fn route<Args>(self, topic: &str, handler: impl Handler<Args>) -> Self {
        self.topic(topic, Routes::new().default(handler))
    }

    /// Answers requests on `topic` for one operation.
    pub fn operation<Args>(
        self,
        topic: &str,
        operation: &str,
        handler: impl Handler<Args>,
    ) -> Self {
        self.topic(topic, Routes::new().on(operation, handler))
    }

    /// Answers requests on `topic` by these routes. May be called several times for one topic.
    pub fn topic(mut self, topic: &str, routes: Routes) -> Self {
        for (operation, endpoint) in routes.into_endpoints() {
            self = self.add(topic, operation.as_deref(), endpoint);
        }
        self
    }

    /// Serves a definition: what `#[antiphon::service]` generates.
    pub fn serve(self, server: impl Serve) -> Self {
        let topic = server.topic().to_owned();
        self.topic(&topic, server.routes())
    }

    /// Wraps every handler added so far in a tower layer; the last added is the outermost.
    ///
    /// Tower's own `timeout`, `load_shed` and `BoxCloneService` fit as they are: see
    /// [`service::tower`](crate::service::tower()) for what becomes of their errors. A
    /// [synchronous](crate::service::sync()) handler in a layer is still called where requests are
    /// read; only if the layer has to wait, the request goes on as a task.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<HandlerService>,
        L::Service: TowerService<Inbound> + Clone + Send + 'static,
        <L::Service as TowerService<Inbound>>::Response: Into<Reply>,
        <L::Service as TowerService<Inbound>>::Error: Into<BoxError>,
        <L::Service as TowerService<Inbound>>::Future: Send + 'static,
    {
        self.routes.wrap(|inner| layered(&layer, inner).0);
        self
    }

    fn add(mut self, topic: &str, operation: Option<&str>, endpoint: Endpoint) -> Self {
        let wrong = if !is_legal_topic_name(topic) {
            Some(format!("{topic:?} is not a legal topic name"))
        } else if let Some(operation) = operation.filter(|o| !is_operation_name(o)) {
            Some(format!(
                "{operation:?} is not an operation name: 1 to 200 of a-z A-Z 0-9 . _ / -"
            ))
        } else if !self.routes.add(topic, operation, endpoint.0) {
            Some(format!(
                "two handlers for {topic} {}",
                operation.unwrap_or("")
            ))
        } else {
            None
        };
        if self.wrong.is_none() {
            self.wrong = wrong.map(StartError::config);
        }
        self
    }

    /// Starts the service. The instance joins its group in the background; [`Service::ready`] resolves
    /// when it has its first partitions.
    ///
    /// Needs a tokio runtime with time enabled: handlers run on it.
    ///
    /// # Errors
    /// Wrong settings or routes; brokers that cannot be reached; a request topic that does not exist
    /// and that the settings do not allow to create.
    pub async fn start(self) -> Result<Service, StartError> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        check(&self.name, &self.config, &self.routes)?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(KafkaTransport::connect(&self.kafka).await?),
        };
        let mut topics: Vec<String> = self.routes.topics().map(ToString::to_string).collect();
        // Sorted: of several missing topics the error always names the same one.
        topics.sort_unstable();
        for topic in &topics {
            ensure(&*transport, topic, &self.config, self.kafka.connect_timeout).await?;
        }
        let random = InstanceId::new(transport.entropy().bits()).to_string();
        let instance = self.instance.as_deref().unwrap_or(&random);
        let responder = encode_identity([&self.name, &self.version, instance]);
        if responder.len() > LONGEST_IDENTITY {
            return Err(StartError::config(format!(
                "service name, version and instance are longer than {LONGEST_IDENTITY} bytes together"
            )));
        }
        let group = self.config.group.clone().unwrap_or(self.name.clone());
        let inner = Inner::start(
            &transport,
            Plan {
                name: self.name,
                responder,
                group,
                topics,
                routes: self.routes,
                config: self.config,
            },
        )?;
        Ok(Service::new(inner))
    }
}

/// Most bytes of a responder's identity: the other fields of the packed header need room too.
const LONGEST_IDENTITY: usize = 512;

fn check(name: &str, config: &ServiceConfig, routes: &Router) -> Result<(), StartError> {
    if name.is_empty() {
        return Err(StartError::config("a service needs a name"));
    }
    if routes.topics().next().is_none() {
        return Err(StartError::config("a service needs at least one route"));
    }
    if config.concurrency == 0 || config.max_unacknowledged == 0 {
        return Err(StartError::config(
            "concurrency and max_unacknowledged must be at least 1",
        ));
    }
    if config.commit_interval.is_zero() || config.handler_timeout.is_zero() {
        return Err(StartError::config(
            "commit_interval and handler_timeout must be longer than nothing",
        ));
    }
    Ok(())
}

async fn ensure(
    transport: &dyn Transport,
    topic: &str,
    config: &ServiceConfig,
    timeout: Duration,
) -> Result<(), StartError> {
    let failed = |error| StartError::transport(format!("no request topic {topic}"), error);
    if transport
        .partitions(topic, timeout)
        .await
        .map_err(failed)?
        .is_some()
    {
        return Ok(());
    }
    let Some(partitions) = config.create_topics else {
        return Err(StartError::of(
            crate::StartErrorKind::UnknownTopic,
            format!("the request topic {topic} does not exist: create it, or set `create_topics`"),
        ));
    };
    let spec = TopicSpec {
        name: topic.to_owned(),
        partitions: partitions.max(1),
        replication: None,
        configs: Vec::new(),
    };
    let created = transport.ensure_topic(&spec, timeout).await;
    created.map(drop).map_err(failed)
}

impl fmt::Debug for ServiceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceBuilder")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
