//! Settings as plain data, with their defaults and limits. Every struct refuses unknown keys.

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

/// What a [`Client`](crate::Client) does and how much of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientConfig {
    /// A call's timeout when it names none. Default 30 s; at most 24 days.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How many calls may be in flight. Default 100,000; more than 16,777,215 counts as
    /// 16,777,215. Memory for them is taken as they come, about 60 bytes each.
    pub max_in_flight: u32,
    /// How many bytes of request payload may be in flight. Default 256 MiB; a TiB or more counts
    /// as a byte less than a TiB.
    pub max_in_flight_bytes: u64,
    /// At a limit: `true` fails with `Overloaded` at once, `false` (default) waits for a place
    /// until the call's deadline.
    pub fail_fast: bool,
    /// Largest request payload in bytes. Default 1,000,000, which Kafka's own default admits.
    pub max_request_bytes: u32,
    /// How many request topics the client remembers. Default 1,024.
    pub max_topics: u32,
    /// How old a topic's partition count may become before it is asked for again. Default 30 s.
    #[serde(with = "humantime_serde")]
    pub metadata_ttl: Duration,
    /// Where replies come in.
    pub reply: ReplyConfig,
    /// Limits of one gather.
    pub gather: GatherConfig,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            max_in_flight: 100_000,
            max_in_flight_bytes: 256 << 20,
            fail_fast: false,
            max_request_bytes: 1_000_000,
            max_topics: 1024,
            metadata_ttl: Duration::from_secs(30),
            reply: ReplyConfig::default(),
            gather: GatherConfig::default(),
        }
    }
}

/// The reply topic of a client group, and this instance's place in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplyConfig {
    /// Topic name. Default `<client group>.replies`.
    pub topic: Option<String>,
    /// Fixed partition of this instance. Default: spread by the instance's random id.
    pub partition: Option<i32>,
    /// Whether to create the topic when it is absent. Default true.
    pub create: bool,
    /// Partitions of a topic that is created. Default 8.
    pub partitions: u32,
    /// Replication factor of a topic that is created. Default: the broker's.
    pub replication: Option<u32>,
    /// Retention of a topic that is created. Default 1 h; it has to exceed the longest timeout.
    #[serde(with = "humantime_serde")]
    pub retention: Duration,
    /// Whether to read the headers of every reply. Default false: a plain success is matched by
    /// its key, which saves a tenth of a call, and carries no headers then.
    pub read_headers: bool,
    /// What matches replies with calls. Default: a task of the runtime. A transport of your own
    /// does as it likes.
    pub matching: Matching,
}

/// What reads replies, matches them with the calls that wait, and ends the calls whose time is up.
/// No user code runs in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matching {
    /// A task of the tokio runtime on which the client connected: the least work for a reply, as
    /// its caller goes on where it was matched. But as long as all workers of that runtime are
    /// blocked by what should not block, or nobody drives a `current_thread` runtime, no reply is
    /// matched and no call times out, not even for callers on other runtimes; and when it is shut
    /// down, all calls end as [`ReplyPathLost`](crate::RequestErrorKind::ReplyPathLost).
    #[default]
    Runtime,
    /// A thread of its own, which no runtime can hold up, at the cost of one more switch of
    /// threads.
    Thread,
}

impl Default for ReplyConfig {
    fn default() -> Self {
        Self {
            topic: None,
            partition: None,
            create: true,
            partitions: 8,
            replication: None,
            retention: Duration::from_secs(3600),
            read_headers: false,
            matching: Matching::default(),
        }
    }
}

/// Bounds on what one gather may hold in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatherConfig {
    /// How many responders can be told apart; the replies of further ones are surplus.
    /// Default 1,024.
    pub max_responders: u32,
    /// How many bytes of replies one gather may hold; what exceeds it is surplus. Default 64 MiB.
    pub max_bytes: u64,
}

impl Default for GatherConfig {
    fn default() -> Self {
        Self {
            max_responders: 1024,
            max_bytes: 64 << 20,
        }
    }
}

/// What a [`Service`](crate::Service) does and how much of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceConfig {
    /// Consumer group. Default: the service's name. Instances of one group share the requests.
    pub group: Option<String>,
    /// How many handlers may run at once. Default 1,024.
    pub concurrency: u32,
    /// How many replies may wait for the brokers' acknowledgement. Default 100,000. Ten times as
    /// many requests of a partition may be done behind one that is not; then no more are read.
    pub max_unacknowledged: u32,
    /// How often offsets are committed. Default 500 ms: what a crash repeats at most.
    #[serde(with = "humantime_serde")]
    pub commit_interval: Duration,
    /// When a handler is dropped and the request answered `DEADLINE_EXCEEDED`, whatever the
    /// requester's deadline. Default 5 min. A handler without end would hold its partition's
    /// offset for ever.
    #[serde(with = "humantime_serde")]
    pub handler_timeout: Duration,
    /// How long a rebalance waits for handlers of the partitions that go. Default 5 s.
    #[serde(with = "humantime_serde")]
    pub revoke_timeout: Duration,
    /// How wrong the clocks of requesters and this service may be. Default 5 s.
    #[serde(with = "humantime_serde")]
    pub clock_skew: Duration,
    /// Reply topics that are allowed besides the default names, as regular expressions that must
    /// match the whole name.
    pub allowed_reply_topics: Vec<String>,
    /// Whether names that end in `.replies`, `-replies`, `.reply` or `-reply` are allowed.
    /// Default true.
    pub allow_default_reply_topics: bool,
    /// How many reply topics are kept open. Default 1,024.
    pub max_reply_topics: u64,
    /// Create absent request topics with so many partitions. Default: refuse to start.
    pub create_topics: Option<u32>,
    /// Where a handler's future is polled for the first time. Default: where requests are read.
    pub first_poll: FirstPoll,
}

/// Where a handler is called and its future polled for the first time. One that is not done then
/// goes on as a task of the runtime, whichever this is.
///
/// Neither is a place to block or to compute for long: there is one thread, or one task, for the
/// first polls of all requests. Hand such work to `spawn_blocking`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FirstPoll {
    /// On the thread that reads requests, with the runtime entered: the fewest switches between
    /// threads, and what blocks here does not block the runtime.
    #[default]
    Inline,
    /// On the tokio runtime, by one task that takes the requests batch by batch: while it runs,
    /// requests are read and offsets committed.
    Runtime,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            group: None,
            concurrency: 1024,
            max_unacknowledged: 100_000,
            commit_interval: Duration::from_millis(500),
            handler_timeout: Duration::from_secs(300),
            revoke_timeout: Duration::from_secs(5),
            clock_skew: Duration::from_secs(5),
            allowed_reply_topics: Vec::new(),
            allow_default_reply_topics: true,
            max_reply_topics: 1024,
            create_topics: None,
            first_poll: FirstPoll::default(),
        }
    }
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
