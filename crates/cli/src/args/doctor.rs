//! Options of `doctor`.

use std::time::Duration;

use clap::Args;

use super::parse;

/// Check brokers, topics and settings, and report how to fix problems.
///
/// Checks the brokers, the request topics named as arguments, the reply topic of this
/// configuration, message size limits, clocks, and the features of this build. Each check prints a
/// line: `ok`, `warn` (it works, but not well or not for long), `fail`, or `skip` (not checked, with
/// the reason).
///
/// To compare clocks, it creates a topic named antiphon-doctor-..., writes a few records to it, and
/// deletes it; --read-only skips this. It writes to no other topic, except with --probe.
#[derive(Args, Clone, Debug)]
#[command(after_help = HELP)]
pub(crate) struct DoctorArgs {
    /// The request topics to check.
    #[arg(value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    /// The consumer group of the service that reads these topics. Default: `group` in section
    /// `[service]`, else the name of each topic, as for `serve`.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// The topic to receive replies on. Default: GROUP.replies, where GROUP is `group` in section
    /// `[client]`; with its default, antiphon-cli.replies.
    #[arg(long, value_name = "TOPIC")]
    pub(crate) reply_topic: Option<String>,
    /// Send one request to a topic, which a service executes, and measure the time to the reply.
    #[arg(long, value_name = "TOPIC")]
    pub(crate) probe: Option<String>,
    /// The value of the request of --probe. Default: empty.
    #[arg(
        long,
        value_name = "VALUE",
        requires = "probe",
        allow_hyphen_values = true
    )]
    pub(crate) probe_value: Option<String>,
    /// Write and create nothing. Skips the comparison of clocks.
    #[arg(long, conflicts_with = "probe")]
    pub(crate) read_only: bool,
    /// Treat warnings as failures.
    #[arg(long)]
    pub(crate) strict: bool,
    /// The maximum time for each question to the brokers.
    #[arg(short, long, value_name = "DURATION", default_value = "5s", value_parser = parse::timeout)]
    pub(crate) timeout: Duration,
    /// The maximum time for all checks. Checks that remain are skipped.
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = parse::timeout)]
    pub(crate) limit: Duration,
}

const HELP: &str = "\
With -o json the result is one array of objects with check, status, detail and remedy (null if
there is nothing to do).

Exit codes:
  0  no check failed; there may be warnings
  1  a check failed, or there was a warning with --strict, or the command was interrupted
  2  the command line or a setting is not valid

Examples:
  antiphon doctor greetings -b localhost:9092
  antiphon doctor greetings prices --probe greetings --strict -o json";
