//! I11: the replies of a gather come from distinct services, those of a scatter to distinct
//! requests; a gather is complete if, and only if, it has its minimum; and none has more than its
//! maximum. Responders that do not say who they are have one vote together.

use std::collections::HashSet;

use crate::{
    checker::{
        invariant::Invariant::I11,
        rows::Row,
        state::{Asked, State},
    },
    history::{CallKind, Outcome, ReplyFacts},
};

pub(in crate::checker) fn completed(
    state: &mut State,
    call: Row,
    asked: &Asked,
    outcome: &Outcome,
    at: u64,
) {
    let wrong = match (asked.kind, outcome) {
        (CallKind::Request, Outcome::Gathered { .. }) => {
            Some("is a plain call, and ended as a gather".to_owned())
        }
        (CallKind::Scatter { .. } | CallKind::Gather { .. }, Outcome::Ok(_)) => {
            Some("is a gather, and ended with one reply".to_owned())
        }
        (
            kind,
            Outcome::Gathered {
                replies, complete, ..
            },
        ) => broken(kind, asked.topics, replies, *complete),
        _ => return,
    };
    let subject = state.subject(call);
    let id = state.calls[call].id;
    let findings = state.docket.of(I11);
    findings.looked();
    if let Some(wrong) = wrong {
        findings.found(at, || (format!("call {id} {wrong}"), subject));
    }
}

fn broken(kind: CallKind, topics: u32, replies: &[ReplyFacts], complete: bool) -> Option<String> {
    let got = replies.len() as u64;
    let mut seen = HashSet::new();
    let (min, max, twice) = match kind {
        CallKind::Request => return None,
        CallKind::Scatter { min } => {
            let twice = replies.iter().find(|one| !seen.insert(&*one.id));
            let twice = twice.map(|one| format!("request {}", one.id));
            (min, Some(topics), twice)
        }
        CallKind::Gather { min, max } => {
            let twice = replies.iter().find(|one| !seen.insert(service(one)));
            let twice = twice.map(|one| format!("service {:?}", service(one)));
            (min, max, twice)
        }
    };
    if let Some(twice) = twice {
        return Some(format!("counted two replies of {twice}"));
    }
    if max.is_some_and(|max| got > u64::from(max)) {
        return Some(format!(
            "counted {got} replies, above its maximum of {}",
            max?
        ));
    }
    match (complete, got >= u64::from(min)) {
        (true, false) => Some(format!("is complete with {got} of at least {min} replies")),
        (false, true) => Some(format!(
            "is not complete with {got} of at least {min} replies"
        )),
        _ => None,
    }
}

fn service(reply: &ReplyFacts) -> &str {
    let responder = reply.responder.as_deref().unwrap_or_default();
    responder.split('/').next().unwrap_or_default()
}
