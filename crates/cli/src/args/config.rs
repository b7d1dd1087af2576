//! Options of the commands about settings.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Show and check settings.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    Show(ShowArgs),
    Check(CheckArgs),
}

/// Show every setting in effect and its source.
///
/// The source is the default, a file, an environment variable or an option. Secrets are shown as
/// `[hidden]`, and files that hold secrets are not read. No broker is contacted. Of the properties
/// of librdkafka, only those that you set are shown; docs/architecture.md lists the ones that
/// Antiphon sets.
#[derive(Args, Clone, Debug)]
#[command(after_help = SHOW_HELP)]
pub(crate) struct ShowArgs {
    /// Leave out settings that have their default.
    #[arg(long)]
    pub(crate) set: bool,
}

const SHOW_HELP: &str = "\
With -o json each setting is an object with type, key, value, hidden, layer, name and value_file.
With -o raw it is a line KEY=VALUE.

Exit codes:
  0  the settings were shown
  2  a setting is not valid

Examples:
  antiphon config show
  antiphon config show --set --config antiphon.toml -o json";

/// Check settings without a broker.
///
/// Checks keys and values, the properties of librdkafka, and that the files that hold secrets can
/// be read. With FILE arguments, checks each file by itself. Without, checks what this command line
/// would use: the file of --config, the environment and the options.
#[derive(Args, Clone, Debug)]
#[command(after_help = CHECK_HELP)]
pub(crate) struct CheckArgs {
    /// The files to check.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Do not read the files of `[kafka.property_files]`. For machines without the secrets.
    #[arg(long)]
    pub(crate) without_secrets: bool,
}

const CHECK_HELP: &str = "\
With -o json each file is an object with type, file, valid and problems.

Exit codes:
  0  everything is valid
  2  something is not valid

Examples:
  antiphon config check config/*.toml --without-secrets
  antiphon config check --config antiphon.toml";
