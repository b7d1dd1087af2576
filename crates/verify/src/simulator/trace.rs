//! A history as a picture: time downwards, a column for requesters, the log and responders each.

use std::io::{self, Write};

use super::Finished;
use crate::history::{At, Entry, Event, Outcome, Role};

const TIME: usize = 10;
const COLUMN: usize = 46;

/// Writes a line for each event that says something.
///
/// # Errors
///
/// It can not be written.
pub fn trace(finished: &Finished, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{:>TIME$}  {:<COLUMN$}{:<COLUMN$}responders",
        "ms", "requesters", "log and faults"
    )?;
    for entry in &finished.history {
        let said = said(&entry.event);
        if said.is_empty() {
            continue;
        }
        let at = format!("{}.{:03}", entry.at / 1_000, entry.at % 1_000);
        let said = match entry.process.role {
            Role::Nemesis | Role::Truth => said,
            _ => format!("{} {said}", short(entry)),
        };
        let column = match entry.process.role {
            Role::Requester => 0,
            Role::Nemesis | Role::Truth => COLUMN,
            Role::Responder => 2 * COLUMN,
        };
        writeln!(out, "{at:>TIME$}  {:column$}{said}", "")?;
    }
    Ok(())
}

/// `q1.2` is the second life of the first requester, `s1.1` the first of the first responder.
fn short(entry: &Entry) -> String {
    let process = &entry.process;
    let number = process.name.rsplit('-').next().unwrap_or_default();
    let letter = if process.role == Role::Requester {
        'q'
    } else {
        's'
    };
    format!("{letter}{number}.{}", process.incarnation)
}

fn said(event: &Event) -> String {
    match event {
        Event::Ready => "ready".to_owned(),
        Event::Drain => "drains".to_owned(),
        Event::Exit => "ends".to_owned(),
        Event::Invoke {
            call,
            timeout,
            topics,
            ..
        } => format!(
            "calls {call} on {} for {} ms",
            topics.join("+"),
            timeout / 1_000
        ),
        Event::Sent { call, id, to } => format!("{call} ──▶ {} {}", on(to), tail(id)),
        Event::SendFailed {
            call,
            possibly_stored,
            ..
        } => format!("{call} not sent{}", maybe(*possibly_stored)),
        Event::Seen {
            id, from, offset, ..
        } => {
            format!("◀── {}@{offset} {}", on(from), tail(id))
        }
        Event::Stray { id, kind } => format!("stray {kind:?} {}", tail(id)),
        Event::Complete { call, outcome } => format!("{call} ends: {}", ended(outcome)),
        _ => answered(event),
    }
}

fn answered(event: &Event) -> String {
    match event {
        Event::Assigned { partitions } => format!("has {}", list(partitions)),
        Event::Revoked { partitions, lost } => {
            let how = if *lost { "loses" } else { "gives up" };
            format!("{how} {}", list(partitions))
        }
        Event::Received {
            call, from, offset, ..
        } => {
            let call = call.map_or_else(|| "?".to_owned(), |call| call.to_string());
            format!("{}@{offset} ──▶ {call}", on(from))
        }
        Event::Started {
            call, execution, ..
        } => format!("{call} starts as {execution}"),
        Event::Effect { call, execution } => format!("{call} done by {execution}"),
        Event::Replied { id, to, code, .. } => format!("{code} ──▶ {} {}", on(to), tail(id)),
        Event::ReplyStored { id } => format!("{} stored", tail(id)),
        Event::ReplyFailed {
            id,
            possibly_stored,
        } => format!("{} not stored{}", tail(id), maybe(*possibly_stored)),
        Event::Commit { at, next } => format!("commits {} {next}", on(at)),
        _ => caused(event),
    }
}

fn caused(event: &Event) -> String {
    match event {
        Event::Killed {
            process,
            incarnation,
        } => format!("✗ {process}.{incarnation}"),
        Event::Paused { process, since } => format!("{process} stood still since {since} µs"),
        Event::FaultStart {
            fault,
            kind,
            detail,
        } => format!("▼ fault {fault} {kind}: {detail}"),
        Event::FaultEnd { fault } => format!("▲ fault {fault}"),
        Event::Healed => "healed".to_owned(),
        Event::Range { at, first, next } => format!("{} holds {first}..{next}", on(at)),
        Event::Committed { group, at, next } => format!("{group} has committed {} {next}", on(at)),
        _ => String::new(),
    }
}

fn ended(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok(_) => "ok".to_owned(),
        Outcome::Gathered {
            replies, complete, ..
        } => {
            let enough = if *complete { "enough" } else { "too few" };
            format!("{} replies, {enough}", replies.len())
        }
        Outcome::Error { kind, executed, .. } => format!("{kind}, executed: {executed:?}"),
    }
}

fn maybe(possibly: bool) -> &'static str {
    if possibly { ", or perhaps it is" } else { "" }
}

fn on(at: &At) -> String {
    format!("{}/{}", at.topic, at.partition)
}

fn list(partitions: &[At]) -> String {
    partitions.iter().map(on).collect::<Vec<_>>().join(" ")
}

/// Ids of one requester differ in their last part.
fn tail(id: &str) -> &str {
    let most = id.len().saturating_sub(8);
    id.get(most..).unwrap_or(id)
}
