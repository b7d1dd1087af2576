//! I16: each requester that lives on after the last fault ends with as many successes in a row as
//! the run wants, of calls that were begun after it; and each group has committed all that its
//! partitions hold.
//!
//! Errors that a handler made on purpose, and calls that their caller gave up or that were cut off
//! by the end, neither count nor interrupt.

use crate::{
    checker::{
        describe::time,
        findings::Findings,
        invariant::Invariant::I16,
        state::{Partition, Process, State},
        subject::Subject,
    },
    history::Role,
};

pub(super) fn judge(state: &mut State) {
    let mut docket = std::mem::take(&mut state.docket);
    let findings = docket.of(I16);
    findings.idle("the history does not say that faults were healed");
    if let Some(healed) = state.healed {
        for process in state.processes.iter() {
            judge_requester(state, process, healed, findings);
        }
        for (topic, group) in &state.run.request_topics {
            let partitions = state.partitions.iter();
            for partition in partitions.filter(|one| one.at.topic == *topic) {
                judge_group(state, partition, group, findings);
            }
        }
    }
    state.docket = docket;
}

fn judge_requester(state: &State, process: &Process, healed: u64, findings: &mut Findings) {
    let gone = process.exited.is_some_and(|exited| exited < healed)
        || process.exited.is_none() && state.misfortunes.killed(&process.id).is_some();
    if process.id.role != Role::Requester || gone {
        return;
    }
    findings.looked();
    let (got, wanted) = (process.streak.since(healed), state.run.min_ok_at_end);
    if got < wanted {
        findings.found(process.last, || {
            let wrong = format!(
                "{} ended with {got} successes in a row after all was healed at {}, and not with {wanted}",
                process.name(),
                time(healed)
            );
            let subject = Subject::default().healed();
            (wrong, subject.life(&process.id, healed, u64::MAX))
        });
    }
}

fn judge_group(state: &State, partition: &Partition, group: &str, findings: &mut Findings) {
    let Some((first, next)) = partition.range else {
        return;
    };
    findings.looked();
    let of_group = partition
        .committed
        .iter()
        .filter(|one| *one.group == *group);
    let committed = of_group.map(|one| one.next).max();
    if first >= next || committed >= Some(next) {
        return;
    }
    findings.found(state.end, || {
        let place = format!("{}/{}", partition.at.topic, partition.at.partition);
        let committed = match committed {
            Some(committed) => format!("only up to {committed}"),
            None => "nothing".to_owned(),
        };
        let wrong = format!("{place} ends at {next}, and group {group} has committed {committed}");
        let from = next.saturating_sub(1);
        (
            wrong,
            Subject::default().offsets(partition.at.clone(), from, from),
        )
    });
}
