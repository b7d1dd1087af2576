//! The broker inside this process, shared by every `embedded::` test.

use antiphon_kafka::{EmbeddedBroker, EmbeddedConfig};

use super::reason::{Attempt, Because as _};

/// A running embedded broker.
#[derive(Debug)]
pub(crate) struct Embedded {
    broker: EmbeddedBroker,
    bootstrap_servers: String,
}

impl Embedded {
    /// Starts one.
    pub(crate) fn start() -> Attempt<Self> {
        let broker =
            EmbeddedBroker::start(EmbeddedConfig::default()).because("the embedded broker")?;
        Ok(Self {
            bootstrap_servers: broker.bootstrap_servers(),
            broker,
        })
    }

    /// Where clients connect.
    pub(crate) fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// Creates a topic. Other clients cannot: this broker does not support that request.
    pub(crate) fn create_topic(&self, name: &str, partitions: i32) -> Attempt<()> {
        self.broker.create_topic(name, partitions).because(name)
    }
}
