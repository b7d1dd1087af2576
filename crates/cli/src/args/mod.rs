//! The command line as it is written.

mod bench;
mod call;
mod completions;
mod config;
mod doctor;
mod parse;
mod run;
mod topic_spec;
mod topics;

#[cfg(test)]
mod help;

use std::{fmt, path::PathBuf};

use clap::{
    ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, parser::ValueSource,
};

pub(crate) use self::{
    bench::BenchArgs,
    call::{CallArgs, GatherArgs, RequestArgs, ScatterArgs},
    completions::{CompletionsArgs, ManArgs},
    config::{CheckArgs, ConfigCommand, ShowArgs},
    doctor::DoctorArgs,
    run::{DemoArgs, DevArgs, ServeArgs},
    topics::{CreateArgs, DeleteArgs, TopicsCommand},
};
use crate::form::Form;

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

impl Cli {
    /// Reads the command line; ends the process if it is not valid.
    pub(crate) fn read() -> Self {
        let matches = Self::command().get_matches();
        let mut cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let source = matches.value_source("bootstrap_servers");
        if source == Some(ValueSource::EnvVariable) {
            cli.common.servers_variable = Some(SERVERS_VARIABLE);
        }
        cli
    }
}

const SERVERS_VARIABLE: &str = "ANTIPHON_BOOTSTRAP_SERVERS";

/// Options of every command. `Debug` shows no property, since some are secrets.
#[derive(Args, Clone, Default)]
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
        env = SERVERS_VARIABLE,
        hide_env_values = true
    )]
    pub(crate) bootstrap_servers: Option<String>,
    /// The variable that they come from, if they do.
    #[arg(skip)]
    pub(crate) servers_variable: Option<&'static str>,
    /// Sets any property of librdkafka; may be repeated. Other users of a machine can see options:
    /// a secret belongs in a file, which [kafka.property_files] names.
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

impl fmt::Debug for Common {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Common").finish_non_exhaustive()
    }
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
    #[command(subcommand)]
    Topics(TopicsCommand),
    #[command(subcommand)]
    Config(ConfigCommand),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

impl Command {
    /// Whether it goes on until it is stopped.
    pub(crate) fn runs_on(&self) -> bool {
        matches!(self, Self::Dev(_) | Self::Serve(_))
    }
}

#[cfg(test)]
mod tests {
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
    fn debug_shows_no_property() {
        let line = ["antiphon", "dev", "-X", "sasl.password=hunter2"];
        let cli = Cli::try_parse_from(line).unwrap();
        assert!(!format!("{cli:?}").contains("hunter2"));
    }

    #[test]
    fn a_value_may_be_a_hyphen_or_a_number_and_anything_after_two_hyphens() {
        for (line, value) in [
            (&["-"][..], "-"),
            (&["-5"], "-5"),
            (&["--", "--timeot=1s"], "--timeot=1s"),
        ] {
            let line = ["antiphon", "request", "t"].iter().chain(line);
            let Command::Request(args) = Cli::try_parse_from(line).unwrap().command else {
                panic!("another command");
            };
            assert_eq!(args.value.as_deref(), Some(value));
        }
        assert!(Cli::try_parse_from(["antiphon", "request", "t", "--timeot=1s"]).is_err());
    }

    #[test]
    fn a_service_answers_in_exactly_one_way() {
        for wrong in [&["--echo", "--upper"][..], &[]] {
            let line = ["antiphon", "serve", "t"].iter().chain(wrong);
            assert!(Cli::try_parse_from(line).is_err(), "{wrong:?}");
        }
    }
}
