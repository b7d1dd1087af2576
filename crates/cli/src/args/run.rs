//! Options of the commands that run something.

use std::time::Duration;

use clap::Args;

use super::{parse, topic_spec::TopicSpec};

/// Shows what Antiphon does, in some seconds and with a broker of its own.
///
/// Section by section: a service of three instances, one request with its headers on the wire, a
/// scatter, a few thousand requests with their latencies, a request that nobody answers, and a
/// graceful stop.
///
/// Without -b (or ANTIPHON_BOOTSTRAP_SERVERS) it starts a broker inside its own process, whatever
/// the configuration says. On other brokers it works on topics with a name of its own, and deletes
/// them at the end. The output is text in every form. The exit code is 0 if everything went as it
/// should.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  antiphon demo\n  antiphon demo -b localhost:9092")]
pub(crate) struct DemoArgs {
    /// How many requests to measure.
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) requests: u32,
}

/// Runs a broker in the foreground, for other programs.
///
/// It runs until it is interrupted. Prints its address and the line that makes other antiphon
/// commands use it. Clients and services of Antiphon recognise this broker and take the settings that it needs. It
/// is for development: it keeps at most 5 MiB of each partition, and nothing after it ends.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  antiphon dev --topic greetings:6 --topic prices:3")]
pub(crate) struct DevArgs {
    /// Creates a topic; may be repeated. Default: 4 partitions.
    #[arg(long = "topic", value_name = "NAME:PARTITIONS")]
    pub(crate) topics: Vec<TopicSpec>,
}

/// Answers the requests of a topic.
///
/// Prints `ready` on standard error when it will see the next request. Stopped by SIGTERM or SIGINT
/// (Ctrl-C), it takes no more requests, lets the running ones end, and says what it did.
#[derive(Args, Clone, Debug)]
#[command(after_help = SERVE_HELP)]
pub(crate) struct ServeArgs {
    /// The request topic.
    pub(crate) topic: String,
    #[command(flatten)]
    pub(crate) answering: Answering,
    /// The name of the service, which requesters see and gathers tell services apart by.
    /// Default: the group, else the topic.
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// The consumer group; instances of one group share the requests. Default: the service.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// How many requests are answered at the same time. Default: 1024, with --exec four per
    /// processor.
    #[arg(long, value_name = "N")]
    pub(crate) concurrency: Option<u32>,
    /// Answers only this operation; requests for others are refused.
    #[arg(long, value_name = "NAME")]
    pub(crate) operation: Option<String>,
    /// Creates the topic with so many partitions if it does not exist.
    #[arg(long, value_name = "N")]
    pub(crate) create_topic: Option<u32>,
    /// Allows replies to topics whose whole name matches this regular expression, besides names
    /// that end in .replies, -replies, .reply or -reply; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) allow_reply_topic: Vec<String>,
    /// How long running requests may take to end when the service is stopped. Default 10s.
    #[arg(long, value_name = "DURATION", value_parser = parse::duration)]
    pub(crate) drain_timeout: Option<Duration>,
    /// With --exec: the most bytes that the program may print.
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 1_000_000,
        requires = "exec"
    )]
    pub(crate) max_output: usize,
}

/// How requests are answered.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Answering {
    /// Answers with the request's own value.
    #[arg(long)]
    pub(crate) echo: bool,
    /// Answers with the request's value in upper case.
    #[arg(long)]
    pub(crate) upper: bool,
    /// Runs a shell command for each request: the value is its standard input, its standard output
    /// is the reply. If it fails, the reply is an error with the end of its standard error. It is
    /// killed when nobody waits for the reply any more.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exec: Option<String>,
}

const SERVE_HELP: &str = "\
A command of --exec finds ANTIPHON_TOPIC, ANTIPHON_CORRELATION_ID and, where the request has them,
ANTIPHON_KEY (up to 4 KiB) and ANTIPHON_OPERATION in its environment.

Exit codes:
  0  stopped, and every request in hand was answered
  2  the command line or a setting is not valid
  4  did not start: no broker, no such topic
  5  stopped before every request in hand was answered; they will be delivered again

Examples:
  antiphon serve greetings --upper --create-topic 4
  antiphon serve sums --exec 'bc -l' --service calculator";
