//! The command line as it is written.

mod bench;
mod call;
mod doctor;
mod parse;
mod run;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

pub(crate) use self::{
    bench::BenchArgs,
    call::{CallArgs, GatherArgs, RequestArgs, ScatterArgs},
    doctor::DoctorArgs,
    run::{DemoArgs, DevArgs, ServeArgs, TopicSpec},
};
use crate::output::Form;

/// Request-reply over Kafka that says whether the work ran.
#[derive(Debug, Parser)]
#[command(
    name = "antiphon",
    version,
    propagate_version = true,
    after_help = AFTER_HELP,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  a reply came, or the minimum of a scatter or gather was reached
  1  something else failed: the system, the demonstration, a check of doctor
  2  the command line, a setting or the request itself is not valid
  3  the handler ran and answered with an error
  4  not executed: it is safe to try again
  5  not known whether it was executed

Settings come from a TOML file (--config), then from environment variables such as
ANTIPHON__CLIENT__TIMEOUT=5s, then from options; each wins over those before it. For a property of
librdkafka, one underscore stands for a dot and two stand for an underscore:
ANTIPHON__KAFKA__PROPERTIES__LINGER_MS is linger.ms.

Begin with:
  antiphon demo";

/// Options of every command.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Common {
    /// Reads settings from a TOML file.
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        env = "ANTIPHON_CONFIG",
        hide_env_values = true
    )]
    pub(crate) config: Option<PathBuf>,
    /// The brokers to begin with, as host:port pairs, comma-separated.
    #[arg(
        short,
        long,
        value_name = "SERVERS",
        global = true,
        env = "ANTIPHON_BOOTSTRAP_SERVERS",
        hide_env_values = true
    )]
    pub(crate) bootstrap_servers: Option<String>,
    /// Sets any property of librdkafka; may be repeated.
    #[arg(short = 'X', value_name = "KEY=VALUE", global = true, value_parser = parse::pair)]
    pub(crate) properties: Vec<(String, String)>,
    /// The form of the output: text for people, json for one object per line, raw for bare values.
    #[arg(short, long, value_name = "FORM", global = true, value_enum)]
    pub(crate) output: Option<Form>,
    /// Says more: headers of replies, what happens; twice for details. RUST_LOG overrides it.
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    /// Says nothing but results and errors.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(DemoArgs),
    Dev(DevArgs),
    Serve(ServeArgs),
    Request(RequestArgs),
    Scatter(ScatterArgs),
    Gather(GatherArgs),
    Bench(BenchArgs),
    Doctor(DoctorArgs),
}

impl Command {
    /// Whether it goes on until it is stopped.
    pub(crate) fn runs_on(&self) -> bool {
        matches!(self, Self::Dev(_) | Self::Serve(_))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_of_every_command_may_stand_after_it() {
        let cli =
            Cli::try_parse_from(["antiphon", "request", "t", "v", "-b", "h:1", "-X", "a=b=c"]);
        let common = cli.unwrap().common;
        assert_eq!(common.bootstrap_servers.as_deref(), Some("h:1"));
        assert_eq!(common.properties, [("a".to_owned(), "b=c".to_owned())]);
    }

    #[test]
    fn a_service_answers_in_exactly_one_way() {
        for wrong in [&["--echo", "--upper"][..], &[]] {
            let line = ["antiphon", "serve", "t"].iter().chain(wrong);
            assert!(Cli::try_parse_from(line).is_err(), "{wrong:?}");
        }
    }
}
