//! Looks for what Antiphon does wrong.

mod command;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::command::chaos::{self, ChaosArgs, JobArgs};

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
    /// Runs rows of the fault matrix on three brokers
    Chaos(ChaosArgs),
    /// Calls until SIGTERM
    #[command(hide = true)]
    Requester(JobArgs),
    /// Answers until SIGTERM
    #[command(hide = true)]
    Responder(JobArgs),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Chaos(args) => chaos::chaos(&args),
        Command::Requester(args) => args.request(),
        Command::Responder(args) => args.respond(),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
