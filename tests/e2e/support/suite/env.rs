//! What a case gets to work with.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use super::shared::Shared;
use super::{Missing, private_kafka};
use crate::support::broker::{Broker, KafkaHandle};
use crate::support::embedded::Embedded;
use crate::support::reason::Attempt;
use crate::support::rig::create_topic;

static KAFKA: Shared<KafkaHandle> = Shared::new();
static EMBEDDED: Shared<Embedded> = Shared::new();

/// Where a trial runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Without a broker.
    Nowhere,
    /// On the shared embedded broker.
    Embedded,
    /// On the shared Kafka.
    Kafka,
    /// On a Kafka that the case starts.
    PrivateKafka,
}

/// The broker that a trial holds, which keeps it running.
#[derive(Debug)]
enum Held {
    /// None, or one that the case starts itself.
    Nothing,
    /// The shared embedded broker.
    Embedded(Arc<Embedded>),
    /// The shared Kafka.
    Kafka(Arc<KafkaHandle>),
}

/// The environment of one trial.
#[derive(Debug)]
pub(crate) struct Env {
    held: Held,
}

impl Env {
    /// Prepares a place; the first trial there starts its broker.
    pub(super) fn at(place: Place) -> Result<Self, Missing> {
        let held = match place {
            Place::Nowhere => Held::Nothing,
            Place::PrivateKafka => private_kafka().map(|()| Held::Nothing)?,
            Place::Embedded => Held::Embedded(EMBEDDED.get_or_make(start_embedded)?),
            Place::Kafka => Held::Kafka(KAFKA.get_or_make(start_kafka)?),
        };
        Ok(Self { held })
    }

    /// Where clients connect.
    ///
    /// # Panics
    /// In a case that does not need a shared broker.
    pub(crate) fn bootstrap_servers(&self) -> &str {
        match &self.held {
            Held::Nothing => panic!("this case asked for no shared broker"),
            Held::Embedded(embedded) => embedded.bootstrap_servers(),
            Held::Kafka(kafka) => kafka.bootstrap_servers(),
        }
    }

    /// Whether the trial runs on the embedded broker.
    pub(crate) fn is_embedded(&self) -> bool {
        matches!(self.held, Held::Embedded(_))
    }

    /// Creates a topic with a unique name.
    pub(crate) fn create_topic(&self, prefix: &str, partitions: i32) -> Attempt<String> {
        self.create_topic_for(prefix, partitions, &[])
    }

    /// The same with settings; the embedded broker has none.
    pub(crate) fn create_topic_for(
        &self,
        prefix: &str,
        partitions: i32,
        settings: &[(&str, &str)],
    ) -> Attempt<String> {
        let name = self.topic(prefix);
        match &self.held {
            Held::Embedded(embedded) => embedded.create_topic(&name, partitions)?,
            _ => create_topic(self.bootstrap_servers(), &name, partitions, settings)?,
        }
        Ok(name)
    }

    /// A topic name that no other trial, and no other run, uses. The topic is not created.
    pub(crate) fn topic(&self, prefix: &str) -> String {
        static RUN: LazyLock<String> = LazyLock::new(run_name);
        static NEXT: AtomicU32 = AtomicU32::new(0);
        format!("{prefix}-{}-{}", *RUN, NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Ends the shared brokers, if any was started.
pub(super) fn stop_shared_brokers() {
    KAFKA.end();
    EMBEDDED.end();
}

/// Starts the shared embedded broker.
fn start_embedded() -> Result<Embedded, Missing> {
    Embedded::start().map_err(Missing::Broken)
}

/// Finds the shared Kafka, and starts it unless one is given.
fn start_kafka() -> Result<KafkaHandle, Missing> {
    match Broker::find() {
        Broker::Unavailable(reason) => Err(Missing::Unavailable(reason)),
        found => found.start().map_err(Missing::Broken),
    }
}

/// Distinguishes the runs on one long-lived Kafka.
fn run_name() -> String {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    format!("{:x}-{}", since.as_secs(), process::id())
}
