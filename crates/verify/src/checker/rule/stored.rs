//! I19: as many replies as were acknowledged stand in the log, under their ids. If not, the brokers
//! have lost them; the product only believed what it was told.
//!
//! Not known is that of partitions whose beginning has expired or was deleted, of topics that were
//! deleted, and of topics that the truth does not name.

use crate::checker::{
    invariant::Invariant::I19,
    rows::NONE,
    state::{Id, State},
    subject::Subject,
};

pub(super) fn judge(state: &mut State) {
    let mut docket = std::mem::take(&mut state.docket);
    let findings = docket.of(I19);
    findings.idle(match state.has_truth {
        true => "the log acknowledged no reply",
        false => "the history does not say what the log held",
    });
    let stored = state.ids.iter().filter(|id| id.stored > 0);
    for id in stored.take_while(|_| state.has_truth) {
        if id.records >= id.stored {
            findings.looked();
        } else if is_unknown(state, id) {
            findings.unknown();
        } else {
            findings.looked();
            findings.found(id.stored_at, || {
                let wrong = format!(
                    "the log acknowledged {} replies under one id, and holds {}",
                    id.stored, id.records
                );
                let subject = match state.calls.get(id.call) {
                    Some(call) => Subject::call(call.id),
                    None => Subject::default(),
                };
                (wrong, subject.id(id.key))
            });
        }
    }
    state.docket = docket;
}

fn is_unknown(state: &State, id: &Id) -> bool {
    if id.replied_to == NONE {
        return true;
    }
    let partition = &state.partitions[id.replied_to];
    let expired = partition.range.is_none_or(|(first, _)| first > 0);
    expired || state.gone.contains(&partition.at.topic)
}
