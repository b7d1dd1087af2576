//! The command line: commands and options.

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
    /// The command to run.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  a reply was received, or a scatter or gather reached its minimum
  1  any other failure: the system, the demonstration, a check of doctor
  2  the command line, a setting or the request is not valid
  3  the handler ran and returned an error
  4  not executed: a retry is safe
  5  execution unknown: the request may have been executed

Settings are read from a TOML file (--config), then from environment variables such as
ANTIPHON__CLIENT__TIMEOUT=5s, then from options. Later ones override earlier ones. In the name of a
librdkafka property, one underscore stands for a dot and two stand for an underscore:
ANTIPHON__KAFKA__PROPERTIES__LINGER_MS is linger.ms.

To get started:
  antiphon demo";

impl Cli {
    /// Parses the command line. Ends the process if it is not valid.
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

/// Options of every command. `Debug` shows none of them, since some properties are secrets.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Common {
    /// Read settings from a TOML file.
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        env = "ANTIPHON_CONFIG",
        hide_env_values = true
    )]
    pub(crate) config: Option<PathBuf>,
    /// The brokers to connect to, as a comma-separated list of host:port pairs.
    #[arg(
        short,
        long,
        value_name = "SERVERS",
        global = true,
        env = SERVERS_VARIABLE,
        hide_env_values = true
    )]
    pub(crate) bootstrap_servers: Option<String>,
    /// The variable that sets `bootstrap_servers`, if one does.
    #[arg(skip)]
    pub(crate) servers_variable: Option<&'static str>,
    /// Set a property of librdkafka. May be repeated. Other users of this machine can see options:
    /// keep secrets in files, and name the files in section [kafka.property_files].
    #[arg(short = 'X', value_name = "KEY=VALUE", global = true, value_parser = parse::pair)]
    pub(crate) properties: Vec<(String, String)>,
    /// The output format.
    #[arg(short, long, value_name = "FORM", global = true, value_enum)]
    pub(crate) output: Option<Form>,
    /// Print more: reply headers and informational log lines. Repeat for debug log lines. RUST_LOG
    /// overrides the log level.
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    /// Print only results and errors.
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
    /// Whether the command runs until it is stopped.
    pub(crate) fn runs_until_stopped(&self) -> bool {
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
