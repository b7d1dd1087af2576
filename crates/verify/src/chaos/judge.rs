//! What the histories of a row come to.

use std::{fs, path::Path};

use antiphon_testbed::reason::{Attempt, Because as _};

use super::report::{RowReport, Ruling, State, Timeline};
use crate::{
    checker::{self, Checker, Report, Verdict},
    history::{Entry, Run, read_directory},
};

/// Reads all histories. What is not `whole` is shown, and not judged. Where something is wrong, the checker's own words
/// are put beside the histories.
pub(super) fn judge(directory: &Path, run: &Run, whole: bool) -> Attempt<RowReport> {
    let (mut timeline, mut checker) = (Timeline::default(), Checker::new(run));
    read(directory, |entry| {
        timeline.take(entry);
        if whole {
            checker.take(entry);
        }
    })?;
    let (seconds, faults, healed) = timeline.finish();
    let verdicts = match whole {
        true => verdicts(directory, checker.finish())?,
        false => Vec::new(),
    };
    Ok(RowReport {
        seconds,
        faults,
        healed,
        verdicts,
        ..RowReport::default()
    })
}

fn read(directory: &Path, mut each: impl FnMut(&Entry)) -> Attempt<()> {
    let read = read_directory(directory, |entry| each(&entry));
    read.map(drop).because("the histories")
}

fn verdicts(directory: &Path, mut report: Report) -> Attempt<Vec<Ruling>> {
    if report.wants_events() {
        read(directory, |entry| report.recall(entry))?;
        report = report.told();
        fs::write(directory.join("check.txt"), report.to_string()).because("the verdict")?;
    }
    let all = report.verdicts.iter().chain([&report.kafka_lost_acked]);
    Ok(all.map(ruling).collect())
}

fn ruling(verdict: &Verdict) -> Ruling {
    let (state, detail, story) = match &verdict.ruling {
        checker::Ruling::Held {
            checked,
            unknown: 0,
        } => (State::Held, format!("{checked} looked at"), None),
        checker::Ruling::Held { checked, unknown } => {
            let detail = format!("{checked} looked at, of {unknown} nothing is known");
            (State::Held, detail, None)
        }
        checker::Ruling::Violated { violations, first } => {
            let detail = format!("{violations} times, first: {}", first.wrong);
            (State::Violated, detail, Some(verdict.to_string()))
        }
        checker::Ruling::NotApplicable { why } => (State::NotApplicable, why.clone(), None),
    };
    Ruling {
        id: verdict.invariant.id().to_owned(),
        statement: verdict.invariant.statement().to_owned(),
        state,
        detail,
        story,
    }
}
