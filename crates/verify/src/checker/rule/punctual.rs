//! I5: a call ends no later than its timeout, and the slack, and the time for which its process did
//! not run; and none times out before its timeout.

use crate::{
    checker::{
        describe::duration,
        invariant::Invariant::I5,
        rows::Row,
        state::{Asked, State},
    },
    history::Outcome,
};

pub(in crate::checker) fn completed(
    state: &mut State,
    call: Row,
    asked: &Asked,
    outcome: &Outcome,
    at: u64,
) {
    state.docket.of(I5).looked();
    let timed_out = matches!(outcome, Outcome::Error { kind, .. } if **kind == *"timed_out");
    if !timed_out || at >= asked.deadline() {
        return;
    }
    let subject = state.subject(call);
    let id = state.calls[call].id;
    state.docket.of(I5).found(at, || {
        let wrong = format!(
            "call {id} timed out after {}, and had {}",
            duration(at.saturating_sub(asked.at)),
            duration(asked.timeout)
        );
        (wrong, subject)
    });
}

pub(super) fn judge(state: &mut State) {
    let mut docket = std::mem::take(&mut state.docket);
    let findings = docket.of(I5);
    findings.idle("no call has ended");
    for late in &state.late {
        let call = &state.calls[late.call];
        let Some(asked) = call.asked else { continue };
        let latest = asked.deadline().saturating_add(state.run.slack);
        let stalled = state.stalled(asked.process, asked.at, late.at);
        if late.at <= latest.saturating_add(stalled) {
            continue;
        }
        findings.found(late.at, || {
            let wrong = format!(
                "call {} ended after {}: it had {}, {} of slack, and its process did not run for {}",
                call.id,
                duration(late.at.saturating_sub(asked.at)),
                duration(asked.timeout),
                duration(state.run.slack),
                duration(stalled)
            );
            let process = &state.processes[asked.process].id;
            (wrong, state.subject(late.call).life(process, asked.at, late.at))
        });
    }
    state.docket = docket;
}
