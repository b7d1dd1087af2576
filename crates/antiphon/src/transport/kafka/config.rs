//! How to reach Kafka.

use std::{collections::BTreeMap, fmt, time::Duration};

use antiphon_kafka::redacted;
use serde::{Deserialize, Serialize};

/// How to reach Kafka. `Debug` hides the values of secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaConfig {
    /// `host:port` pairs, comma-separated. Required, here or as a property.
    pub bootstrap_servers: String,
    /// What the producer is tuned for. Default: what is best, or nearly so, under most loads.
    pub profile: Profile,
    /// Handed to librdkafka as they are; they win over our own settings, the profile's too.
    pub properties: BTreeMap<String, String>,
    /// How long a start may wait for the brokers. Default 10 s.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            bootstrap_servers: String::new(),
            profile: Profile::default(),
            properties: BTreeMap::new(),
            connect_timeout: Duration::from_secs(10),
        }
    }
}

impl fmt::Debug for KafkaConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties = self.properties.iter();
        let properties: BTreeMap<_, _> = properties.map(|(k, v)| (k, redacted(k, v))).collect();
        out.debug_struct("KafkaConfig")
            .field("bootstrap_servers", &redacted("", &self.bootstrap_servers))
            .field("profile", &self.profile)
            .field("properties", &properties)
            .field("connect_timeout", &self.connect_timeout)
            .finish()
    }
}

impl KafkaConfig {
    /// Settings for these brokers, with everything else at its default.
    pub fn new(bootstrap_servers: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            ..Self::default()
        }
    }

    /// Tunes the producer.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Sets a librdkafka property.
    #[must_use]
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.insert(name.into(), value.into());
        self
    }
}

/// What a producer is tuned for, where one setting is not best for all. The figures are in
/// `docs/benchmarks.md`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Each record is sent at once, and one produce request is on its way per connection
    /// (`max.in.flight` 1, `linger.ms` 0): under load batches fill by themselves.
    #[default]
    Balanced,
    /// Five produce requests may be on their way (`max.in.flight` 5): for brokers whose
    /// acknowledgements take milliseconds, and for dozens of partitions, where one at a time would
    /// make records queue.
    Latency,
    /// Records wait up to 5 ms for others (`linger.ms` 5): fewer and fuller batches, and so the
    /// least CPU time for a request, of clients and of brokers, where there are many partitions or
    /// replicas. A call takes ten milliseconds more.
    Throughput,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_secrets_and_shows_the_rest() {
        let config = KafkaConfig::new("SASL_SSL://me:hunter2@host:9093")
            .property("sasl.password", "hunter2")
            .property("linger.ms", "5");
        let shown = format!("{config:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("\"linger.ms\": \"5\""), "{shown}");
        assert!(shown.contains("host:9093"), "{shown}");
    }
}
