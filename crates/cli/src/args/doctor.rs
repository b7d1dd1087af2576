//! Options of `doctor`.

use std::time::Duration;

use clap::Args;

use super::parse;

/// Checks whether requests and replies can work here, and says what to do where they can not.
///
/// Looks at the brokers, at the request topics that are named, at the reply topic of this
/// configuration, at limits of size, at clocks, and at what this program was built with. Each
/// check is a line: `ok`, `warn` (it works, but not as well or not for long), `fail`, or `skip`
/// (not checked, and why).
///
/// To compare clocks it creates a topic of its own, antiphon-doctor-..., writes one record to it
/// and deletes it; --read-only leaves that out. To other topics nothing is written, unless --probe
/// asks for it.
#[derive(Args, Clone, Debug)]
#[command(after_help = HELP)]
pub(crate) struct DoctorArgs {
    /// The request topics to check.
    #[arg(value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    /// The consumer group of the service that answers on these topics. Default: `group` of the
    /// section `[service]`, else each topic's own name, as `serve` has it.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// The topic that replies come in on. Default: the client group's, antiphon-cli.replies.
    #[arg(long, value_name = "TOPIC")]
    pub(crate) reply_topic: Option<String>,
    /// Sends one request to a topic, which a service will handle, and says how long the reply took.
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
    /// Writes and creates nothing; the clocks are not compared then.
    #[arg(long, conflicts_with = "probe")]
    pub(crate) read_only: bool,
    /// Takes a warning for a failure.
    #[arg(long)]
    pub(crate) strict: bool,
    /// How long each question to the brokers may take.
    #[arg(short, long, value_name = "DURATION", default_value = "5s", value_parser = parse::timeout)]
    pub(crate) timeout: Duration,
    /// How long everything may take; what is left then is not checked.
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = parse::timeout)]
    pub(crate) limit: Duration,
}

const HELP: &str = "\
With -o json the result is one array of objects with check, status, detail and remedy (null where
there is nothing to do).

Exit codes:
  0  no check failed; there may be warnings
  1  a check failed, or with --strict there was a warning; or it was interrupted
  2  the command line or a setting is not valid

Examples:
  antiphon doctor greetings -b localhost:9092
  antiphon doctor greetings prices --probe greetings --strict -o json";
