//! The `antiphon` command line.

mod args;
mod command;
mod difference;
mod exit;
mod failure;
mod form;
mod input;
mod logging;
mod output;
mod settings;
mod signals;
mod topics_error;

use std::process::ExitCode;

use self::args::Cli;

#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::read();
    let quiet = cli.common.quiet;
    logging::start(cli.common.verbose, quiet, cli.command.runs_until_stopped());
    let (form, ended) = match command::offline(&cli) {
        Some(ended) => ended,
        None => match command::settings(&cli) {
            Ok(settings) => (settings.cli.output, command::run(cli, settings)),
            Err(error) => (cli.common.output.unwrap_or_default(), Err(error.into())),
        },
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output::report(&failure, form, quiet).into(),
    }
}
