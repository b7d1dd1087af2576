//! Settings of a client: limits, timeouts, the reply path.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::transport::Matching;

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
