//! I5, of responders: no handler is begun for a request whose time was over when it was read, as far
//! as clocks may be apart. Not judged in runs in which clocks are wrong, and on real brokers: there a
//! topic may stamp records when they are stored, and the time of one that was stored late counts from
//! then.

use crate::checker::{
    describe::duration,
    invariant::Invariant::I5,
    state::{Execution, State},
};

pub(super) fn judge(state: &mut State) {
    if !state.run.simulated || state.clocks_were_wrong() {
        return;
    }
    let mut docket = std::mem::take(&mut state.docket);
    let findings = docket.of(I5);
    for run in state.executions.values() {
        let Some((read_at, late)) = lateness(state, run) else {
            continue;
        };
        findings.found(read_at, || {
            let wrong = format!(
                "{} began a handler for {}, which it had read {} after its time was over",
                state.processes[run.process].name(),
                state.calls[run.call].id,
                duration(late)
            );
            (wrong, state.subject(run.call))
        });
    }
    state.docket = docket;
}

/// When it was read, and how long after its deadline, if that was too late.
fn lateness(state: &State, run: &Execution) -> Option<(u64, u64)> {
    let deadline = state.calls[run.call].asked?.deadline();
    let read_at = run.read_at?;
    let late = read_at.checked_sub(deadline)?;
    let allowed = state.run.clock_skew + state.run.slack;
    if late <= allowed {
        return None;
    }
    // The clock was read before the records were, and the process may have stood still in between.
    let stalled = state.stalled(run.process, deadline, read_at);
    (late > allowed.saturating_add(stalled)).then_some((read_at, late))
}
