//! I17: the run put something to the test: it had successes, its faults took effect, and calls were
//! in flight when they began.

use crate::checker::{
    describe::time,
    invariant::Invariant::I17,
    state::{Call, Fault, State},
    subject::Subject,
};

pub(super) fn judge(state: &mut State) {
    let mut docket = std::mem::take(&mut state.docket);
    let findings = docket.of(I17);
    findings.looked();
    let successes = state.calls.iter().filter_map(|call| call.ended);
    let successes = successes.filter(|ended| ended.success).count() as u64;
    let wanted = state.run.min_ok;
    if successes < wanted {
        findings.found(state.end, || {
            let wrong = format!("the run had {successes} successes, and not {wanted}");
            (wrong, Subject::default())
        });
    }
    let mut started: Vec<(u64, &Fault)> = state
        .faults
        .iter()
        .filter_map(|fault| Some((fault.started?, fault)))
        .collect();
    started.sort_by_key(|(at, fault)| (*at, fault.name));
    let in_flight = in_flight(state, &started);
    for ((at, fault), in_flight) in started.into_iter().zip(in_flight) {
        findings.looked();
        let kind = fault.kind.as_deref().unwrap_or_default();
        let subject = || Subject::default().fault(fault.name);
        if !fault.took_effect {
            findings.found(at, || {
                let wrong = format!("fault {} ({kind}) was not seen to take effect", fault.name);
                (wrong, subject())
            });
        }
        if in_flight < state.run.min_in_flight {
            findings.found(at, || {
                let wrong = format!(
                    "{in_flight} calls were in flight when fault {} ({kind}) began at {}, and not {}",
                    fault.name,
                    time(at),
                    state.run.min_in_flight
                );
                (wrong, subject())
            });
        }
    }
    state.docket = docket;
}

/// How many calls were in flight when each fault began.
fn in_flight(state: &State, started: &[(u64, &Fault)]) -> Vec<u64> {
    let mut begun = vec![0_u64; started.len() + 1];
    let mut ended = vec![0_u64; started.len() + 1];
    let index = |at: u64| started.partition_point(|(start, _)| *start < at);
    for call in state.calls.iter() {
        if let Some((from, to)) = life(state, call) {
            begun[index(from)] += 1;
            ended[index(to.max(from))] += 1;
        }
    }
    let sums = begun
        .iter()
        .zip(&ended)
        .scan(0_u64, |open, (begun, ended)| {
            *open = (*open + begun).saturating_sub(*ended);
            Some(*open)
        });
    sums.take(started.len()).collect()
}

fn life(state: &State, call: &Call) -> Option<(u64, u64)> {
    let asked = call.asked?;
    let until = call.ended.map(|ended| ended.at).or_else(|| {
        let process = &state.processes[asked.process];
        state.misfortunes.killed(&process.id).or(process.exited)
    });
    Some((asked.at, until.unwrap_or(u64::MAX)))
}
