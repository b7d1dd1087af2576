//! Options of the commands that write about the command line itself.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Prints the completions of a shell.
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

/// Prints the manual page, or writes one for each command.
#[derive(Args, Clone, Debug)]
#[command(after_help = MAN_HELP)]
pub(crate) struct ManArgs {
    /// Writes the pages of all commands to this directory, which must exist.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

const MAN_HELP: &str = "\
Examples:
  antiphon man | man -l -
  antiphon man --dir ~/.local/share/man/man1";
