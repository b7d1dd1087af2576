//! I10, of the requests that are committed.
//!
//! A request that is committed was handed to a responder. That responder, between reading and
//! committing it, has
//!
//! - begun a handler or sent a reply, and the log has acknowledged a reply to it; or
//! - begun a handler or sent a reply, of which the log has reported a failure, and the call's time was
//!   over, or its reply topic may have been gone: then it is given up, and else sent again; or
//! - said nothing, and the call's time was over: it expired while its reply address was looked up; or
//! - said nothing, and its reply address was refused, which only happens in runs in which topics are
//!   deleted, or clocks are wrong so that it seemed expired.
//!
//! Anything else was passed over, or committed too early. Not judged is a request of which the
//! history has no correlation id, and one of a topic that was deleted: an offset of a topic that was
//! made anew names two requests. Records that are none of the run's requests need nothing.
//! Of responders that commit before they run, only the first sentence is checked.

use crate::{
    checker::{
        invariant::Invariant::I10,
        state::{Partition, Passed, State},
        subject::Subject,
    },
    history::At,
};

pub(super) fn judge(state: &mut State) {
    let mut docket = std::mem::take(&mut state.docket);
    let findings = docket.of(I10);
    let excused = !state.gone.is_empty() || state.clocks_were_wrong();
    for one in &state.passed {
        let wrong = match judge_passed(state, one, excused) {
            Judged::Fine => continue,
            Judged::Unknown => {
                findings.unknown();
                continue;
            }
            Judged::TooEarly => "before its reply was acknowledged or given up",
            Judged::GivenUp => "and gave its reply up, for which its caller still waited",
            Judged::PassedOver => "and has neither begun a handler for it nor answered it",
        };
        findings.found(one.committed_at, || {
            let At { topic, partition } = &state.partitions[one.partition].at;
            let wrong = format!(
                "{} committed {topic}/{partition} beyond offset {} of call {}, {wrong}",
                state.processes[one.process].name(),
                one.offset,
                state.calls[one.call].id
            );
            let at = state.partitions[one.partition].at.clone();
            (
                wrong,
                state.subject(one.call).offsets(at, one.offset, one.offset),
            )
        });
    }
    for partition in state.partitions.iter() {
        if state.gone.contains(&partition.at.topic) {
            continue;
        }
        for (from, to) in unread(partition) {
            let at = partition.committed.iter().map(|one| one.at).max();
            findings.looked();
            findings.found(at.unwrap_or(state.end), || {
                let At { topic, partition: number } = &partition.at;
                let wrong = format!(
                    "the requests in {topic}/{number} from offset {from} to {} are committed, and nobody was given them",
                    to.saturating_sub(1)
                );
                let place = partition.at.clone();
                (wrong, Subject::default().offsets(place, from, to.saturating_sub(1)))
            });
        }
    }
    state.docket = docket;
}

/// By how much a deadline is early on the wire, which counts in milliseconds: when a call began, and
/// how long it may take, are both rounded down.
const WIRE: u64 = 2_000;

enum Judged {
    Fine,
    Unknown,
    TooEarly,
    GivenUp,
    PassedOver,
}

fn judge_passed(state: &State, one: &Passed, excused: bool) -> Judged {
    if state
        .gone
        .contains(&state.partitions[one.partition].at.topic)
    {
        return Judged::Unknown;
    }
    let begun = one.started || one.replied;
    match state.calls[one.call].asked {
        _ if begun && !one.failed => Judged::TooEarly,
        _ if excused => Judged::Fine,
        None => Judged::Unknown,
        Some(asked) if one.committed_at.saturating_add(WIRE) >= asked.deadline() => Judged::Fine,
        Some(_) if begun => Judged::GivenUp,
        Some(_) => Judged::PassedOver,
    }
}

fn unread(partition: &Partition) -> impl Iterator<Item = (i64, i64)> + '_ {
    let next = partition.committed.iter().map(|one| one.next).max();
    let requests = &partition.requests;
    requests.without(&partition.received, next.unwrap_or(i64::MIN))
}
