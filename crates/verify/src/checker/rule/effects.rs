//! I7: effects per call. At least once: a success has one. At most once: there is no second.
//! Deduplicated: both. A scatter has as many requests as topics, and a gather as many as groups
//! that read its topic: so many effects may each have.

use std::collections::HashMap;

use crate::{
    checker::{
        invariant::Invariant::I7,
        state::{Asked, State},
    },
    history::{CallKind, Delivery},
};

pub(super) fn judge(state: &mut State) {
    let mut docket = std::mem::take(&mut state.docket);
    let findings = docket.of(I7);
    findings.idle("there were no calls");
    let groups = most_groups(state);
    for (row, call) in (0..).zip(state.calls.iter()) {
        let Some(asked) = call.asked else { continue };
        findings.looked();
        let success = call.ended.filter(|ended| ended.success);
        let most = match state.run.delivery {
            Delivery::AtLeastOnce => u32::MAX,
            Delivery::AtMostOnce | Delivery::Deduplicated => requests(&asked, groups),
        };
        let wrong = match success {
            Some(_) if call.effects == 0 => {
                format!(
                    "call {} ended with a success, and no handler took effect",
                    call.id
                )
            }
            _ if call.effects > most => format!(
                "call {} took effect {} times, and may {most} times",
                call.id, call.effects
            ),
            _ => continue,
        };
        let at = call.ended.map_or(asked.at, |ended| ended.at);
        findings.found(at, || (wrong, state.subject(row)));
    }
    state.docket = docket;
}

fn requests(asked: &Asked, groups: u32) -> u32 {
    match asked.kind {
        CallKind::Request => 1,
        CallKind::Scatter { .. } => asked.topics.max(1),
        CallKind::Gather { .. } => groups,
    }
}

fn most_groups(state: &State) -> u32 {
    let mut groups = HashMap::new();
    for (topic, _) in &state.run.request_topics {
        *groups.entry(topic).or_insert(0) += 1;
    }
    groups.into_values().max().unwrap_or(1)
}
