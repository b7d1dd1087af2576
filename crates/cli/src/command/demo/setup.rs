//! Broker and topics of the demonstration.

use std::time::Duration;

use antiphon::{
    EmbeddedBroker,
    config::{KafkaConfig, ServiceConfig},
};
use antiphon_kafka::{Error, Producer, Properties, Reports};
use rand::Rng;

use super::{
    page::Page,
    topics::{LIMIT, PARTITIONS, create, delete},
};
use crate::{
    command::{
        admin::{blocking, properties, reach},
        dev,
    },
    failure::Failure,
};

/// The broker, the topics, and a client to look them up.
pub(super) struct Setup {
    /// The embedded broker, unless brokers are given.
    pub(super) broker: Option<EmbeddedBroker>,
    pub(super) kafka: KafkaConfig,
    /// The prefix of all topics and groups.
    pub(super) prefix: String,
    /// The properties of a plain Kafka client.
    pub(super) properties: Properties,
    /// Looks up topics.
    client: Producer,
}

impl Setup {
    /// Starts an embedded broker unless brokers are given.
    pub(super) async fn start(brokers: Option<KafkaConfig>) -> Result<Self, Failure> {
        let (broker, kafka, prefix) = match brokers {
            Some(kafka) => {
                let unique = rand::rng().random::<u32>();
                (None, kafka, format!("antiphon-demo-{unique:08x}"))
            }
            None => {
                let broker = dev::start()?;
                // On an embedded broker a rebalance takes one second less than the session timeout.
                let kafka = KafkaConfig::new(broker.bootstrap_servers())
                    .property("session.timeout.ms", "3000")
                    .property("heartbeat.interval.ms", "300");
                (Some(broker), kafka, "demo".to_owned())
            }
        };
        reach(&kafka).await?;
        let asked = kafka.clone();
        let properties = blocking(move || properties(&asked)).await?;
        let client = Producer::new(&properties, Reports::ErrorsOnly);
        let setup = Self {
            client: client.map_err(|error| failed("cannot start a Kafka client", error))?,
            broker,
            kafka,
            prefix,
            properties,
        };
        setup.create_topics().await?;
        Ok(setup)
    }

    /// Creates all request topics on the embedded broker. On other brokers the services create
    /// theirs, and this creates only the topic without a service.
    async fn create_topics(&self) -> Result<(), Failure> {
        let Some(broker) = &self.broker else {
            let (properties, topic) = (self.properties.clone(), self.unserved());
            let created = blocking(move || create(&properties, topic)).await?;
            return created.map_err(|error| failed("cannot create a topic", error));
        };
        for topic in self.request_topics() {
            let created = broker.create_topic(&topic, PARTITIONS);
            created.map_err(|error| failed("cannot create a topic", error))?;
        }
        Ok(())
    }

    /// Settings of a service. It creates its request topic, except on the embedded broker.
    pub(super) fn service_config(&self) -> ServiceConfig {
        let absent = self.broker.is_none();
        ServiceConfig {
            create_topics: absent.then_some(PARTITIONS.unsigned_abs()),
            ..ServiceConfig::default()
        }
    }

    /// The partition count of a topic. `None` if it does not exist.
    pub(super) async fn partitions(&self, topic: &str) -> Result<Option<u32>, Failure> {
        let (client, topic) = (self.client.clone(), topic.to_owned());
        let found = blocking(move || {
            client.poll_events(Duration::ZERO, &mut |_| {});
            client.partitions(&topic, LIMIT)
        });
        found
            .await?
            .map_err(|error| failed("cannot look up a topic", error))
    }

    pub(super) fn greetings(&self) -> String {
        format!("{}.greetings", self.prefix)
    }

    pub(super) fn prices(&self) -> [String; 3] {
        ["north", "south", "west"].map(|place| format!("{}.prices.{place}", self.prefix))
    }

    /// A topic without a service.
    pub(super) fn unserved(&self) -> String {
        format!("{}.unserved", self.prefix)
    }

    /// A topic that does not exist.
    pub(super) fn misspelt(&self) -> String {
        format!("{}.greetigns", self.prefix)
    }

    pub(super) fn client_group(&self) -> String {
        format!("{}.client", self.prefix)
    }

    fn reply_topic(&self) -> String {
        format!("{}.replies", self.client_group())
    }

    fn request_topics(&self) -> Vec<String> {
        let mut topics = vec![self.greetings(), self.unserved()];
        topics.extend(self.prices());
        topics
    }

    /// Stops the embedded broker, or deletes the topics from other brokers.
    pub(super) async fn clean_up(self, page: &mut Page) -> Result<(), Failure> {
        let (mut topics, reply_topic) = (self.request_topics(), self.reply_topic());
        let closing = self.client.close(Duration::from_secs(1));
        if let Some(broker) = self.broker {
            // The last client must stop before the broker; both take some milliseconds.
            return blocking(move || {
                if !closing.wait(LIMIT) {
                    tracing::warn!("the last Kafka client did not stop in time");
                }
                drop(broker);
            })
            .await;
        }
        page.section("Clean-up")?;
        topics.push(reply_topic);
        let properties = self.properties;
        let deleted = blocking(move || delete(&properties, &topics)).await?;
        page.paragraph(&deleted.map_err(|error| failed("cannot delete a topic", error))?)
    }
}

fn failed(what: &str, source: Error) -> Failure {
    Failure::Kafka {
        what: what.to_owned(),
        source,
    }
}
