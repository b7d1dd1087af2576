//! Antiphon beside the raw librdkafka loop.

mod account;
mod compare;
mod load;
mod product;
mod raw;
mod result;
mod topics;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::{load::Load, raw::Wire};

#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Parser, Debug)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Requests by the raw loop; prints what it measured as JSON.
    RawRequester {
        #[command(flatten)]
        load: Load,
        #[arg(long, value_enum, default_value = "own")]
        wire: Wire,
    },
    /// Echoes by the raw loop until it is killed.
    RawResponder {
        #[command(flatten)]
        load: Load,
        #[arg(long, value_enum, default_value = "own")]
        wire: Wire,
    },
    /// Runs Antiphon and the raw loops in turn, and prints what each reached.
    Compare(compare::CompareArgs),
    /// Creates topics.
    Topics {
        #[arg(long)]
        servers: String,
        #[arg(long, default_value_t = 1)]
        partitions: i32,
        names: Vec<String>,
    },
    /// Requests by Antiphon's client.
    Requester {
        #[command(flatten)]
        load: Load,
    },
    /// Echoes by Antiphon's service until it is killed.
    Responder {
        #[command(flatten)]
        load: Load,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), String> {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| error.to_string())
    };
    let run = match command {
        Command::Compare(args) => return compare::compare(&args),
        Command::Topics {
            servers,
            partitions,
            names,
        } => return topics::create(&servers, partitions, &names),
        Command::RawRequester { load, wire } => raw::request(&load, wire)?,
        Command::RawResponder { load, wire } => return raw::respond(&load, wire),
        Command::Requester { load } => runtime()?.block_on(product::request(&load))?,
        Command::Responder { load } => return runtime()?.block_on(product::respond(&load)),
    };
    let rate = run.rate();
    println!(
        "{}",
        serde_json::to_string(&run).map_err(|e| e.to_string())?
    );
    eprintln!("{rate:.0}/s");
    Ok(())
}
