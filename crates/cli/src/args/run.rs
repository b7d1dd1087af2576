//! Options of the commands that run a broker or a service.

use std::time::Duration;

use clap::Args;

use super::{parse, topic_spec::TopicSpec};

/// Demonstrate Antiphon in a few seconds, with an embedded broker.
///
/// The sections are: a service with three instances, one request with its headers on the wire, a
/// scatter, a few thousand requests with their latencies, a request without a reply, a request to
/// an unknown topic, and a graceful stop.
///
/// Without -b (or ANTIPHON_BOOTSTRAP_SERVERS) it starts a broker in its own process and ignores the
/// brokers of the configuration file. On other brokers it uses topics with a unique name and deletes
/// them at the end. The output is always text. The exit code is 0 if every step had the expected
/// result.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  antiphon demo\n  antiphon demo -b localhost:9092")]
pub(crate) struct DemoArgs {
    /// The number of requests to measure.
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) requests: u32,
}

/// Run an embedded broker for development.
///
/// Runs until it is interrupted. Prints the address of the broker and the line that makes other
/// antiphon commands use it. Clients and services of Antiphon recognise this broker and use the
/// settings that it needs. It keeps at most 5 MiB of each partition in memory, and nothing after it
/// stops.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  antiphon dev --topic greetings:6 --topic prices:3")]
pub(crate) struct DevArgs {
    /// Create a topic. May be repeated. Default: 4 partitions.
    #[arg(long = "topic", value_name = "NAME:PARTITIONS")]
    pub(crate) topics: Vec<TopicSpec>,
}

/// Run a service that answers the requests of a topic.
///
/// Prints `ready` on standard error once it receives new requests. On SIGTERM or SIGINT (Ctrl-C) it
/// stops reading requests, waits for running requests to finish, and prints a summary.
#[derive(Args, Clone, Debug)]
#[command(after_help = SERVE_HELP)]
pub(crate) struct ServeArgs {
    /// The request topic.
    pub(crate) topic: String,
    #[command(flatten)]
    pub(crate) answering: Answering,
    /// The name of the service. Requesters see it, and a gather counts each name once. Default: the
    /// group, else the topic.
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// The consumer group. Instances in one group share the requests. Default: the service.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// The maximum number of requests to handle concurrently. Default: 1024, with --exec four per
    /// processor.
    #[arg(long, value_name = "N")]
    pub(crate) concurrency: Option<u32>,
    /// Handle only this operation, and refuse requests for others.
    #[arg(long, value_name = "NAME")]
    pub(crate) operation: Option<String>,
    /// Create the topic with N partitions if it does not exist.
    #[arg(long, value_name = "N")]
    pub(crate) create_topic: Option<u32>,
    /// Allow replies to topics whose full name matches this regular expression, in addition to names
    /// that end in .replies, -replies, .reply or -reply. May be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) allow_reply_topic: Vec<String>,
    /// How long to wait for running requests when the service is stopped. Default: 10s.
    #[arg(long, value_name = "DURATION", value_parser = parse::duration)]
    pub(crate) drain_timeout: Option<Duration>,
    /// With --exec: the maximum output of the command, in bytes.
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 1_000_000,
        requires = "exec"
    )]
    pub(crate) max_output: usize,
}

/// How the service answers requests.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Answering {
    /// Reply with the value of the request.
    #[arg(long)]
    pub(crate) echo: bool,
    /// Reply with the value of the request in upper case.
    #[arg(long)]
    pub(crate) upper: bool,
    /// Run a shell command for each request. It reads the value from standard input, and its
    /// standard output is the reply. If it fails, the reply is an error with the end of its standard
    /// error. It is killed when the deadline of the request passes, and when
    /// the service stops before it ends.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exec: Option<String>,
}

const SERVE_HELP: &str = "\
The environment of the --exec command contains ANTIPHON_TOPIC, ANTIPHON_CORRELATION_ID and, if the
request has them, ANTIPHON_KEY (up to 4 KiB) and ANTIPHON_OPERATION.

Exit codes:
  0  stopped, and every request in flight was answered
  1  the service failed while it ran
  2  the command line or a setting is not valid
  4  not started: no broker, or unknown topic
  5  stopped before every request in flight was answered; the rest will be redelivered

Examples:
  antiphon serve greetings --upper --create-topic 4
  antiphon serve sums --exec 'bc -l' --service calculator";
