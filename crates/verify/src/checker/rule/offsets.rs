//! I10, of commits by themselves.
//!
//! Within one assignment no commit is below the one before, and none passes the last record that
//! was read. What a commit asks for may not come to pass: when a group rebalances, Kafka refuses the
//! commits of those who have gone. So a new owner may well commit less than the one before it *asked*
//! for; what was *really* committed shows where the next owner begins to read. Those places never go
//! back: whoever got a partition after another had begun to read it begins there or further on. With
//! several groups on a topic the history does not say whose a place is, and they are not compared.

use crate::{
    checker::{
        invariant::Invariant::I10,
        rows::Row,
        state::{BadCommit, Begin, Partition, State},
        subject::Subject,
    },
    history::At,
};

pub(in crate::checker) fn committed(
    state: &mut State,
    place: &At,
    next: i64,
    bad: Option<BadCommit>,
    process: Row,
    at: u64,
) {
    let name = state.processes[process].name();
    let findings = state.docket.of(I10);
    findings.looked();
    let Some(bad) = bad else { return };
    let (topic, partition) = (&place.topic, place.partition);
    let from = match bad {
        BadCommit::Back(before) => before.min(next),
        BadCommit::Unread(last) => last.unwrap_or(next),
    };
    let subject =
        || Subject::default().offsets(place.clone(), from.saturating_sub(1), next.max(from));
    findings.found(at, || {
        let wrong = match bad {
            BadCommit::Back(before) => format!(
                "{name} committed {topic}/{partition} up to {next}, below {before}, which it had committed before"
            ),
            BadCommit::Unread(Some(last)) => format!(
                "{name} committed {topic}/{partition} up to {next}, and has read no further than {last}"
            ),
            BadCommit::Unread(None) => format!(
                "{name} committed {topic}/{partition} up to {next}, and has read nothing of it"
            ),
        };
        (wrong, subject())
    });
}

pub(super) fn judge(state: &mut State) {
    let mut docket = std::mem::take(&mut state.docket);
    let findings = docket.of(I10);
    findings.idle("no offset was committed");
    for partition in state.partitions.iter() {
        let topic = &partition.at.topic;
        let groups = state.run.request_topics.iter();
        let shared = groups.filter(|(name, _)| name == topic).count() > 1;
        if state.gone.contains(topic) || shared {
            continue;
        }
        if let Some((before, after)) = went_back(partition) {
            findings.found(after.read_at, || {
                let place = format!("{topic}/{}", partition.at.partition);
                let wrong = format!(
                    "the committed offset of {place} went back: {} began at {}, and {} later at {}",
                    state.processes[before.process].name(),
                    before.offset,
                    state.processes[after.process].name(),
                    after.offset
                );
                let at = partition.at.clone();
                (
                    wrong,
                    Subject::default().offsets(at, after.offset, before.offset),
                )
            });
        }
        for pair in partition.committed.windows(2) {
            let same = pair[0].group == pair[1].group && pair[0].at <= pair[1].at;
            if same && pair[1].next < pair[0].next {
                findings.found(pair[1].at, || {
                    let wrong = format!(
                        "the offset of group {} on {topic}/{} went back from {} to {}",
                        pair[1].group, partition.at.partition, pair[0].next, pair[1].next
                    );
                    let at = partition.at.clone();
                    (
                        wrong,
                        Subject::default().offsets(at, pair[1].next, pair[0].next),
                    )
                });
            }
        }
    }
    state.docket = docket;
}

/// An owner that began below where an earlier one had. Who is the earlier is sure only if it had
/// its first record before the other got the partition.
fn went_back(partition: &Partition) -> Option<(Begin, Begin)> {
    let mut by_read = partition.begins.clone();
    by_read.sort_by_key(|begin| begin.read_at);
    let mut by_assigned = by_read.clone();
    by_assigned.sort_by_key(|begin| begin.assigned_at);
    let mut earlier = by_read.into_iter().peekable();
    let mut furthest: Option<Begin> = None;
    for begin in by_assigned {
        while let Some(one) = earlier.next_if(|one| one.read_at < begin.assigned_at) {
            if furthest.is_none_or(|furthest| furthest.offset < one.offset) {
                furthest = Some(one);
            }
        }
        if let Some(before) = furthest.filter(|before| begin.offset < before.offset) {
            return Some((before, begin));
        }
    }
    None
}
