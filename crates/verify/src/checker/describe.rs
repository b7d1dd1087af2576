//! Events in words.

use std::fmt::Write;

use crate::history::{
    At, CallKind, Certainty, Event, Facts, Outcome, RecordKind, ReplyFacts, StrayKind,
};

/// A moment of a run, in seconds.
pub(super) fn time(at: u64) -> String {
    format!("{}.{:06} s", at / 1_000_000, at % 1_000_000)
}

/// A stretch of time, in milliseconds.
pub(super) fn duration(micros: u64) -> String {
    format!("{}.{:03} ms", micros / 1_000, micros % 1_000)
}

pub(super) fn event(event: &Event) -> String {
    match event {
        Event::Ready => "can work".to_owned(),
        Event::Drain => "is asked to stop".to_owned(),
        Event::Exit => "has stopped in an orderly way".to_owned(),
        Event::Killed {
            process,
            incarnation,
        } => format!("killed {process}.{incarnation}"),
        Event::Paused { process, since } => {
            format!("{process} did not run since {}", time(*since))
        }
        Event::Sample {
            memory,
            files,
            in_flight,
            unacknowledged,
        } => sample(*memory, *files, *in_flight, *unacknowledged),
        Event::Invoke { .. }
        | Event::Sent { .. }
        | Event::SendFailed { .. }
        | Event::Seen { .. }
        | Event::Stray { .. }
        | Event::Complete { .. } => requester(event),
        Event::Assigned { .. }
        | Event::Revoked { .. }
        | Event::Received { .. }
        | Event::Started { .. }
        | Event::Effect { .. }
        | Event::Replied { .. }
        | Event::ReplyStored { .. }
        | Event::ReplyFailed { .. }
        | Event::Commit { .. } => responder(event),
        _ => around(event),
    }
}

fn requester(event: &Event) -> String {
    match event {
        Event::Invoke {
            call,
            nonce,
            kind,
            topics,
            timeout,
        } => {
            let topics = topics.join(", ");
            let (kind, timeout) = (call_kind(*kind), duration(*timeout));
            format!("begins {call}, {kind} to {topics}, nonce {nonce}, {timeout}")
        }
        Event::Sent { call, id, to } => format!("sends {call} as {id} to {}", place(to)),
        Event::SendFailed {
            call,
            id,
            possibly_stored,
        } => format!("{call} as {id} was {}", stored(*possibly_stored)),
        Event::Seen {
            id,
            from,
            offset,
            facts,
        } => {
            let facts = told(facts.as_ref());
            format!(
                "sees a reply to {id} at {} offset {offset}{facts}",
                place(from)
            )
        }
        Event::Stray { id, kind } => {
            let kind = match kind {
                StrayKind::Late => "late",
                StrayKind::Duplicate => "duplicate",
                StrayKind::Foreign => "foreign",
                StrayKind::Unknown => "unknown",
                StrayKind::Surplus => "surplus",
            };
            format!("shows a {kind} reply to {id}")
        }
        Event::Complete { call, outcome } => format!("{call} ends: {}", ended(outcome)),
        _ => String::new(),
    }
}

fn responder(event: &Event) -> String {
    match event {
        Event::Assigned { partitions } => format!("is assigned {}", places(partitions)),
        Event::Revoked { partitions, lost } => {
            let how = if *lost { "loses" } else { "gives up" };
            format!("{how} {}", places(partitions))
        }
        Event::Received {
            call, from, offset, ..
        } => {
            let what = call.map_or_else(|| "something".to_owned(), |call| call.to_string());
            format!("reads {what} at {} offset {offset}", place(from))
        }
        Event::Started {
            call, execution, ..
        } => format!("begins {execution} for {call}"),
        Event::Effect { call, execution } => format!("{execution} takes effect for {call}"),
        Event::Replied {
            id,
            to,
            code,
            executed,
            facts,
        } => {
            let executed =
                executed.map_or_else(String::new, |one| format!(", executed: {}", certainty(one)));
            let facts = told(facts.as_ref());
            format!("sends {code}{executed} to {id} at {}{facts}", place(to))
        }
        Event::ReplyStored { id } => format!("the reply to {id} is acknowledged"),
        Event::ReplyFailed {
            id,
            possibly_stored,
        } => format!("the reply to {id} was {}", stored(*possibly_stored)),
        Event::Commit { at, next } => format!("commits {} up to {next}", place(at)),
        _ => String::new(),
    }
}

