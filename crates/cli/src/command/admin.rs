//! Administration of brokers. Blocking calls run on threads of their own.

use std::time::Duration;

use antiphon::{StartError, config::KafkaConfig, transport::kafka::KafkaTransport};
use antiphon_kafka::{Admin, Properties, embedded_profile, is_embedded};

use crate::failure::Failure;

/// Time limit of one operation.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Time limit to read the cluster id once a broker has answered.
const ID: Duration = Duration::from_secs(10);

/// Connects an admin client once a broker has answered.
pub(super) async fn connect(kafka: &KafkaConfig) -> Result<Admin, Failure> {
    reach(kafka).await?;
    let kafka = kafka.clone();
    let admin = blocking(move || Admin::new(&properties(&kafka))).await?;
    admin.map_err(|source| Failure::Kafka {
        what: "cannot start a Kafka client".to_owned(),
        source,
    })
}

/// Connects once only for its error, which tells why no broker can be reached.
pub(super) async fn reach(kafka: &KafkaConfig) -> Result<(), Failure> {
    let connected = KafkaTransport::connect(kafka).await;
    drop(connected.map_err(StartError::from)?);
    Ok(())
}

/// The properties of librdkafka, `bootstrap.servers` included.
pub(super) fn configured(kafka: &KafkaConfig) -> Properties {
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

/// The properties for a plain client. Blocks to detect an embedded broker, which needs its own
/// settings.
pub(super) fn properties(kafka: &KafkaConfig) -> Properties {
    let mut all = configured(kafka);
    let embedded = Admin::new(&all)
        .ok()
        .and_then(|admin| admin.cluster_id(ID))
        .is_some_and(|id| is_embedded(&id));
    for (name, value) in embedded_profile().iter().filter(|_| embedded) {
        all.set_default(*name, *value);
    }
    all
}

/// Runs blocking work on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    Ok(tokio::task::spawn_blocking(work).await?)
}
