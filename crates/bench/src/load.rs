//! What a run asks of a requester and a responder.

use std::time::Duration;

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
    /// Requests in flight.
    #[arg(long, default_value_t = 1)]
    pub(crate) in_flight: usize,
    /// Bytes of each request and reply.
    #[arg(long, default_value_t = 100)]
    pub(crate) payload: usize,
    /// librdkafka's `max.in.flight`.
    #[arg(long, default_value_t = 5)]
    pub(crate) max_in_flight: u32,
    /// Before anything is measured.
    #[arg(long, value_parser = seconds, default_value = "2")]
    pub(crate) warmup: Duration,
    /// How long to measure.
    #[arg(long, value_parser = seconds, default_value = "5")]
    pub(crate) duration: Duration,
}

/// `5` or `5s`.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .trim_end_matches('s')
        .parse()
        .map_err(|e| format!("{e}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string())
}
