//! What was found, as text for a terminal.

use antiphon_proto::mutants::Mutant;
use comfy_table::{ContentArrangement, Table, presets};

use super::{Family, Trial};

/// Columns of the terminal: what is longer is broken into lines.
const WIDTH: u16 = 150;

/// Names and what they stand for.
pub fn list(mutants: &[Mutant]) -> Table {
    let mut table = headed(["seeded bug", "what it does"]);
    for mutant in mutants {
        table.add_row([mutant.name, mutant.what]);
    }
    table
}

/// One row per seeded bug: what found it, by family.
pub fn table(trials: &[Trial]) -> Table {
    let mut table = headed([
        "seeded bug",
        "what it does",
        "found by simulation",
        "found by tests",
    ]);
    for trial in trials {
        let [simulation, tests] = Family::ALL.map(|family| cell(trial, family));
        table.add_row([trial.mutant.name, trial.mutant.what, &simulation, &tests]);
    }
    table
}

/// One trial, while others are still to come.
pub fn line(trial: &Trial) -> String {
    let found = Family::ALL
        .iter()
        .find_map(|family| trial.caught_by(*family));
    match found {
        Some(caught) => format!("{}: {}: {}", trial.mutant.name, caught.job, caught.how),
        None => format!("{}: NOT FOUND", trial.mutant.name),
    }
}

fn cell(trial: &Trial, family: Family) -> String {
    match trial.caught_by(family) {
        Some(caught) => format!("{}: {}", caught.job, caught.how),
        None if trial.survives(family) => "NOT FOUND".to_owned(),
        None => "not run".to_owned(),
    }
}

fn headed<const N: usize>(titles: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(titles);
    table
}
