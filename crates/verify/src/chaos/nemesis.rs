//! One fault, from its announcement to its end.

use std::time::{Duration, Instant};

use antiphon_testbed::reason::Attempt;

use super::{
    faults::{Fault, fault},
    schedule::Step,
    stage::Stage,
};
use crate::history::Event;

/// How much longer than it lasts a fault may take to be seen.
const SEEN: Duration = Duration::from_secs(15);

/// The rest between two looks at what it does.
const LOOK: Duration = Duration::from_millis(250);

/// Has a fault begin, last and end, and writes that down. Returns a problem if it was not seen to take effect.
pub(super) fn suffer(
    stage: &mut Stage<'_>,
    number: u64,
    seed: u64,
    step: &Step,
) -> Attempt<Option<String>> {
    let act = &step.act;
    stage.record(Event::FaultStart {
        fault: number,
        kind: act.kind().into(),
        detail: act.to_string(),
    });
    let mut fault = fault(act, seed);
    let begun = fault.begin(stage);
    let seen = begun.and_then(|()| watch(&mut *fault, stage, number, step.lasts));
    // Also what has not begun as it should may have to be ended.
    let ended = fault.end(stage);
    let seen = seen?;
    ended?;
    stage.record(Event::FaultEnd { fault: number });
    let vacuous = || {
        format!(
            "fault {number} ({}, {act}) had no visible effect",
            act.kind()
        )
    };
    Ok((!seen).then(vacuous))
}

/// Lets a fault last, and writes down by what it is seen; whether it was seen.
fn watch(
    fault: &mut dyn Fault,
    stage: &mut Stage<'_>,
    number: u64,
    lasts: Duration,
) -> Attempt<bool> {
    let begun = Instant::now();
    let mut seen: Option<String> = None;
    while begun.elapsed() < lasts || (seen.is_none() && begun.elapsed() < lasts + SEEN) {
        let now = fault.evidence(stage)?;
        if seen.is_none()
            && let Some(evidence) = &now
        {
            record(stage, number, evidence);
        }
        seen = now.or(seen);
        stage.wait(LOOK)?;
    }
    if let Some(evidence) = &seen {
        record(stage, number, evidence);
    }
    Ok(seen.is_some())
}

fn record(stage: &Stage<'_>, fault: u64, evidence: &str) {
    let evidence = evidence.to_owned();
    stage.record(Event::FaultEffect { fault, evidence });
}
