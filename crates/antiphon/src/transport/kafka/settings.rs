//! Which librdkafka properties we set, and why. What a user sets wins.

use antiphon_kafka::{Properties, embedded_profile};

use super::{KafkaConfig, Profile};
use crate::transport::{PublisherLimits, TransportError, TransportErrorKind};

/// Everything that clients of this transport are made from.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    user: Properties,
    profile: Profile,
    embedded: bool,
}

const SERVERS: &str = "bootstrap.servers";

/// For every client. Quick to come back after a broker's restart: librdkafka's own default waits
/// up to ten seconds. And quick to leave a broker that has frozen, which says nothing while others
/// have taken over what it led: librdkafka would wait a minute for its answers, and look for new
/// leaders every five. No question takes a healthy broker that long; what is sent has a timeout of
/// its own.
const COMMON: &[(&str, &str)] = &[
    ("client.id", "antiphon"),
    ("reconnect.backoff.ms", "50"),
    ("reconnect.backoff.max.ms", "1000"),
    ("socket.keepalive.enable", "true"),
    ("socket.timeout.ms", "10000"),
    // Partitions that are added are read once somebody has looked, too: five minutes would be
    // longer than clients wait, which send to them within half a minute.
    ("topic.metadata.refresh.interval.ms", "10000"),
    ("allow.auto.create.topics", "false"),
];

const PRODUCER: &[(&str, &str)] = &[
    ("acks", "all"),
    ("linger.ms", "0"),
    ("max.in.flight", "1"),
    ("retry.backoff.ms", "20"),
    ("queue.buffering.max.kbytes", "1048576"),
    ("partitioner", "murmur2_random"),
];

/// Where it differs from what stands in [`PRODUCER`]. A linger of any length costs 1.2 ms a hop at
/// low load; one request in flight per connection makes batches fill by themselves under load.
fn tuning(profile: Profile) -> &'static [(&'static str, &'static str)] {
    match profile {
        Profile::Balanced => &[],
        Profile::Latency => &[("max.in.flight", "5")],
        Profile::Throughput => &[("linger.ms", "5")],
    }
}

const CONSUMER: &[(&str, &str)] = &[
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    // The default of a second is what a full prefetch queue would wait.
    ("fetch.queue.backoff.ms", "5"),
    ("fetch.error.backoff.ms", "20"),
    ("enable.partition.eof", "false"),
];

/// A position that is gone must be noticed: replies would vanish silently otherwise. Replies are
/// read as they are written, whatever transaction is open in the partition.
const REPLIES: &[(&str, &str)] = &[
    ("auto.offset.reset", "error"),
    ("isolation.level", "read_uncommitted"),
];

const REQUESTS: &[(&str, &str)] = &[
    ("auto.offset.reset", "earliest"),
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("session.timeout.ms", "10000"),
    ("heartbeat.interval.ms", "1000"),
];

impl Settings {
    pub(super) fn new(config: &KafkaConfig) -> Result<Self, TransportError> {
        let mut user = Properties::new();
        for (name, value) in &config.properties {
            user.set(name, value);
        }
        let named = config.bootstrap_servers.trim();
        if !named.is_empty() {
            user.set(SERVERS, named);
        }
        if user.get(SERVERS).is_none_or(str::is_empty) {
            return Err(TransportError::new(
                TransportErrorKind::InvalidConfig,
                "no brokers are named: set `bootstrap_servers`",
            ));
        }
        Ok(Self {
            user,
            profile: config.profile,
            embedded: false,
        })
    }

    /// The same, for our embedded broker.
    pub(super) fn embedded(mut self) -> Self {
        self.embedded = true;
        self
    }

    pub(super) fn is_embedded(&self) -> bool {
        self.embedded
    }

    pub(super) fn servers(&self) -> &str {
        self.user.get(SERVERS).unwrap_or("")
    }

