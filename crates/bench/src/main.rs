//! Antiphon beside the raw librdkafka loop.

mod account;
mod antiphon;
mod bare;
mod compare;
mod drive;
mod idiomatic;
mod load;
mod micro;
mod parent;
mod raw;
mod result;
mod topics;

use std::process::ExitCode;

use antiphon_testbed::worker::say;
use clap::{Parser, Subcommand};

use self::{load::Load, raw::Wire, result::Run};

#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Antiphon beside the raw librdkafka loop.
#[derive(Parser, Debug)]
#[command(name = "antiphon-bench", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Runs Antiphon and the raw loops in turn, and prints what each reached.
    Compare(compare::CompareArgs),
    /// Runs the correlation table and the headers alone, without a Kafka.
    Micro(micro::MicroArgs),
    /// Requests by the raw loop; prints what it measured as JSON.
    #[command(hide = true)]
    RawRequester {
        #[command(flatten)]
        load: Load,
        #[arg(long, value_enum, default_value = "own")]
        wire: Wire,
    },
    /// Echoes by the raw loop until it is killed.
    #[command(hide = true)]
    RawResponder {
        #[command(flatten)]
        load: Load,
        #[arg(long, value_enum, default_value = "own")]
        wire: Wire,
    },
    /// Requests by rust-rdkafka; prints what it measured as JSON.
    #[command(hide = true)]
    RdkafkaRequester {
        #[command(flatten)]
        load: Load,
    },
    /// Echoes by rust-rdkafka until it is killed.
    #[command(hide = true)]
    RdkafkaResponder {
        #[command(flatten)]
        load: Load,
    },
    /// Requests by the least that is shaped like a framework; prints what it measured as JSON.
    #[command(hide = true)]
    BareRequester {
        #[command(flatten)]
        load: Load,
    },
    /// Echoes by the least that is shaped like a framework until it is killed.
    #[command(hide = true)]
    BareResponder {
        #[command(flatten)]
        load: Load,
    },
    /// Requests by Antiphon's client; prints what it measured as JSON.
    #[command(hide = true)]
    Requester {
        #[command(flatten)]
        load: Load,
    },
    /// Echoes by Antiphon's service until it is killed.
    #[command(hide = true)]
    Responder {
        #[command(flatten)]
        load: Load,
    },
    /// Creates topics.
    #[command(hide = true)]
    Topics {
        #[arg(long)]
        servers: String,
        #[arg(long, default_value_t = 1)]
        partitions: i32,
        names: Vec<String>,
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
    match command {
        Command::Compare(args) => compare::compare(&args),
        Command::Micro(args) => micro::micro(&args),
        Command::RawRequester { load, wire } => print(&raw::request(&load, wire)?),
        Command::RawResponder { load, wire } => raw::respond(&load, wire),
        Command::RdkafkaRequester { load } => print(&block_on(idiomatic::request(&load))?),
        Command::RdkafkaResponder { load } => block_on(idiomatic::respond(&load)),
        Command::BareRequester { load } => print(&block_on(bare::request(&load))?),
        Command::BareResponder { load } => bare::respond(&load),
        Command::Requester { load } => print(&block_on(antiphon::request(&load))?),
        Command::Responder { load } => block_on(antiphon::respond(&load)),
        Command::Topics {
            servers,
            partitions,
            names,
        } => topics::create(&servers, partitions, &names),
    }
}

/// On two threads, whatever the machine: figures of different machines stay comparable.
fn block_on<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let done = runtime.block_on(work);
    // Tasks that ask for ever are not waited for.
    runtime.shutdown_background();
    done
}

fn print(run: &Run) -> Result<(), String> {
    say(&serde_json::to_string(run).map_err(|error| error.to_string())?)?;
    eprintln!("{:.0}/s", run.rate());
    Ok(())
}
