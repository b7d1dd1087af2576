//! One seed, run and judged.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::Once,
};

use super::{Finished, Profile, run};
use crate::{
    checker::{Ruling, check},
    history::{Entry, Event, Outcome},
};

/// What a seed came to.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What everything random was drawn from.
    pub seed: u64,
    /// Which faults it could have.
    pub profile: Profile,
    /// What was wrong, a line each.
    pub wrong: Vec<String>,
    /// Events of its history.
    pub events: u64,
    /// Calls that were begun.
    pub calls: u64,
    /// How the calls that ended did so.
    pub outcomes: BTreeMap<String, u64>,
    /// Faults by kind, and what they did.
    pub faults: BTreeMap<String, u64>,
}

/// Runs and judges a seed; `twice` runs it once more, to see that it repeats itself.
///
/// # Errors
///
/// The runtime can not be built.
pub fn trial(seed: u64, profile: Profile, twice: bool) -> io::Result<Trial> {
    let mut trial = Trial {
        seed,
        profile,
        wrong: Vec::new(),
        events: 0,
        calls: 0,
        outcomes: BTreeMap::new(),
        faults: BTreeMap::new(),
    };
    let (finished, panics) = caught(seed, profile);
    trial.wrong.extend(panics);
    let Some(finished) = finished.transpose()? else {
        return Ok(trial);
    };
    trial.count(&finished);
    trial.wrong.extend(finished.stuck.clone());
    trial.wrong.extend(judged(&finished));
    if twice && let (Some(again), _) = caught(seed, profile) {
        trial
            .wrong
            .extend(difference(&finished.history, &again?.history));
    }
    Ok(trial)
}

impl Trial {
    fn count(&mut self, finished: &Finished) {
        self.events = u64::try_from(finished.history.len()).unwrap_or(u64::MAX);
        for (what, times) in &finished.counts {
            *self.faults.entry((*what).to_owned()).or_default() += times;
        }
        for entry in &finished.history {
            match &entry.event {
                Event::Invoke { .. } => self.calls += 1,
                Event::Complete { outcome, .. } => {
                    *self.outcomes.entry(named(outcome)).or_default() += 1;
                }
                Event::FaultStart { kind, .. } => {
                    *self.faults.entry(format!("fault {kind}")).or_default() += 1;
                }
                _ => {}
            }
        }
    }
}

fn named(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok(_) => "ok".to_owned(),
        Outcome::Gathered { complete: true, .. } => "gathered".to_owned(),
        Outcome::Gathered { .. } => "gathered, below its minimum".to_owned(),
        Outcome::Error { kind, executed, .. } => {
            format!("{kind}, {}", format!("{executed:?}").to_lowercase())
        }
    }
}

/// What the checker has against it.
fn judged(finished: &Finished) -> Vec<String> {
    let report = check(&finished.run, &finished.history);
    let verdicts = report.verdicts.iter().chain([&report.kafka_lost_acked]);
    let wrong = verdicts.filter_map(|verdict| match &verdict.ruling {
        Ruling::Violated { violations, first } => Some(format!(
            "{} ({}), {violations} times, first at {} µs: {}",
            verdict.invariant.id(),
            verdict.invariant.statement(),
            first.at,
            first.wrong
        )),
        _ => None,
    });
    wrong.collect()
}

/// Where two runs of one seed part, if they do.
fn difference(one: &[Entry], two: &[Entry]) -> Option<String> {
    let written = |entry: &Entry| {
        let event = serde_json::to_string(&entry.event).unwrap_or_default();
        format!(
            "{} {}.{} {event}",
            entry.at, entry.process.name, entry.process.incarnation
        )
    };
    let pairs = one.iter().zip(two).enumerate();
    for (index, (a, b)) in pairs {
        // Compared as they are written, so that nothing that is not written counts.
        if a != b && written(a) != written(b) {
            return Some(format!(
                "not deterministic: event {index} was {} and is {} when run again",
                written(a),
                written(b)
            ));
        }
    }
    (one.len() != two.len()).then(|| {
        let (one, two) = (one.len(), two.len());
        format!("not deterministic: {one} events, and {two} when run again")
    })
}

thread_local! {
    /// Panics of the run that goes on on this thread.
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What handlers say when they panic because they were asked to.
const AS_ASKED: &str = "as the request asked";

/// Runs a seed; panics in it do not get out, but for those that are a part of the load.
fn caught(seed: u64, profile: Profile) -> (Option<io::Result<Finished>>, Vec<String>) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| panic::set_hook(Box::new(note)));
    PANICS.take();
    let finished = panic::catch_unwind(AssertUnwindSafe(|| run(seed, profile))).ok();
    (finished, PANICS.take())
}

fn note(info: &PanicHookInfo<'_>) {
    let said = info.payload_as_str().unwrap_or("no words");
    if said == AS_ASKED {
        return;
    }
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    PANICS.with_borrow_mut(|panics| panics.push(format!("panic at {place}: {said}")));
}