    /// Of a publisher.
    pub(super) fn producer(&self, limits: PublisherLimits) -> Properties {
        let mut all = self.with(&[COMMON, tuning(self.profile), PRODUCER]);
        if let Some(timeout) = limits.message_timeout {
            // librdkafka wants it above the linger.
            let limit = timeout.as_millis().max(100);
            all.set_default("message.timeout.ms", limit.to_string());
        }
        // Some room beyond what we admit: control records and resends.
        let queue = limits.queue.saturating_add(1_000).min(10_000_000);
        all.set_default("queue.buffering.max.messages", queue.to_string());
        all
    }

    /// Of the client that asks about topics, and sends nothing.
    pub(super) fn metadata(&self) -> Properties {
        self.producer(PublisherLimits {
            queue: 0,
            message_timeout: None,
        })
    }

    pub(super) fn replies(&self, group: &str) -> Properties {
        let mut all = self.with(&[COMMON, CONSUMER, REPLIES]);
        all.set("group.id", group);
        all
    }

    pub(super) fn requests(&self, group: &str) -> Properties {
        let mut all = self.with(&[COMMON, CONSUMER, REQUESTS]);
        all.set("group.id", group);
        all
    }

    pub(super) fn admin(&self) -> Properties {
        self.with(&[COMMON])
    }

    /// The user's properties, then the embedded broker's, then ours.
    fn with(&self, tables: &[&[(&str, &str)]]) -> Properties {
        let mut all = self.user.clone();
        let embedded = if self.embedded {
            embedded_profile()
        } else {
            &[]
        };
        for (name, value) in std::iter::once(&embedded).chain(tables).copied().flatten() {
            all.set_default(*name, *value);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMITS: PublisherLimits = PublisherLimits {
        queue: 10,
        message_timeout: Some(Duration::from_secs(30)),
    };

    fn settings(config: &KafkaConfig) -> Settings {
        Settings::new(config).unwrap()
    }

    #[test]
    fn what_a_user_sets_wins() {
        let config = KafkaConfig::new("localhost:9092").property("linger.ms", "7");
        let plain = settings(&config);
        assert_eq!(plain.producer(LIMITS).get("linger.ms"), Some("7"));
        assert_eq!(
            plain.embedded().producer(LIMITS).get("linger.ms"),
            Some("7")
        );
    }

    #[test]
    fn a_profile_tunes_the_producer_and_a_property_wins_over_it() {
        let tuned = |profile| {
            let config = KafkaConfig::new("localhost:9092").profile(profile);
            let all = settings(&config).producer(LIMITS);
            let of = |name| all.get(name).map(str::to_owned);
            (of("max.in.flight"), of("linger.ms"))
        };
        let pair = |a: &str, b: &str| (Some(a.to_owned()), Some(b.to_owned()));
        assert_eq!(tuned(Profile::Balanced), pair("1", "0"));
        assert_eq!(tuned(Profile::Latency), pair("5", "0"));
        assert_eq!(tuned(Profile::Throughput), pair("1", "5"));
        let config = KafkaConfig::new("localhost:9092")
            .profile(Profile::Latency)
            .property("max.in.flight", "2");
        assert_eq!(
            settings(&config).producer(LIMITS).get("max.in.flight"),
            Some("2")
        );
    }

    #[test]
    fn the_embedded_broker_gets_its_own_settings() {
        let embedded = settings(&KafkaConfig::new("localhost:9092")).embedded();
        assert_eq!(embedded.producer(LIMITS).get("linger.ms"), Some("1"));
        assert_eq!(embedded.replies("g").get("fetch.wait.max.ms"), Some("1"));
    }

    #[test]
    fn topics_are_never_created_by_accident() {
        let all = settings(&KafkaConfig::new("localhost:9092"));
        for properties in [all.producer(LIMITS), all.replies("g"), all.requests("g")] {
            assert_eq!(properties.get("allow.auto.create.topics"), Some("false"));
        }
    }

    #[test]
    fn brokers_must_be_named() {
        assert!(Settings::new(&KafkaConfig::default()).is_err());
    }
}
