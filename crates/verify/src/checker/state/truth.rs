//! What the log held at the end.

use std::sync::Arc;

use super::{Moment, State, partitions::Committed};
use crate::{
    checker::rule,
    history::{Event, RecordKind},
};

impl State {
    pub(super) fn take_truth(&mut self, event: &Event, now: Moment) {
        self.has_truth = true;
        match event {
            Event::Topic { name, .. } => rule::topics::exists(self, name, now.at),
            Event::Range { at, first, next } => {
                let partition = self.partition(at);
                self.partitions[partition].range = Some((*first, *next));
            }
            Event::Record {
                at,
                offset,
                kind,
                id,
            } => {
                let id = id.as_ref().map(|id| self.id(id));
                if let RecordKind::Request(call) = kind {
                    let (partition, call) = (self.partition(at), self.call(*call));
                    self.partitions[partition].requests.insert(*offset);
                    if let Some(id) = id {
                        self.tie(id, call);
                    }
                } else if let Some(id) = id {
                    let id = &mut self.ids[id];
                    id.records = id.records.saturating_add(1);
                }
            }
            Event::Committed { group, at, next } => {
                let partition = self.partition(at);
                let committed = &mut self.partitions[partition].committed;
                committed.push(Committed {
                    group: Arc::clone(group),
                    next: *next,
                    at: now.at,
                });
            }
            _ => {}
        }
    }
}
