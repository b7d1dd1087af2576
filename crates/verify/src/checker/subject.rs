//! What a violation is about, and so which events have to do with it.

use std::sync::Arc;

use super::key::IdKey;
use crate::history::{At, CallId, Entry, Event, ExecutionId, Facts, ProcessId, RecordKind};

/// What a violation is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    calls: Vec<CallId>,
    ids: Vec<IdKey>,
    executions: Vec<ExecutionId>,
    offsets: Option<Offsets>,
    life: Option<Life>,
    faults: Vec<u64>,
    topic: Option<Arc<str>>,
    healed: bool,
}

/// Some offsets of a partition: the records, and the commits for them.
#[derive(Clone, Debug)]
struct Offsets {
    at: At,
    from: i64,
    to: i64,
}

/// A part of what a process did.
#[derive(Clone, Debug)]
struct Life {
    name: String,
    incarnation: u16,
    from: u64,
    to: u64,
}

impl Subject {
    pub(super) fn call(call: CallId) -> Self {
        Self {
            calls: vec![call],
            ..Self::default()
        }
    }

    pub(super) fn id(mut self, id: IdKey) -> Self {
        self.ids.push(id);
        self
    }

    pub(super) fn ids(mut self, ids: impl IntoIterator<Item = IdKey>) -> Self {
        self.ids.extend(ids);
        self
    }

    pub(super) fn execution(mut self, execution: ExecutionId) -> Self {
        self.executions.push(execution);
        self
    }

    /// Records from `from` to `to`, and commits up to the one after.
    pub(super) fn offsets(mut self, at: At, from: i64, to: i64) -> Self {
        self.offsets = Some(Offsets { at, from, to });
        self
    }

    pub(super) fn life(mut self, process: &ProcessId, from: u64, to: u64) -> Self {
        self.life = Some(Life {
            name: process.name.clone(),
            incarnation: process.incarnation,
            from,
            to,
        });
        self
    }

    pub(super) fn fault(mut self, fault: u64) -> Self {
        self.faults.push(fault);
        self
    }

    pub(super) fn topic(mut self, topic: Arc<str>) -> Self {
        self.topic = Some(topic);
        self
    }

    pub(super) fn healed(mut self) -> Self {
        self.healed = true;
        self
    }

    pub(super) fn concerns(&self, entry: &Entry) -> bool {
        match &entry.event {
            Event::Invoke { call, .. }
            | Event::Complete { call, .. }
            | Event::Started { call, .. }
            | Event::Effect { call, .. }
                if self.has_call(*call) =>
            {
                true
            }
            Event::Started { execution, .. } | Event::Effect { execution, .. } => {
                self.executions.contains(execution)
            }
            Event::Sent { call, id, .. } | Event::SendFailed { call, id, .. } => {
                self.has_call(*call) || self.has_id(id)
            }
            Event::Seen {
                id,
                from,
                offset,
                facts,
            } => self.has_id(id) || self.tells(facts.as_ref()) || self.has_record(from, *offset),
            Event::Replied { id, facts, .. } => self.has_id(id) || self.tells(facts.as_ref()),
            Event::Stray { id, .. } | Event::ReplyStored { id } | Event::ReplyFailed { id, .. } => {
                self.has_id(id)
            }
            Event::Received {
                call, from, offset, ..
            } => call.is_some_and(|call| self.has_call(call)) || self.has_record(from, *offset),
            Event::Record {
                at,
                offset,
                kind,
                id,
            } => {
                id.as_ref().is_some_and(|id| self.has_id(id))
                    || self.has_record(at, *offset)
                    || self.is_of(kind)
            }
            Event::Commit { at, next } => self.has_commit(at, *next),
            event => self.is_near(event) || self.is_life(entry),
        }
    }

    /// Of partitions, topics, faults and processes.
    fn is_near(&self, event: &Event) -> bool {
        let place = |at: &At| self.offsets.as_ref().is_some_and(|own| own.at == *at);
        match event {
            Event::Assigned { partitions } | Event::Revoked { partitions, .. } => {
                partitions.iter().any(place)
            }
            Event::Range { at, .. } | Event::Committed { at, .. } => place(at),
            Event::FaultStart { fault, .. }
            | Event::FaultEffect { fault, .. }
            | Event::FaultEnd { fault } => self.faults.contains(fault),
            Event::Topic { name, .. } | Event::TopicGone { name } => {
                self.topic.as_ref().is_some_and(|topic| topic == name)
            }
            // Whose it is matters, and is looked at when it is known who is in the story.
            Event::Killed { .. } | Event::Paused { .. } => true,
            Event::Healed => self.healed,
            _ => false,
        }
    }

    fn is_life(&self, entry: &Entry) -> bool {
        let of_life = matches!(
            entry.event,
            Event::Ready | Event::Drain | Event::Exit | Event::Sample { .. }
        );
        let Some(life) = self.life.as_ref().filter(|_| of_life) else {
            return false;
        };
        entry.process.name == life.name
            && entry.process.incarnation == life.incarnation
            && (life.from..=life.to).contains(&entry.at)
    }

    fn is_of(&self, kind: &RecordKind) -> bool {
        match kind {
            RecordKind::Request(call) => self.has_call(*call),
            RecordKind::Reply(facts) => self.tells(Some(facts)),
            RecordKind::ErrorReply | RecordKind::Other => false,
        }
    }

    fn tells(&self, facts: Option<&Facts>) -> bool {
        facts.is_some_and(|facts| {
            self.has_call(facts.call) || self.executions.contains(&facts.execution)
        })
    }

    fn has_call(&self, call: CallId) -> bool {
        self.calls.contains(&call)
    }

    fn has_id(&self, id: &str) -> bool {
        !self.ids.is_empty() && self.ids.contains(&IdKey::of(id))
    }

    fn has_record(&self, at: &At, offset: i64) -> bool {
        let own = self.offsets.as_ref();
        own.is_some_and(|own| (own.from..=own.to).contains(&offset) && own.at == *at)
    }

    fn has_commit(&self, at: &At, next: i64) -> bool {
        let own = self.offsets.as_ref();
        own.is_some_and(|own| {
            (own.from..=own.to.saturating_add(1)).contains(&next) && own.at == *at
        })
    }
}
