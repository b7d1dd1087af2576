//! Options of `bench`.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{CallArgs, parse};

/// Measure the throughput and latency of a running service.
///
/// Without --rate it keeps --in-flight requests in flight (a closed loop): a slow reply delays the
/// next request. With --rate it sends at that rate, independent of the replies (an open loop).
/// Latency then counts from the time a request was due, so that a stall shows in every request it
/// delayed. --in-flight limits an open loop too: requests that had to wait, and requests that were
/// never sent, are counted.
///
/// The service executes each request: do not run this where that does harm.
#[derive(Args, Clone, Debug)]
#[command(after_help = HELP)]
pub(crate) struct BenchArgs {
    /// The request topic. It must exist.
    pub(crate) topic: String,
    /// The value of the requests, or - to read it from standard input.
    #[arg(value_name = "VALUE|-", allow_hyphen_values = true, conflicts_with_all = ["payload", "payload_file"])]
    pub(crate) value: Option<String>,
    /// Send values of this size.
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 100,
        conflicts_with = "payload_file"
    )]
    pub(crate) payload: u32,
    /// Send the content of a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) payload_file: Option<PathBuf>,
    /// The maximum number of requests in flight.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) in_flight: u32,
    /// Send R requests per second, in an open loop.
    #[arg(long, value_name = "R", value_parser = parse::rate)]
    pub(crate) rate: Option<f64>,
    /// How long to measure.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse::timeout)]
    pub(crate) duration: Duration,
    /// How long to send before measuring.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = parse::duration)]
    pub(crate) warmup: Duration,
    /// Use N different keys in turn, which spreads the requests over the partitions by key.
    /// Default: no key, which spreads them by load.
    #[arg(long, value_name = "N", conflicts_with = "key", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) keys: Option<u64>,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

const HELP: &str = "\
A request counts if it was due within --duration, whenever its reply arrives. Ctrl-C stops early
and reports what was measured.

With -o json the result is one object: the options (topic, mode, in_flight, asked_rate, payload,
keys, timeout_s, warmup_s, duration_s), measured_s, interrupted, requests, replies, rate (replies
per second), p50_us, p90_us, p99_us, p999_us, max_us (null without replies), errors (by kind, with
the number of requests by execution: no, maybe, yes), unfinished (in flight at the end),
behind_schedule (sent more than 1 ms late, or never), not_started (never sent), cpu_us_per_request
(of this process; null if the system does not report it).

Exit codes:
  0  every measured request received its reply
  1  nothing was measured
  2  the command line, a setting or the request is not valid
  3  some requests failed, and for each of them it is known whether it was executed
  4  some requests failed, and none of these was executed; or not started: no broker, unknown topic
  5  for some requests it is unknown whether they were executed

Examples:
  antiphon bench greetings --in-flight 200 --duration 30s
  antiphon bench greetings world --rate 2000 --timeout 1s -o json";
