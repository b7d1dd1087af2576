//! I13: at an orderly end nothing is in flight and nothing unacknowledged; memory is within the
//! run's limit all the time, and does not [grow](super::growth) for ever.

use super::growth::growth;
use crate::{
    checker::{invariant::Invariant::I13, rows::Row, state::State, subject::Subject},
    history::Role,
};

pub(in crate::checker) fn sampled(state: &mut State, process: Row, at: u64, memory: Option<u64>) {
    let (Some(memory), Some(limit)) = (memory, state.run.memory_limit) else {
        return;
    };
    let process = &state.processes[process];
    let findings = state.docket.of(I13);
    findings.looked();
    if memory > limit {
        findings.found(at, || {
            let name = process.name();
            let wrong =
                format!("{name} holds {memory} bytes of memory, above its limit of {limit}");
            (wrong, Subject::default().life(&process.id, at, at))
        });
    }
}

pub(super) fn judge(state: &mut State) {
    let mut docket = std::mem::take(&mut state.docket);
    let findings = docket.of(I13);
    findings.idle("no process ended in an orderly way, and none said what it holds");
    for process in state.processes.iter() {
        if !matches!(process.id.role, Role::Requester | Role::Responder) {
            continue;
        }
        if let (Some(exited), Some(last)) = (process.exited, process.samples.last()) {
            findings.looked();
            if last.in_flight > 0 || last.unacknowledged > 0 {
                findings.found(exited, || {
                    let wrong = format!(
                        "{} stopped in an orderly way with {} in flight and {} unacknowledged",
                        process.name(),
                        last.in_flight,
                        last.unacknowledged
                    );
                    (wrong, Subject::default().life(&process.id, last.at, exited))
                });
            }
        }
        if state.run.simulated {
            continue;
        }
        let memory = process.samples.memory();
        if let Some(grown) = growth(&memory) {
            findings.looked();
            if grown.is_too_much() {
                let to = memory.last().map_or(0, |(at, _)| *at);
                findings.found(to, || {
                    let wrong = format!(
                        "the memory of {} does not stay flat: {grown}",
                        process.name()
                    );
                    (wrong, Subject::default().life(&process.id, grown.from, to))
                });
            }
        }
    }
    state.docket = docket;
}
