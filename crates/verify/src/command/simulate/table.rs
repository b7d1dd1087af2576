//! What the seeds came to, for people.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::Duration,
};

use antiphon_verify::simulator::{Profile, Trial};
use comfy_table::{CellAlignment, Table, presets};

/// Most failing seeds that are shown.
const SHOWN: usize = 20;

pub(super) fn print(
    trials: &[Trial],
    took: Option<Duration>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let wrong: Vec<&Trial> = trials
        .iter()
        .filter(|trial| !trial.wrong.is_empty())
        .collect();
    let sum = |of: fn(&Trial) -> u64| trials.iter().map(of).sum::<u64>();
    let count = |list: usize| u64::try_from(list).unwrap_or(u64::MAX);
    let mut totals = BTreeMap::new();
    totals.insert("seeds".to_owned(), count(trials.len()));
    totals.insert("seeds with something wrong".to_owned(), count(wrong.len()));
    totals.insert("events".to_owned(), sum(|trial| trial.events));
    totals.insert("calls".to_owned(), sum(|trial| trial.calls));
    rows("run", &totals, out)?;
    rows(
        "outcomes of calls",
        &added(trials, |trial| &trial.outcomes),
        out,
    )?;
    rows("faults", &added(trials, |trial| &trial.faults), out)?;
    if let Some(took) = took {
        let seconds = took.as_secs_f64();
        let rate = f64::from(u32::try_from(trials.len()).unwrap_or(u32::MAX)) / seconds;
        writeln!(out, "{seconds:.1} s, {:.0} seeds a minute", rate * 60.0)?;
    }
    for trial in wrong.iter().take(SHOWN) {
        writeln!(out, "\nseed {}:", trial.seed)?;
        for line in &trial.wrong {
            writeln!(out, "  {line}")?;
        }
        writeln!(out, "  {}", replay(trial.seed, trial.profile))?;
    }
    if wrong.len() > SHOWN {
        writeln!(out, "\nand {} more seeds", wrong.len() - SHOWN)?;
    }
    Ok(())
}

/// The command that runs a seed again.
pub(super) fn replay(seed: u64, profile: Profile) -> String {
    format!("antiphon-verify simulate --profile {profile} --seed {seed} --trace")
}

fn added(trials: &[Trial], of: impl Fn(&Trial) -> &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for (name, times) in trials.iter().flat_map(of) {
        *all.entry(name.clone()).or_default() += times;
    }
    all
}

fn rows(title: &str, rows: &BTreeMap<String, u64>, out: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([title, ""]);
    for (name, count) in rows {
        table.add_row([name.clone(), count.to_string()]);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out)
}
