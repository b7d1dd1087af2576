//! `antiphon-verify mutants`: which of the seeded bugs are found, and by what.

use std::{process::ExitCode, time::Duration};

use antiphon_proto::mutants::{ALL, Mutant};
use antiphon_verify::{
    mutants::{Build, Family, Job, Plan, Trial, report},
    simulator::Profile,
};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

/// Builds Antiphon with all seeded bugs, switches one on at a time, and runs what should find it.
///
/// Exits with 1 if a seeded bug is not found, with 2 if nothing can be said: the build fails, or
/// something is found where no bug is seeded.
#[derive(Args, Debug)]
pub(crate) struct MutantsArgs {
    /// Only these; all if none is named.
    names: Vec<String>,
    /// Names the seeded bugs, and runs nothing.
    #[arg(long)]
    list: bool,
    /// Runs all jobs, not only up to the first that finds the bug: shows what simulations find, and
    /// what tests find.
    #[arg(long)]
    all_jobs: bool,
    /// Seeds of each simulation.
    #[arg(long, default_value = "0..100", value_name = "A..B")]
    seeds: String,
    /// A profile to simulate; may be repeated.
    #[arg(long = "profile", value_enum, default_values_t = Profile::EACH)]
    profiles: Vec<Profile>,
    /// Runs no tests, only simulations.
    #[arg(long, conflicts_with = "no_simulations")]
    no_tests: bool,
    /// Runs no simulations, only tests.
    #[arg(long)]
    no_simulations: bool,
    /// Most seconds of a job; less for those that are much faster without a bug.
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    limit: u64,
}

/// Runs the subcommand.
pub(crate) fn mutants(args: &MutantsArgs) -> Result<ExitCode, String> {
    let chosen = chosen(&args.names)?;
    if args.list {
        println!("{}", report::list(&chosen));
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("building with all seeded bugs");
    let build = Build::new(!args.no_tests).map_err(|error| error.to_string())?;
    let profiles = if args.no_simulations {
        &[]
    } else {
        &*args.profiles
    };
    let mut jobs = Job::simulations(&build.verify, profiles, &args.seeds);
    jobs.extend(build.tests);
    let limit = Duration::from_secs(args.limit);
    let bar = bar(jobs.len() + chosen.len());
    let mut show = |text: &str| bar.set_message(text.to_owned());
    let plan = Plan::new(jobs, limit, &mut show).map_err(|error| error.to_string())?;
    bar.inc(u64::try_from(plan.jobs()).unwrap_or(0));
    let mut trials = Vec::new();
    for mutant in chosen {
        let trial = plan.try_out(mutant, args.all_jobs, &mut show);
        let trial = trial.map_err(|error| error.to_string())?;
        bar.suspend(|| eprintln!("{}", report::line(&trial)));
        trials.push(trial);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(conclude(&trials))
}

fn conclude(trials: &[Trial]) -> ExitCode {
    println!("{}", report::table(trials));
    let survivors: Vec<_> = trials.iter().filter(|trial| !trial.is_caught()).collect();
    println!(
        "{} of {} seeded bugs found",
        trials.len() - survivors.len(),
        trials.len()
    );
    for family in Family::ALL {
        let unseen = trials.iter().filter(|trial| trial.survives(family));
        let names: Vec<_> = unseen.map(|trial| trial.mutant.name).collect();
        if !names.is_empty() {
            println!("not found by {family}: {}", names.join(", "));
        }
    }
    if survivors.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn chosen(names: &[String]) -> Result<Vec<Mutant>, String> {
    if names.is_empty() {
        return Ok(ALL.to_vec());
    }
    let find = |name: &String| {
        let found = ALL.iter().find(|mutant| mutant.name == name);
        found
            .copied()
            .ok_or_else(|| format!("no seeded bug is called {name}; --list names them"))
    };
    names.iter().map(find).collect()
}

fn bar(steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX));
    match ProgressStyle::with_template("{bar:30.cyan} {pos}/{len} {elapsed}  {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
