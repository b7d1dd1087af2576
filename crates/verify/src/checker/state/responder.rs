//! What responders write down.

use std::sync::Arc;

use super::{
    Claim, Claimant, Execution, Moment, NONE, Row, State, partitions::Begin, reading::Passed,
};
use crate::{
    checker::{key::IdKey, rule, subject::Subject},
    history::{At, CallId, Certainty, Delivery, Event, ExecutionId},
};

impl State {
    pub(super) fn take_responder(&mut self, event: &Event, now: Moment) {
        match event {
            Event::Assigned { partitions } => {
                for at in partitions {
                    let partition = self.partition(at);
                    self.processes[now.process].desk.assigned(partition, now);
                }
            }
            Event::Received {
                call,
                id,
                from,
                offset,
            } => self.received(call.zip(id.as_deref()), from, *offset, now),
            Event::Started {
                call,
                execution,
                id,
                topic,
            } => {
                let topic = topic.as_ref().map_or(NONE, |topic| self.topic(topic));
                let id = self.id(id);
                let read_at = self.processes[now.process].desk.started(id, now);
                self.started(*call, *execution, topic, read_at, now);
            }
            Event::Effect { call, .. } => {
                let call = self.call(*call);
                self.calls[call].effects = self.calls[call].effects.saturating_add(1);
            }
            Event::Replied {
                id, to, executed, ..
            } => self.replied(id, to, *executed, now),
            Event::ReplyStored { id } => {
                self.totals.replies_stored += 1;
                let row = self.id(id);
                let id = &mut self.ids[row];
                if id.stored == 0 {
                    id.stored_at = now.at;
                }
                id.stored = id.stored.saturating_add(1);
                self.processes[now.process].desk.stored(row, now);
            }
            Event::ReplyFailed { id, .. } => {
                let id = self.id(id);
                self.processes[now.process].desk.failed(id, now);
            }
            Event::Commit { at, next } => self.committed(at, *next, now),
            _ => {}
        }
    }

    fn received(&mut self, request: Option<(CallId, &str)>, from: &At, offset: i64, now: Moment) {
        let partition = self.partition(from);
        let request = request.map(|(call, id)| (self.call(call), self.id(id)));
        self.partitions[partition].received.insert(offset);
        let desk = &mut self.processes[now.process].desk;
        if let Some(assigned_at) = desk.received(partition, offset, request, now) {
            self.partitions[partition].begins.push(Begin {
                process: now.process,
                assigned_at,
                read_at: now.at,
                offset,
            });
        }
    }

    fn started(
        &mut self,
        call: CallId,
        execution: ExecutionId,
        topic: Row,
        read_at: Option<u64>,
        now: Moment,
    ) {
        self.totals.executions += 1;
        let call = self.call(call);
        self.calls[call].starts = self.calls[call].starts.saturating_add(1);
        let run = Execution {
            call,
            process: now.process,
            topic,
            read_at,
        };
        self.executions.insert(execution, run);
    }

    fn replied(&mut self, id: &str, to: &At, executed: Option<Certainty>, now: Moment) {
        let row = self.id(id);
        let partition = self.partition(to);
        self.ids[row].replied_to = partition;
        self.written(partition, now.at, || {
            let subject = Subject::default().id(IdKey::of(id));
            subject.topic(Arc::clone(&to.topic))
        });
        self.processes[now.process].desk.replied(row, now);
        if let Some(executed @ (Certainty::No | Certainty::Yes)) = executed {
            self.claims.push(Claim {
                by: Claimant::Responder {
                    process: now.process,
                    id: row,
                },
                executed,
                at: now.at,
            });
        }
    }

    fn committed(&mut self, at: &At, next: i64, now: Moment) {
        let partition = self.partition(at);
        let desk = &mut self.processes[now.process].desk;
        // What is committed before it runs is not done when it is committed.
        let judged = self.run.delivery != Delivery::AtMostOnce;
        let passed = &mut self.passed;
        let bad = desk.committed(partition, next, now, |one: Passed| {
            if judged {
                passed.push(one);
            }
        });
        rule::offsets::committed(self, at, next, bad, now.process, now.at);
    }
}
