//! Checks a history against what the project promises.
//!
//! The invariants are exactly as strong as `docs/guarantees.md`; each file of `rule` says what its
//! invariant means, and what a history can not tell. The history is looked at once, in any order of
//! processes, and kept as tables that grow with calls. Only where something is wrong it is looked at
//! once more, for the events that have to do with it:
//!
//! ```text
//! entries ──▶ Checker::take ──▶ Checker::finish ──▶ Report ──▶ Report::recall ──▶ Report::told
//!             (state, rule)        (rule)                      (subject)
//! ```
//!
//! [`check`] does both for entries in memory, [`check_directory`] for files.

mod describe;
mod directory;
mod findings;
mod invariant;
mod key;
mod report;
mod rows;
mod rule;
mod spans;
mod state;
mod subject;
#[cfg(test)]
mod tests;
mod text;
mod verdict;

pub use self::{
    directory::check_directory,
    invariant::Invariant,
    report::{Conclusion, Report, Totals},
    verdict::{CounterExample, Ruling, Told, Verdict},
};
use self::{state::State, verdict::Ruling::NotApplicable};
use crate::history::{Entry, Run};

/// Takes a history in and judges it.
#[derive(Debug)]
pub struct Checker(Box<State>);

impl Checker {
    /// Begins with what was set up.
    pub fn new(run: &Run) -> Self {
        Self(Box::new(State::new(run)))
    }

    /// Takes one event in. Those of one life of a process have to come in their order; processes
    /// may come one after the other.
    pub fn take(&mut self, entry: &Entry) {
        self.0.take(entry);
    }

    /// Judges. Violations are put into words, and are without their events; see [`Report::recall`].
    pub fn finish(self) -> Report {
        let mut state = *self.0;
        rule::judge(&mut state);
        let mut totals = state.totals;
        totals.processes = state.processes.len() as u64;
        totals.bound = bound(totals.ended);
        let mut verdicts = state.docket.into_verdicts();
        // The last of all.
        let kafka_lost_acked = verdicts.pop().unwrap_or(Verdict {
            invariant: Invariant::I19,
            ruling: NotApplicable { why: String::new() },
        });
        Report {
            name: state.run.name,
            seed: state.run.seed,
            simulated: state.run.simulated,
            totals,
            verdicts,
            kafka_lost_acked,
        }
    }
}

/// Checks a history that is in memory.
pub fn check<'a>(run: &Run, entries: impl IntoIterator<Item = &'a Entry> + Clone) -> Report {
    let mut checker = Checker::new(run);
    entries
        .clone()
        .into_iter()
        .for_each(|one| checker.take(one));
    let mut report = checker.finish();
    if report.wants_events() {
        entries.into_iter().for_each(|one| report.recall(one));
    }
    report.told()
}

#[expect(clippy::cast_precision_loss, reason = "a bound needs no last digit")]
fn bound(calls: u64) -> Option<f64> {
    (calls > 3).then(|| 3.0 / calls as f64)
}
