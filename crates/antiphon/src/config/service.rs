//! Settings of a service: group, limits, timeouts, reply topics.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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
