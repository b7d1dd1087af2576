//! I1: each call ends exactly once, unless its process was killed: then once or never.
//!
//! A process that neither exited nor was killed has to have ended the calls whose time was over when
//! the history ends; where it does not say a word more, it has died by itself.

use crate::checker::{
    invariant::Invariant::I1,
    rows::Row,
    state::{Asked, Call, State},
};

pub(in crate::checker) fn completed(state: &mut State, call: Row, first: bool, at: u64) {
    let subject = state.subject(call);
    let call = &state.calls[call];
    let findings = state.docket.of(I1);
    if !first {
        let wrong = format!("call {} has ended a second time", call.id);
        findings.found(at, || (wrong, subject));
    } else if call.asked.is_none() {
        let wrong = format!("call {} has ended, and was never begun", call.id);
        findings.found(at, || (wrong, subject));
    }
}

pub(super) fn judge(state: &mut State) {
    let mut docket = std::mem::take(&mut state.docket);
    let findings = docket.of(I1);
    findings.idle("there were no calls");
    for (row, call) in (0..).zip(state.calls.iter()) {
        let Some(asked) = call.asked else { continue };
        findings.looked();
        if call.ended.is_some() {
            continue;
        }
        if let Some((at, wrong)) = never_ended(state, call, &asked) {
            let process = &state.processes[asked.process];
            let subject = || state.subject(row).life(&process.id, process.last, u64::MAX);
            findings.found(at, || (wrong, subject()));
        }
    }
    state.docket = docket;
}

/// When it should have ended, and what is wrong.
fn never_ended(state: &State, call: &Call, asked: &Asked) -> Option<(u64, String)> {
    let process = &state.processes[asked.process];
    let name = process.name();
    if let Some(exited) = process.exited {
        let wrong = format!(
            "{name} has stopped in an orderly way, and call {} has not ended",
            call.id
        );
        return Some((exited, wrong));
    }
    if state.misfortunes.killed(&process.id).is_some() {
        return None;
    }
    let latest = asked.deadline().saturating_add(state.run.slack);
    let stalled = state.stalled(asked.process, asked.at, state.end);
    let over = latest.saturating_add(stalled) < state.end;
    over.then(|| {
        let wrong = format!(
            "call {} has not ended, and {name} was neither stopped nor killed",
            call.id
        );
        (latest, wrong)
    })
}
