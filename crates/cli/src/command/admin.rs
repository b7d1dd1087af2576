//! Administration of brokers. What waits for them runs on threads of its own.

use std::time::Duration;

use antiphon::{StartError, config::KafkaConfig, transport::kafka::KafkaTransport};
use antiphon_kafka::{Admin, Properties, embedded_profile, is_embedded};

use crate::failure::Failure;

/// How long one operation may take.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// How long to find out what kind of broker it is, once one has answered.
const ID: Duration = Duration::from_secs(10);

/// Waits until a broker has answered.
pub(super) async fn connect(kafka: &KafkaConfig) -> Result<Admin, Failure> {
    // Only to find out, with a good error, whether the brokers can be reached.
    drop(
        KafkaTransport::connect(kafka)
            .await
            .map_err(StartError::from)?,
    );
    let kafka = kafka.clone();
    let admin = blocking(move || Admin::new(&properties(&kafka))).await?;
    admin.map_err(|source| Failure::Kafka {
        what: "can not start a client".to_owned(),
        source,
    })
}

/// The properties with the brokers among them.
pub(super) fn named(kafka: &KafkaConfig) -> Properties {
    let mut all = Properties::new();
    all.extend(kafka.properties.clone());
    let servers = kafka.bootstrap_servers.trim();
    if !servers.is_empty() {
        all.set(SERVERS, servers);
    }
    all
}

/// The property that names the brokers.
pub(super) const SERVERS: &str = "bootstrap.servers";

/// Blocks to find out whether the brokers are embedded ones, which need settings of their own.
pub(super) fn properties(kafka: &KafkaConfig) -> Properties {
    let mut all = named(kafka);
    let embedded = Admin::new(&all)
        .ok()
        .and_then(|admin| admin.cluster_id(ID))
        .is_some_and(|id| is_embedded(&id));
    for (name, value) in embedded_profile().iter().filter(|_| embedded) {
        all.set_default(*name, *value);
    }
    all
}

/// Runs what waits for a broker.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    Ok(tokio::task::spawn_blocking(work).await?)
}
