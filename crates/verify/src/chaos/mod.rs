//! Faults on real brokers: three of them, each behind a proxy, with requesters and responders as processes of their own.
//!
//! A row of the [fault matrix](rows()) says what happens; when and to whom follows from the seed. Each process writes
//! down what it does, and what the product hands to the log and gets from it. In the end an independent reader reads
//! all topics, and the checker compares what was promised with what is on record.

mod act;
mod child;
mod drive;
mod faults;
mod fleet;
mod judge;
mod live;
mod nemesis;
mod place;
pub mod report;
mod rows;
mod schedule;
mod stage;
mod starvation;
mod truth;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use antiphon_testbed::{
    broker::VERSION,
    reason::{Attempt, Because as _},
};

pub use self::{
    child::{requester, responder},
    rows::{Row, rows},
};
use self::{
    drive::Drive,
    live::Live,
    place::Place,
    report::{ChaosReport, RowReport},
};

/// What to run.
#[derive(Debug)]
pub struct ChaosOptions {
    /// Which rows, one after the other.
    pub rows: Vec<&'static Row>,
    /// Seconds of load of each.
    pub seconds: u64,
    /// What everything random is made from.
    pub seed: u64,
    /// Calls a second, of all requesters together.
    pub rate: u32,
    /// Properties of all requesters and responders, as librdkafka names them.
    pub properties: Vec<(String, String)>,
    /// Where histories stay, one directory for each row. None: those of rows that passed are removed.
    pub keep: Option<PathBuf>,
}

/// Runs rows and returns what came of them. What is wrong with a row stands in its report.
///
/// # Errors
///
/// There is no Kafka, or no place for histories.
pub fn run(options: &ChaosOptions) -> Attempt<ChaosReport> {
    let base = base(options.keep.as_deref())?;
    let live = Live::new();
    let mut place = None;
    let mut reports = Vec::new();
    for row in &options.rows {
        live.row(format!("{} {}", row.code, row.title));
        let begun = Instant::now();
        let directory = base.join(row.code);
        let mut report = one(row, options, &directory, &live, &mut place)?;
        if report.says_nothing() {
            live.say(&format!(
                "{} {}: the machine gave it no time; once more",
                row.code, row.title
            ));
            fs::remove_dir_all(&directory).because(directory.display())?;
            report = one(row, options, &directory, &live, &mut place)?;
        }
        report.took = begun.elapsed();
        if options.keep.is_none() && report.passed() {
            fs::remove_dir_all(&directory).because(directory.display())?;
        } else {
            report.kept = Some(directory);
        }
        live.say(&format!("{} {}: {}", row.code, row.title, report.word()));
        reports.push(report);
    }
    live.clear();
    if options.keep.is_none() && reports.iter().all(RowReport::passed) {
        fs::remove_dir_all(&base).because(base.display())?;
    }
    Ok(ChaosReport {
        seed: options.seed,
        seconds: options.seconds,
        rate: options.rate,
        kafka: VERSION.to_owned(),
        rows: reports,
    })
}

/// What would happen in a row, a line for each fault.
pub fn plan(row: &Row, seed: u64, seconds: u64) -> Vec<String> {
    let steps = schedule::schedule(row, seed, drive::faulty(seconds));
    let line = |step: schedule::Step| {
        let (begins, lasts) = (step.begins.as_secs_f64(), step.lasts.as_secs_f64());
        format!(
            "{begins:6.1} s for {lasts:4.1} s  {}: {}",
            step.act.kind(),
            step.act
        )
    };
    steps.into_iter().map(line).collect()
}

/// The brokers of the row before serve this one, too, unless something went wrong with it.
fn one(
    row: &'static Row,
    options: &ChaosOptions,
    directory: &Path,
    live: &Live,
    place: &mut Option<Place>,
) -> Attempt<RowReport> {
    fs::create_dir_all(directory).because(directory.display())?;
    live.phase("brokers start");
    let here = match place.take() {
        Some(place) => place,
        None => Place::start(schedule::of_row(row.code, options.seed))?,
    };
    let report = Drive::new(row, options, directory, live, &here).run()?;
    if !report.passed() {
        here.keep_logs(directory)?;
    }
    if report.problems.is_empty() {
        *place = Some(here);
    }
    Ok(report)
}

fn base(keep: Option<&Path>) -> Attempt<PathBuf> {
    match keep {
        Some(directory) => {
            fs::create_dir_all(directory).because(directory.display())?;
            Ok(directory.to_owned())
        }
        None => {
            let directory = tempfile::Builder::new().prefix("antiphon-chaos-").tempdir();
            Ok(directory.because("a directory for histories")?.keep())
        }
    }
}
