//! Looks for what Antiphon does wrong.

mod command;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    Check(command::check::CheckArgs),
    /// Tests the tests: seeds one bug at a time, and shows what finds it.
    Mutants(command::mutants::MutantsArgs),
    /// Runs rows of the fault matrix on three brokers.
    Chaos(command::chaos::ChaosArgs),
    /// Calls until SIGTERM.
    #[command(hide = true)]
    Requester(command::chaos::JobArgs),
    /// Answers until SIGTERM.
    #[command(hide = true)]
    Responder(command::chaos::JobArgs),
    /// Runs the product on a model of Kafka, in virtual time, and judges what it did.
    Simulate(command::simulate::SimulateArgs),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Check(args) => command::check::check(&args),
        Command::Mutants(args) => command::mutants::mutants(&args),
        Command::Chaos(args) => command::chaos::chaos(&args),
        Command::Requester(args) => args.request(),
        Command::Responder(args) => args.respond(),
        Command::Simulate(args) => command::simulate::simulate(&args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
