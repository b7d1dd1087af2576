//! I2: a reply that a caller gets carries its call, its nonce and an id that was sent for it, and
//! was made by a responder of the run. I3: by a run of a handler that stands in a responder's
//! history, for that call. So it is with each reply of a gather, counted or below the minimum.

use crate::{
    checker::{
        invariant::Invariant::{I2, I3},
        rows::Row,
        state::{Answered, Asked, State},
    },
    history::ReplyFacts,
};

pub(in crate::checker) fn answered(
    state: &mut State,
    call: Row,
    asked: &Asked,
    reply: &ReplyFacts,
    at: u64,
) {
    let id = state.calls[call].id;
    let wrong = match reply.facts {
        None => "that is none of a responder of this run".to_owned(),
        Some(facts) if !facts.genuine => "whose tag no responder of this run made".to_owned(),
        Some(facts) if facts.call != id => format!("that answers call {}", facts.call),
        Some(facts) if facts.nonce != asked.nonce => {
            format!("with the nonce {} for {}", facts.nonce, asked.nonce)
        }
        Some(_) => {
            state.docket.of(I2).looked();
            return;
        }
    };
    let subject = state.subject(call);
    let key = state.known_id(&reply.id).map(|row| state.ids[row].key);
    let findings = state.docket.of(I2);
    findings.looked();
    findings.found(at, || {
        let wrong = format!("call {id} ended with a reply {wrong}");
        let subject = subject.ids(key);
        let other = reply.facts.map(|facts| facts.execution);
        (
            wrong,
            match other {
                Some(execution) => subject.execution(execution),
                None => subject,
            },
        )
    });
}

pub(super) fn judge(state: &mut State) {
    let mut docket = std::mem::take(&mut state.docket);
    docket.of(I2).idle("no call got a reply");
    docket.of(I3).idle("no call got a reply");
    for one in &state.answered {
        let call = state.calls[one.call].id;
        let subject = || {
            let subject = state.subject(one.call).execution(one.execution);
            subject.id(state.ids[one.id].key)
        };
        if state.ids[one.id].call != one.call {
            docket.of(I2).found(one.at, || {
                let wrong = format!("call {call} ended with a reply to an id that it never sent");
                (wrong, subject())
            });
        }
        docket.of(I3).looked();
        if let Some(wrong) = phantom(state, one) {
            docket.of(I3).found(one.at, || (wrong, subject()));
        }
    }
    state.docket = docket;
}

fn phantom(state: &State, one: &Answered) -> Option<String> {
    let call = state.calls[one.call].id;
    let execution = one.execution;
    match state.executions.get(&execution) {
        Some(run) if run.call == one.call => None,
        Some(run) => {
            let other = state.calls[run.call].id;
            Some(format!(
                "call {call} ended with a reply of {execution}, which ran for call {other}"
            ))
        }
        None => Some(format!(
            "call {call} ended with a reply of {execution}, which no responder ran"
        )),
    }
}
