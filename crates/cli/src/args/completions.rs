//! Options of the commands that describe the command line itself.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Print a completion script for a shell.
#[derive(Args, Clone, Debug)]
#[command(after_help = COMPLETIONS_HELP)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

const COMPLETIONS_HELP: &str = "\
Examples:
  antiphon completions bash > ~/.local/share/bash-completion/completions/antiphon
  antiphon completions zsh > \"${fpath[1]}/_antiphon\"
  antiphon completions fish > ~/.config/fish/completions/antiphon.fish";

/// Print the manual page, or write one page for each command.
#[derive(Args, Clone, Debug)]
#[command(after_help = MAN_HELP)]
pub(crate) struct ManArgs {
    /// Write the pages of all commands to this directory, which must exist.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

const MAN_HELP: &str = "\
Examples:
  antiphon man | man -l -
  antiphon man --dir ~/.local/share/man/man1";
