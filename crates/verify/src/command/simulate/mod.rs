//! `antiphon-verify simulate`: many seeds in parallel, or one to look at.

mod seeds;
mod table;
mod workers;

use std::{
    io::{self, Write},
    num::NonZero,
    process::ExitCode,
    thread::available_parallelism,
};

use antiphon_verify::simulator::{Profile, run as run_seed, trace, trial};
use clap::Args;

use self::{seeds::Seeds, workers::Stopped};

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Which seeds to run, without the last.
    #[arg(long, value_name = "FROM..TO", default_value = "0..2000")]
    seeds: Seeds,
    /// One seed only.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Which faults there may be.
    #[arg(long, value_enum, default_value = "all")]
    profile: Profile,
    /// Prints what happened in the seed.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// How many seeds to run at once. Default: as many as there are processors.
    #[arg(long)]
    jobs: Option<NonZero<usize>>,
    /// Runs one seed in so many twice, to see that it repeats itself; 0 runs none.
    #[arg(long, default_value_t = 20)]
    twice: u64,
}

/// Exit code when something is wrong.
const FOUND: u8 = 1;

pub(crate) fn simulate(args: &SimulateArgs) -> Result<ExitCode, String> {
    let out = &mut io::stdout().lock();
    let ended = match args.seed {
        Some(seed) => one(args, seed, out),
        None => many(args, out),
    };
    match ended {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        ended => ended.map_err(|error| error.to_string()),
    }
}

fn one(args: &SimulateArgs, seed: u64, out: &mut dyn Write) -> io::Result<ExitCode> {
    let trial = trial(seed, args.profile, true)?;
    if args.trace {
        trace(&run_seed(seed, args.profile)?, out)?;
    }
    let code = exit_code(trial.wrong.is_empty());
    table::print(&[trial], None, out)?;
    Ok(code)
}

fn many(args: &SimulateArgs, out: &mut dyn Write) -> io::Result<ExitCode> {
    let jobs = args.jobs.or_else(|| available_parallelism().ok());
    let jobs = jobs.map_or(1, NonZero::get);
    match workers::run(args.seeds.range(), args.profile, args.twice, jobs)? {
        Ok((trials, took)) => {
            table::print(&trials, Some(took), out)?;
            Ok(exit_code(trials.iter().all(|trial| trial.wrong.is_empty())))
        }
        Err(Stopped {
            seed,
            profile,
            after,
        }) => {
            writeln!(
                out,
                "seed {seed} has run for {after:?} and does not end: {}",
                table::replay(seed, profile)
            )?;
            Ok(ExitCode::from(FOUND))
        }
    }
}

fn exit_code(fine: bool) -> ExitCode {
    if fine {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FOUND)
    }
}
