//! Options of the commands about settings.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Shows and checks settings.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    Show(ShowArgs),
    Check(CheckArgs),
}

/// Shows every setting in effect, and where it comes from.
///
/// That is the default, a file, an environment variable or an option. Secrets are shown as
/// `[hidden]`, and files that hold them are not read. No broker is asked. Of librdkafka's properties
/// only those are shown that you set: Antiphon's own choices are in docs/architecture.md.
#[derive(Args, Clone, Debug)]
#[command(after_help = SHOW_HELP)]
pub(crate) struct ShowArgs {
    /// Leaves out what is at its default.
    #[arg(long)]
    pub(crate) set: bool,
}

const SHOW_HELP: &str = "\
With -o json each setting is an object with type, key, value, hidden, layer, name and value_file;
with -o raw it is a line KEY=VALUE.

Exit codes:
  0  they were shown
  2  a setting is not valid

Examples:
  antiphon config show
  antiphon config show --set --config antiphon.toml -o json";

/// Checks settings, without a broker.
///
/// Keys and values are checked, the properties of librdkafka too, and whether the files that hold
/// secrets can be read. With FILEs, each of them by itself; without, what this command line would
/// use: the file of --config, the environment, the options.
#[derive(Args, Clone, Debug)]
#[command(after_help = CHECK_HELP)]
pub(crate) struct CheckArgs {
    /// The files to check.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Does not look at the files of `[kafka.property_files]`: for a machine without the secrets.
    #[arg(long)]
    pub(crate) without_secrets: bool,
}

const CHECK_HELP: &str = "\
With -o json each file is an object with type, file, valid and problems.

Exit codes:
  0  all is valid
  2  something is not

Examples:
  antiphon config check config/*.toml --without-secrets
  antiphon config check --config antiphon.toml";
