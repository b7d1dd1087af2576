//! What is kept of a history: tables that grow with calls, not with events.

mod calls;
mod claims;
mod faults;
mod ids;
mod nemesis;
mod partitions;
mod processes;
mod reading;
mod requester;
mod responder;
mod runs;
mod samples;
mod truth;

use std::{collections::BTreeSet, sync::Arc};

use self::{
    calls::Calls, faults::Faults, ids::Ids, partitions::Partitions, processes::Misfortunes,
    reading::Moment, runs::Runs, samples::Held,
};
pub(super) use self::{
    calls::{Asked, Call},
    claims::{Answered, Claim, Claimant, Late},
    faults::Fault,
    ids::Id,
    partitions::{Begin, Partition},
    processes::Process,
    reading::{BadCommit, Passed},
    runs::Execution,
};
use super::{
    findings::Docket,
    invariant::Invariant,
    key::IdKey,
    report::Totals,
    rows::{Map, NONE, Row, Rows},
    rule,
    subject::Subject,
};
use crate::history::{At, CallId, Entry, Event, ProcessId, Run};

/// What is known so far.
#[derive(Debug)]
pub(super) struct State {
    pub(super) run: Run,
    pub(super) docket: Docket,
    pub(super) totals: Totals,
    pub(super) calls: Calls,
    pub(super) ids: Ids,
    pub(super) executions: Runs,
    pub(super) partitions: Partitions,
    pub(super) topics: Rows<Arc<str>, Arc<str>>,
    pub(super) processes: Rows<(String, u16), Process>,
    /// Rows of processes by where their names lie: events of a process share one.
    by_place: Map<usize, (Row, Arc<ProcessId>)>,
    pub(super) misfortunes: Misfortunes,
    pub(super) answered: Vec<Answered>,
    pub(super) claims: Vec<Claim>,
    pub(super) late: Vec<Late>,
    pub(super) passed: Vec<Passed>,
    pub(super) faults: Faults,
    pub(super) healed: Option<u64>,
    /// Topics that were deleted.
    pub(super) gone: BTreeSet<Arc<str>>,
    pub(super) has_truth: bool,
    pub(super) end: u64,
    allowed: BTreeSet<Arc<str>>,
}

impl State {
    pub(super) fn new(run: &Run) -> Self {
        Self {
            allowed: run.allowed_topics.iter().map(Arc::clone).collect(),
            run: run.clone(),
            docket: Docket::default(),
            totals: Totals::default(),
            calls: Rows::default(),
            ids: Rows::default(),
            executions: Runs::default(),
            partitions: Rows::default(),
            topics: Rows::default(),
            processes: Rows::default(),
            by_place: Map::default(),
            misfortunes: Misfortunes::default(),
            answered: Vec::new(),
            claims: Vec::new(),
            late: Vec::new(),
            passed: Vec::new(),
            faults: Rows::default(),
            healed: None,
            gone: BTreeSet::new(),
            has_truth: false,
            end: 0,
        }
    }

    pub(super) fn take(&mut self, entry: &Entry) {
        self.totals.events += 1;
        self.end = self.end.max(entry.at);
        let now = self.moment(entry);
        match &entry.event {
            Event::Ready | Event::Drain | Event::Stray { .. } | Event::FaultEnd { .. } => {}
            Event::Exit => {
                self.processes[now.process].exited.get_or_insert(now.at);
            }
            Event::Sample {
                memory,
                in_flight,
                unacknowledged,
                ..
            } => {
                let held = Held {
                    at: now.at,
                    in_flight: *in_flight,
                    unacknowledged: *unacknowledged,
                };
                rule::leftovers::sampled(self, now.process, now.at, *memory);
                self.processes[now.process].samples.take(*memory, held);
            }
            Event::Invoke { .. }
            | Event::Sent { .. }
            | Event::SendFailed { .. }
            | Event::Seen { .. }
            | Event::Complete { .. } => self.take_requester(&entry.event, now),
            Event::Assigned { .. }
            | Event::Revoked { .. }
            | Event::Received { .. }
            | Event::Started { .. }
            | Event::Effect { .. }
            | Event::Replied { .. }
            | Event::ReplyStored { .. }
            | Event::ReplyFailed { .. }
            | Event::Commit { .. } => self.take_responder(&entry.event, now),
            Event::Killed { .. }
            | Event::Paused { .. }
            | Event::FaultStart { .. }
            | Event::FaultEffect { .. }
            | Event::TopicGone { .. }
            | Event::Healed => self.take_nemesis(&entry.event, now),
            Event::Topic { .. }
            | Event::Range { .. }
            | Event::Record { .. }
            | Event::Committed { .. } => self.take_truth(&entry.event, now),
        }
    }

