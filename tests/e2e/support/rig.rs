//! Clients and services for cases, and raw records that no client of Antiphon sends.

use std::future::Future;
use std::time::Duration;

use antiphon::config::{ClientConfig, KafkaConfig, ServiceConfig};
use antiphon::{Client, Service, Status, service};
use antiphon_kafka::{Admin, Batch, Consumer, NewTopic, Outgoing, Producer, Properties, Reports};
use bytes::Bytes;
use libtest_mimic::Failed;

use super::reason::{Attempt, Because as _};
use super::suite::Env;
use super::wait::eventually;

/// Long enough for a slow machine with a broker on the same two cores.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Runs an async case on its own runtime.
pub(crate) fn block_on<F: Future<Output = Result<(), Failed>>>(case: F) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let result = runtime.block_on(case);
    runtime.shutdown_timeout(Duration::from_secs(5));
    result
}

/// A client of a group that no other case uses.
pub(crate) async fn client(env: &Env) -> Attempt<Client> {
    client_of(
        env.bootstrap_servers(),
        &env.topic("web"),
        ClientConfig::default(),
    )
    .await
}

pub(crate) async fn client_of(servers: &str, group: &str, config: ClientConfig) -> Attempt<Client> {
    Client::builder(group)
        .bootstrap_servers(servers)
        .config(config)
        .connect()
        .await
        .because("connecting a client")
}

/// A service that answers with the value of the request.
pub(crate) async fn echo(env: &Env, topic: &str) -> Attempt<Service> {
    serve(env, topic, &env.topic("echo"), |_, value| async move {
        Ok(value)
    })
    .await
}

pub(crate) async fn serve<F, Fut>(
    env: &Env,
    topic: &str,
    name: &str,
    handler: F,
) -> Attempt<Service>
where
    F: Fn(service::Context, Bytes) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Bytes, Status>> + Send + 'static,
{
    let config = ServiceConfig::default();
    serve_on(env.bootstrap_servers(), topic, name, config, handler).await
}

pub(crate) async fn serve_on<F, Fut>(
    servers: &str,
    topic: &str,
    name: &str,
    config: ServiceConfig,
    handler: F,
) -> Attempt<Service>
where
    F: Fn(service::Context, Bytes) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Bytes, Status>> + Send + 'static,
{
    let service = Service::builder(name)
        .version("1.0.0")
        .kafka(KafkaConfig::new(servers))
        .config(config)
        .route(topic, handler)
        .start()
        .await
        .because("starting a service")?;
    tokio::time::timeout(LIMIT, service.ready())
        .await
        .because("waiting for the first partitions")?;
    Ok(service)
}

pub(crate) fn properties(servers: &str) -> Properties {
    let mut properties = Properties::new();
    properties.set("bootstrap.servers", servers);
    properties
}

pub(crate) fn create_topic(
    servers: &str,
    name: &str,
    partitions: i32,
    settings: &[(&str, &str)],
) -> Attempt<()> {
    let settings = settings.iter();

    let topic = NewTopic {
        name: name.to_owned(),
        partitions,
        replication: 1,
        configs: settings
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
    };
    let admin = Admin::new(&properties(servers)).because("an admin client")?;
    admin.create_topic(&topic, LIMIT).because(name)?;
    let seen = Producer::new(&properties(servers), Reports::ErrorsOnly).because("a producer")?;
    eventually("the new topic can be seen", LIMIT, || {
        seen.partitions(name, Duration::from_secs(5)).ok().flatten()
    })
    .map(drop)
}

pub(crate) fn topic_exists(servers: &str, name: &str) -> Attempt<bool> {
    let producer =
        Producer::new(&properties(servers), Reports::ErrorsOnly).because("a producer")?;
    let partitions = producer.partitions(name, LIMIT).because(name)?;
    Ok(partitions.is_some())
}

/// A record of the log.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) partition: i32,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Raw {
    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        let mut all = self.headers.iter();
        all.find(|(n, _)| n == name.as_bytes())?.1.as_deref()
    }
}

/// All records of a topic.
pub(crate) fn read_all(servers: &str, topic: &str) -> Attempt<Vec<Raw>> {
    let mut properties = properties(servers);
    properties.set("group.id", "antiphon-tests-reader");
    properties.set("fetch.wait.max.ms", "10");
    let consumer = Consumer::new(&properties).because("a consumer")?;
    let partitions = consumer.partitions(topic, LIMIT).because(topic)?;
    let partitions = partitions.ok_or_else(|| format!("no topic {topic}"))?;
    let mut left = 0;
    let mut assigned = Vec::new();
    for partition in (0..partitions).filter_map(|p| i32::try_from(p).ok()) {
        let ends = consumer.watermarks(topic, partition, LIMIT);
        let (low, high) = ends.because("the ends of a partition")?;
        left += high - low;
        assigned.push((topic, partition, low));
    }
    consumer.assign(&assigned).because("assigning")?;
    let mut batch = Batch::with_capacity(1_000);
    let mut found = Vec::new();
    eventually("the whole topic is read", LIMIT, || {
        consumer.fill(&mut batch, 1_000, Duration::from_millis(50));
        found.extend(batch.iter().flatten().map(|message| {
            Raw {
                partition: message.partition(),
                key: message.key().map(<[u8]>::to_vec),
                value: message.payload().map(<[u8]>::to_vec),
                headers: message
                    .headers()
                    .iter()
                    .map(|(name, value)| (name.to_vec(), value.map(<[u8]>::to_vec)))
                    .collect(),
            }
        }));
        (i64::try_from(found.len()).ok()? >= left).then_some(())
    })?;
    Ok(found)
}

/// Sends records that no client of Antiphon sends.
#[derive(Debug)]
pub(crate) struct Hostile {
    producer: Producer,
}

impl Hostile {
    pub(crate) fn new(servers: &str) -> Attempt<Self> {
        let mut properties = properties(servers);
        properties.set("message.max.bytes", "4000000");
        let producer = Producer::new(&properties, Reports::All).because("a producer")?;
        Ok(Self { producer })
    }

    /// Header names are text, or any bytes.
    pub(crate) fn send<N: AsRef<[u8]>>(
        &self,
        topic: &str,
        partition: i32,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(N, Option<&[u8]>)],
    ) -> Attempt<()> {
        let topic = self.producer.topic(topic).because("a topic")?;
        let record = Outgoing {
            topic: &topic,
            partition,
            key,
            value,
            headers,
            token: 0,
        };
        self.producer.send(&record).because("sending")
    }

    /// Waits until everything sent has been acknowledged.
    pub(crate) fn flush(&self) -> Attempt<()> {
        eventually("everything is sent", LIMIT, || {
            self.producer
                .poll_events(Duration::from_millis(10), &mut |_| {});
            (self.producer.queue_len() == 0).then_some(())
        })
    }
}
