//! The parts that every call goes through, alone: the correlation table and the headers.

mod codec;
mod estimates;
mod memory;
mod table;

use std::{path::PathBuf, time::Duration};

use clap::Args;
use criterion::Criterion;

/// The correlation table and the headers, each alone.
#[derive(Clone, Debug, Args)]
pub(crate) struct MicroArgs {
    /// Short runs, to see that everything works; the figures scatter.
    #[arg(long)]
    quick: bool,
    /// Keeps what criterion writes, to compare the next run with. Default: a folder that is removed.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

/// What an insert and a completion may take together, at a million pending calls.
const GOAL_NS: f64 = 250.0;

/// What a million pending calls may take.
const GOAL_MB: f64 = 60.0;

/// Runs all, and prints what was reached beside the goals.
pub(crate) fn micro(args: &MicroArgs) -> Result<(), String> {
    if cfg!(debug_assertions) {
        eprintln!("built without optimisation: the figures will say nothing about speed");
    }
    // First: afterwards the allocator has memory at hand, and the table would seem to take none.
    let memory = memory::per_million()?;
    let own = tempfile::tempdir().map_err(|error| format!("a folder for criterion: {error}"))?;
    let folder = args.keep.as_deref().unwrap_or(own.path());
    let mut criterion = configured(args.quick).output_directory(folder);
    table::bench(&mut criterion)?;
    codec::bench(&mut criterion)?;
    let steps = ["insert", "complete"].map(|step| {
        let bench = format!("table/{step}/{}", table::MANY);
        estimates::median_ns(folder, &bench)
    });
    let [insert, complete] = steps;
    report(
        "insert + complete at 1,000,000 pending",
        insert? + complete?,
        "ns",
        GOAL_NS,
    );
    report("1,000,000 pending calls", memory, "MB", GOAL_MB);
    Ok(())
}

fn configured(quick: bool) -> Criterion {
    let criterion = Criterion::default().without_plots();
    if quick {
        criterion
            .sample_size(10)
            .warm_up_time(Duration::from_millis(20))
            .measurement_time(Duration::from_millis(50))
    } else {
        criterion
            .sample_size(50)
            .warm_up_time(Duration::from_secs(1))
            .measurement_time(Duration::from_secs(3))
    }
}

fn report(what: &str, reached: f64, unit: &str, goal: f64) {
    let met = if reached <= goal { "met" } else { "missed" };
    println!("{what}: {reached:.1} {unit} (goal {goal} {unit}: {met})");
}