fn around(event: &Event) -> String {
    match event {
        Event::FaultStart {
            fault,
            kind,
            detail,
        } => format!("fault {fault} begins: {kind} {detail}"),
        Event::FaultEffect { fault, evidence } => format!("fault {fault} took effect: {evidence}"),
        Event::FaultEnd { fault } => format!("fault {fault} is over"),
        Event::TopicGone { name } => format!("{name} was deleted"),
        Event::Healed => "all faults are over".to_owned(),
        Event::Topic { name, partitions } => format!("{name} exists, with {partitions} partitions"),
        Event::Range { at, first, next } => {
            format!("{} holds from {first} up to {next}", place(at))
        }
        Event::Record {
            at,
            offset,
            kind,
            id,
        } => {
            let what = match kind {
                RecordKind::Request(call) => format!("the request of {call}"),
                RecordKind::Reply(facts) => format!("a reply{}", told(Some(facts))),
                RecordKind::ErrorReply => "an error".to_owned(),
                RecordKind::Other => "something".to_owned(),
            };
            let id = id.as_ref().map_or_else(String::new, |id| format!(", {id}"));
            format!("{} holds at {offset} {what}{id}", place(at))
        }
        Event::Committed { group, at, next } => {
            format!("{group} has committed {} up to {next}", place(at))
        }
        _ => String::new(),
    }
}

fn ended(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok(reply) => format!("a reply {}", answer(reply)),
        Outcome::Gathered {
            replies,
            complete,
            executed,
            ..
        } => {
            let replies: Vec<String> = replies.iter().map(answer).collect();
            let how = if *complete {
                "complete"
            } else {
                "below its minimum"
            };
            let mut text = format!("{how}, {} replies", replies.len());
            if let Some(executed) = executed {
                let _ = write!(text, ", executed: {}", certainty(*executed));
            }
            for reply in replies {
                let _ = write!(text, "; {reply}");
            }
            text
        }
        Outcome::Error {
            kind,
            executed,
            code,
        } => {
            let code = code
                .as_ref()
                .map_or_else(String::new, |code| format!(" {code}"));
            format!("{kind}{code}, executed: {}", certainty(*executed))
        }
    }
}

fn answer(reply: &ReplyFacts) -> String {
    let from = reply.responder.as_deref().unwrap_or("nobody named");
    format!("to {} from {from}{}", reply.id, told(reply.facts.as_ref()))
}

fn told(facts: Option<&Facts>) -> String {
    match facts {
        None => String::new(),
        Some(facts) => {
            let doubt = if facts.genuine { "" } else { ", not genuine" };
            let Facts {
                call,
                nonce,
                execution,
                ..
            } = facts;
            format!(" ({execution} for {call}, nonce {nonce}{doubt})")
        }
    }
}

fn call_kind(kind: CallKind) -> String {
    match kind {
        CallKind::Request => "a request".to_owned(),
        CallKind::Scatter { min } => format!("a scatter of at least {min}"),
        CallKind::Gather { min, max: None } => format!("a gather of at least {min}"),
        CallKind::Gather {
            min,
            max: Some(max),
        } => format!("a gather of {min} to {max}"),
    }
}

fn sample(memory: Option<u64>, files: Option<u64>, in_flight: u64, waiting: u64) -> String {
    let mut text = format!("holds {in_flight} in flight, {waiting} unacknowledged");
    if let Some(memory) = memory {
        let _ = write!(text, ", {memory} bytes");
    }
    if let Some(files) = files {
        let _ = write!(text, ", {files} files");
    }
    text
}

fn certainty(executed: Certainty) -> &'static str {
    match executed {
        Certainty::No => "no",
        Certainty::Maybe => "maybe",
        Certainty::Yes => "yes",
    }
}

fn stored(possibly: bool) -> &'static str {
    if possibly {
        "not acknowledged"
    } else {
        "not stored"
    }
}

fn place(at: &At) -> String {
    format!("{}/{}", at.topic, at.partition)
}

fn places(partitions: &[At]) -> String {
    let places: Vec<String> = partitions.iter().map(place).collect();
    places.join(" ")
}
