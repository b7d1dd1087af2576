//! What a run asks of a requester and a responder.

use std::time::Duration;

use antiphon::config::Profile;
use clap::Args;

/// One load on one pair of topics.
#[derive(Clone, Debug, Args)]
pub(crate) struct Load {
    /// host:port of the brokers.
    #[arg(long)]
    pub(crate) servers: String,
    /// Request topic.
    #[arg(long)]
    pub(crate) topic: String,
    /// Reply topic.
    #[arg(long)]
    pub(crate) reply_topic: String,
    /// Partitions of the request topic.
    #[arg(long, default_value_t = 1)]
    pub(crate) partitions: i32,
    /// Requests in flight; of an open loop at most.
    #[arg(long, default_value_t = 1)]
    pub(crate) in_flight: usize,
    /// Bytes of each request and reply.
    #[arg(long, default_value_t = 100)]
    pub(crate) payload: usize,
    /// Requests carry one of a thousand keys, which chooses the partition.
    #[arg(long)]
    pub(crate) keyed: bool,
    /// How long the handler sleeps, in seconds.
    #[arg(long, value_parser = seconds, default_value = "0")]
    pub(crate) handler_sleep: Duration,
    /// Open loop: so many requests a second, whether replies come or not.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// Distinguishes the requesters that share a reply partition.
    #[arg(long, default_value_t = 0)]
    pub(crate) instance: u32,
    /// librdkafka's `max.in.flight`; Antiphon's is set by its profile.
    #[arg(long, default_value_t = 5)]
    pub(crate) max_in_flight: u32,
    /// How long to send before anything is measured.
    #[arg(long, value_parser = seconds, default_value = "2")]
    pub(crate) warmup: Duration,
    /// How long to measure.
    #[arg(long, value_parser = seconds, default_value = "5")]
    pub(crate) duration: Duration,
    /// What Antiphon's producers are tuned for.
    #[arg(long, value_parser = profile, default_value = "balanced")]
    pub(crate) profile: Profile,
    /// One task has all calls in flight. Default: a task for each.
    #[arg(long)]
    pub(crate) one_task: bool,
    /// Antiphon starts its handlers on the runtime.
    #[arg(long)]
    pub(crate) pump: bool,
    /// Antiphon's handler is synchronous: `service::sync`.
    #[arg(long)]
    pub(crate) sync_handler: bool,
    /// Starts when told on stdin, and ends when stdin is closed.
    #[arg(long)]
    pub(crate) with_parent: bool,
}

impl Load {
    /// The keys that requests carry in turn; none unless they are keyed.
    pub(crate) fn keys(&self) -> Vec<String> {
        let count = if self.keyed { 1_000 } else { 0 };
        (0..count).map(|n| format!("key-{n}")).collect()
    }

    pub(crate) fn value(&self) -> Vec<u8> {
        vec![b'x'; self.payload]
    }
}

/// As it is named in a configuration.
fn profile(name: &str) -> Result<Profile, String> {
    match name {
        "balanced" => Ok(Profile::Balanced),
        "latency" => Ok(Profile::Latency),
        "throughput" => Ok(Profile::Throughput),
        other => Err(format!("{other} is no profile")),
    }
}

/// `5` or `5s`.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .trim_end_matches('s')
        .parse()
        .map_err(|e| format!("{e}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_come_with_or_without_their_unit() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(seconds("2s"), Ok(Duration::from_secs(2)));
        assert!(seconds("-1").is_err());
        assert!(seconds("soon").is_err());
    }
}
