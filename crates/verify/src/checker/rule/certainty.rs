//! I4: what is said of execution is true.
//!
//! `No`, from a requester: no handler was begun for the call, at any time until the end. `Yes`: at
//! least one was; a success says so, too. A gather below its minimum says `No` only if nothing ran.
//!
//! A responder's error speaks of its request only. The request of a plain call is the call. The
//! requests of a scatter are told apart by topic. The request of a gather is that of several
//! services; what others of them did is not the word of this one, so its `No` is held against the
//! runs in processes of the same name only.

use std::collections::HashSet;

use crate::{
    checker::{
        invariant::Invariant::I4,
        rows::{NONE, Row},
        state::{Claim, Claimant, State},
    },
    history::{CallKind, Certainty},
};

pub(super) fn judge(state: &mut State) {
    let mut docket = std::mem::take(&mut state.docket);
    let findings = docket.of(I4);
    findings.idle("no call has ended");
    for (row, call) in (0..).zip(state.calls.iter()) {
        let Some(ended) = call.ended else { continue };
        findings.looked();
        if is_true(ended.executed, call.starts > 0, call.starts > 0) {
            continue;
        }
        let what = if ended.success {
            "a success"
        } else {
            "an error"
        };
        let wrong = format!(
            "call {} ended with {what} that says {}",
            call.id,
            says(ended.executed)
        );
        findings.found(ended.at, || (wrong, state.subject(row)));
    }
    let runs = Ran::of(state);
    for claim in &state.claims {
        match judge_claim(state, &runs, claim) {
            None => findings.unknown(),
            Some((_, true)) => findings.looked(),
            Some((call, false)) => {
                findings.looked();
                findings.found(claim.at, || (told(state, claim, call), state.subject(call)));
            }
        }
    }
    state.docket = docket;
}

/// What ran of scatters and gathers: calls with topics, and with processes.
struct Ran {
    topics: HashSet<(Row, Row)>,
    names: HashSet<(Row, String)>,
}

impl Ran {
    fn of(state: &State) -> Self {
        let (mut topics, mut names) = (HashSet::new(), HashSet::new());
        if !state.claims.is_empty() {
            for run in state.executions.values() {
                let call = &state.calls[run.call];
                if call.is(|kind| matches!(kind, CallKind::Scatter { .. })) {
                    topics.insert((run.call, run.topic));
                } else if call.is(|kind| matches!(kind, CallKind::Gather { .. })) {
                    let process = &state.processes[run.process];
                    names.insert((run.call, process.id.name.clone()));
                }
            }
        }
        Self { topics, names }
    }

    fn on_topic(&self, call: Row, topic: Row) -> Option<bool> {
        let ran = self.topics.contains(&(call, topic));
        // A run whose topic is not known may be of any.
        (ran || !self.topics.contains(&(call, NONE))).then_some(ran)
    }
}

/// The call, and whether it is true; `None` where the history does not say enough.
fn judge_claim(state: &State, runs: &Ran, claim: &Claim) -> Option<(Row, bool)> {
    let (call, here) = match claim.by {
        Claimant::Target { call, topic } => (call, runs.on_topic(call, topic)?),
        Claimant::Responder { process, id } => {
            let id = &state.ids[id];
            let call = state.calls.get(id.call)?;
            let here = match call.asked?.kind {
                CallKind::Request => call.starts > 0,
                CallKind::Scatter { .. } => {
                    let to = state.partitions.get(id.sent_to)?;
                    match state.topics.find(&to.at.topic) {
                        Some(topic) => runs.on_topic(id.call, topic)?,
                        None => runs.on_topic(id.call, NONE)?,
                    }
                }
                CallKind::Gather { .. } => {
                    let name = &state.processes[process].id.name;
                    runs.names.contains(&(id.call, name.clone()))
                }
            };
            (id.call, here)
        }
    };
    let anywhere = state.calls[call].starts > 0;
    let of_gather = state.calls[call].is(|kind| matches!(kind, CallKind::Gather { .. }));
    let ran = if of_gather { anywhere } else { here };
    Some((call, is_true(claim.executed, here, ran)))
}

fn is_true(executed: Certainty, here: bool, anywhere: bool) -> bool {
    match executed {
        Certainty::No => !here,
        Certainty::Maybe => true,
        Certainty::Yes => anywhere,
    }
}

fn told(state: &State, claim: &Claim, call: Row) -> String {
    let (id, says) = (state.calls[call].id, says(claim.executed));
    match claim.by {
        Claimant::Target { topic, .. } => {
            let topic = &state.topics[topic];
            format!("the scatter {id} says of its target {topic} {says}")
        }
        Claimant::Responder { process, .. } => {
            let name = state.processes[process].name();
            format!("{name} answered call {id} with an error that says {says}")
        }
    }
}

fn says(executed: Certainty) -> &'static str {
    match executed {
        Certainty::No => "it was not executed, and a handler was begun for it",
        Certainty::Maybe => "it may have been executed",
        Certainty::Yes => "it was executed, and no handler was ever begun for it",
    }
}
