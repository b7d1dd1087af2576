//! What requesters write down.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Answered, Asked, Claim, Claimant, Late, Moment, Row, State,
    calls::{self, Ended},
};
use crate::{
    checker::{key::IdKey, rule, subject::Subject},
    history::{CallId, CallKind, Certainty, Event, MissingFacts, Outcome, ReplyFacts},
};

impl State {
    pub(super) fn take_requester(&mut self, event: &Event, now: Moment) {
        match event {
            Event::Invoke {
                call,
                nonce,
                kind,
                topics,
                timeout,
            } => {
                let topics = u32::try_from(topics.len()).unwrap_or(u32::MAX);
                let asked = Asked {
                    at: now.at,
                    process: now.process,
                    timeout: *timeout,
                    nonce: *nonce,
                    kind: *kind,
                    topics,
                };
                self.totals.calls += 1;
                let call = self.call(*call);
                self.calls[call].asked.get_or_insert(asked);
            }
            Event::Sent { call, id, to } => {
                let (row, call_row) = (self.id(id), self.call(*call));
                self.tie(row, call_row);
                let partition = self.partition(to);
                self.ids[row].sent_to = partition;
                self.written(partition, now.at, || {
                    Subject::call(*call).topic(Arc::clone(&to.topic))
                });
            }
            Event::Complete { call, outcome } => self.completed(*call, outcome, now),
            _ => {}
        }
    }

    fn completed(&mut self, id: CallId, outcome: &Outcome, now: Moment) {
        self.count(outcome);
        let call = self.call(id);
        let ended = Ended::new(now.at, outcome);
        let first = self.calls[call].ended.is_none();
        self.calls[call].ended.get_or_insert(ended);
        rule::once::completed(self, call, first, now.at);
        let Some(asked) = self.calls[call].asked else {
            return;
        };
        let wanted = self.run.min_ok_at_end;
        let process = &mut self.processes[now.process];
        process.streak.take(asked.at, outcome, wanted);
        rule::punctual::completed(self, call, &asked, outcome, now.at);
        let latest = asked.deadline().saturating_add(self.run.slack);
        if now.at > latest {
            self.late.push(Late { call, at: now.at });
        }
        rule::gathers::completed(self, call, &asked, outcome, now.at);
        match outcome {
            Outcome::Ok(reply) => self.answered(call, &asked, reply, now),
            Outcome::Gathered {
                replies, missing, ..
            } => {
                for reply in replies {
                    self.answered(call, &asked, reply, now);
                }
                self.missing(call, &asked, missing, now);
            }
            Outcome::Error { .. } => {}
        }
    }

    fn answered(&mut self, call: Row, asked: &Asked, reply: &ReplyFacts, now: Moment) {
        rule::own_reply::answered(self, call, asked, reply, now.at);
        if let Some(facts) = reply.facts {
            let id = self.id(&reply.id);
            self.answered.push(Answered {
                call,
                id,
                execution: facts.execution,
                at: now.at,
            });
        }
    }

    /// What is said of the targets of a scatter. Those of a gather are services on one topic, and
    /// the history does not say which of them an error is of.
    fn missing(&mut self, call: Row, asked: &Asked, missing: &[MissingFacts], now: Moment) {
        if !matches!(asked.kind, CallKind::Scatter { .. }) {
            return;
        }
        for one in missing {
            if one.executed == Certainty::Maybe {
                continue;
            }
            let topic = self.topic(&one.topic);
            self.claims.push(Claim {
                by: Claimant::Target { call, topic },
                executed: one.executed,
                at: now.at,
            });
        }
    }

    fn count(&mut self, outcome: &Outcome) {
        self.totals.ended += 1;
        let executed = match Ended::new(0, outcome).executed {
            Certainty::No => "no",
            Certainty::Maybe => "maybe",
            Certainty::Yes => "yes",
        };
        let name = calls::name(outcome);
        let outcomes = &mut self.totals.outcomes;
        if !outcomes.contains_key(name) {
            outcomes.insert(name.to_owned(), BTreeMap::new());
        }
        if let Some(kinds) = outcomes.get_mut(name) {
            *kinds.entry(executed.to_owned()).or_default() += 1;
        }
    }
}

impl State {
    /// The row of a correlation id, if it has come up.
    pub(in crate::checker) fn known_id(&self, id: &str) -> Option<Row> {
        self.ids.find(&IdKey::of(id))
    }
}
