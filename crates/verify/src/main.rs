//! Looks for what Antiphon does wrong.

mod command;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::command::{chaos, check};

#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Looks for what Antiphon does wrong.
#[derive(Parser, Debug)]
#[command(name = "antiphon-verify", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Checks the history of a run against what Antiphon promises.
    Check(check::CheckArgs),
    /// Runs rows of the fault matrix on three brokers.
    Chaos(chaos::ChaosArgs),
    /// Calls until SIGTERM.
    #[command(hide = true)]
    Requester(chaos::JobArgs),
    /// Answers until SIGTERM.
    #[command(hide = true)]
    Responder(chaos::JobArgs),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Check(args) => check::check(&args),
        Command::Chaos(args) => chaos::chaos(&args),
        Command::Requester(args) => args.request(),
        Command::Responder(args) => args.respond(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
