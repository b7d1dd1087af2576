//! Options of `bench`.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{CallArgs, parse};

/// Puts load on a service that runs, and says how fast it answers.
///
/// Without --rate it keeps --in-flight requests on the way all the time (a closed loop): a slow
/// answer delays the next request. With --rate it sends at that rate, whatever the answers do (an
/// open loop): a latency counts from the instant at which the request was to be sent, so that a
/// stall shows in every request that it has delayed. At most --in-flight requests are on the way
/// then, too; those that had to wait for a place, and those that never got one, are counted.
///
/// Each request is handled by the service: do not use it where that does harm.
#[derive(Args, Clone, Debug)]
#[command(after_help = HELP)]
pub(crate) struct BenchArgs {
    /// The request topic. It has to exist.
    pub(crate) topic: String,
    /// The value of the requests; - reads it from standard input.
    #[arg(value_name = "VALUE|-", allow_hyphen_values = true, conflicts_with_all = ["payload", "payload_file"])]
    pub(crate) value: Option<String>,
    /// Sends values of so many bytes.
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 100,
        conflicts_with = "payload_file"
    )]
    pub(crate) payload: u32,
    /// Sends the content of a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) payload_file: Option<PathBuf>,
    /// How many requests may wait for their replies at the same time.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) in_flight: u32,
    /// Sends so many requests per second, in an open loop.
    #[arg(long, value_name = "R", value_parser = parse::rate)]
    pub(crate) rate: Option<f64>,
    /// How long to measure.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse::timeout)]
    pub(crate) duration: Duration,
    /// How long to send before anything is measured.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = parse::duration)]
    pub(crate) warmup: Duration,
    /// Gives the requests N keys in turn, so that they spread over the partitions by key. Default:
    /// no key, which spreads by load.
    #[arg(long, value_name = "N", conflicts_with = "key", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) keys: Option<u64>,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

const HELP: &str = "\
A request is measured if it was to start within --duration, whenever its reply comes. Ctrl-C ends
it early, and what was measured is reported.

With -o json the result is one object: what was asked (topic, mode, in_flight, asked_rate, payload,
keys, timeout_s, warmup_s, duration_s), measured_s, interrupted, requests, replies, rate (replies
per second), p50_us, p90_us, p99_us, p999_us, max_us (null without replies), errors (by kind, each
with how many were executed: no, maybe, yes), unfinished (on the way when it was ended),
behind_schedule (sent more than 1 ms late, or never), not_started (never), cpu_us_per_request (of
this process; null where the system does not say).

Exit codes:
  0  every request that was measured got its reply
  1  nothing was measured
  2  the command line, a setting or the request is not valid
  3  some requests failed, and of each of them it is known whether it was executed
  4  some requests failed, and none of these was executed; or it did not start: no broker, no topic
  5  of some requests it is not known whether they were executed

Examples:
  antiphon bench greetings --in-flight 200 --duration 30s
  antiphon bench greetings world --rate 2000 --timeout 1s -o json";