    fn moment(&mut self, entry: &Entry) -> Moment {
        let row = self.process(entry);
        let process = &mut self.processes[row];
        process.sequence += 1;
        process.last = process.last.max(entry.at);
        Moment {
            process: row,
            at: entry.at,
            sequence: process.sequence,
        }
    }

    fn process(&mut self, entry: &Entry) -> Row {
        let place = Arc::as_ptr(&entry.process) as usize;
        if let Some((row, _)) = self.by_place.get(&place) {
            return *row;
        }
        let id = &entry.process;
        let key = (id.name.clone(), id.incarnation);
        let new = || (key.clone(), Process::new(Arc::clone(id), entry.at));
        let row = self.processes.row(&key, new);
        // Kept, so that no other name comes to lie there.
        self.by_place.insert(place, (row, Arc::clone(id)));
        row
    }

    fn call(&mut self, call: CallId) -> Row {
        self.calls.row(&call, || (call, Call::new(call)))
    }

    fn id(&mut self, id: &str) -> Row {
        let key = IdKey::of(id);
        self.ids.row(&key, || (key, Id::new(key)))
    }

    /// Notes that a correlation id belongs to a call.
    fn tie(&mut self, id: Row, call: Row) {
        if self.ids[id].call == NONE {
            self.ids[id].call = call;
            self.ids[id].next = std::mem::replace(&mut self.calls[call].last_id, id);
        }
    }

    fn partition(&mut self, at: &At) -> Row {
        let allowed = &self.allowed;
        self.partitions.row(at, || {
            let allowed = allowed.contains(&at.topic);
            (at.clone(), Partition::new(at.clone(), allowed))
        })
    }

    fn topic(&mut self, name: &Arc<str>) -> Row {
        let new = || (Arc::clone(name), Arc::clone(name));
        self.topics.row(name, new)
    }

    fn fault(&mut self, name: u64) -> &mut Fault {
        let row = self.faults.row(&name, || (name, Fault::new(name)));
        &mut self.faults[row]
    }

    pub(super) fn is_allowed(&self, topic: &str) -> bool {
        self.allowed.contains(topic)
    }

    /// The correlation ids of a call.
    pub(super) fn ids_of(&self, call: Row) -> impl Iterator<Item = (Row, &Id)> {
        let first = self.calls.get(call).map(|call| call.last_id);
        let row = |row: &Row| self.ids.get(*row).map(|id| (*row, id));
        std::iter::successors(first.as_ref().and_then(row), move |(_, id)| row(&id.next))
    }

    /// A call, with all of its correlation ids.
    pub(super) fn subject(&self, call: Row) -> Subject {
        let ids = self.ids_of(call).map(|(_, id)| id.key).collect::<Vec<_>>();
        Subject::call(self.calls[call].id).ids(ids)
    }

    /// How long a process can not have run between two moments. A pause shows between its samples
    /// too, so they are not added up; a simulation's clock does not slip.
    pub(super) fn stalled(&self, process: Row, from: u64, to: u64) -> u64 {
        let process = &self.processes[process];
        let paused = self.misfortunes.paused(&process.id, from, to);
        let stalled = match self.run.simulated {
            true => 0,
            false => process.samples.stalled(from, to),
        };
        paused.max(stalled)
    }

    /// Whether a fault set a clock wrong.
    pub(super) fn clocks_were_wrong(&self) -> bool {
        let mut kinds = self.faults.iter().filter_map(|fault| fault.kind.as_ref());
        kinds.any(|kind| kind.contains("clock"))
    }

    /// A violation by a record that is written where it must not be.
    fn written(&mut self, partition: Row, at: u64, subject: impl FnOnce() -> Subject) {
        let findings = self.docket.of(Invariant::I14);
        findings.looked();
        let partition = &self.partitions[partition];
        if !partition.allowed {
            findings.found(at, || {
                let topic = &partition.at.topic;
                let wrong = format!("a record was sent to {topic}, which is not an allowed topic");
                (wrong, subject())
            });
        }
    }
}
