//! What a responder reads, and what it commits.
//!
//! An offset may be committed when the request before it, and all before that, need not be done
//! again: the reply was acknowledged, or given up after a failure, or there is none to be written.
//! Most requests are seen to be so right here, by the responder's own events; the rest is
//! [`Passed`], and judged at the end, when all faults and deadlines are known.

use std::collections::VecDeque;

use crate::checker::rows::{Map, NONE, Row};

/// What lies before one responder.
#[derive(Debug, Default)]
pub(in crate::checker) struct Desk {
    readings: Map<Row, Reading>,
    /// By correlation id: a call to two topics is two requests, of which each has to be done.
    work: Map<Row, Work>,
}

/// One assignment of a partition.
#[derive(Debug)]
struct Reading {
    assigned_at: u64,
    last: Option<i64>,
    committed: Option<i64>,
    waiting: VecDeque<Waiting>,
}

/// A request that was read and not committed.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    call: Row,
    id: Row,
    offset: i64,
    sequence: u64,
}

/// When the responder has last done what for an id that it has uncommitted requests of.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    waiting: u32,
    /// When one of them was last read.
    read_at: u64,
    started: u64,
    replied: u64,
    stored: u64,
    failed: u64,
}

/// A request that was committed, and was not seen to be done.
#[derive(Clone, Copy, Debug)]
pub(in crate::checker) struct Passed {
    pub(in crate::checker) process: Row,
    pub(in crate::checker) partition: Row,
    pub(in crate::checker) offset: i64,
    pub(in crate::checker) call: Row,
    pub(in crate::checker) committed_at: u64,
    pub(in crate::checker) started: bool,
    pub(in crate::checker) replied: bool,
    pub(in crate::checker) failed: bool,
}

/// What is wrong with a commit by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::checker) enum BadCommit {
    /// It is below the one before, which was for this offset.
    Back(i64),
    /// It passes what was read; the last that was read is this.
    Unread(Option<i64>),
}

/// An event of a responder: when, and the how manieth of its events.
#[derive(Clone, Copy, Debug)]
pub(in crate::checker) struct Moment {
    pub(in crate::checker) process: Row,
    pub(in crate::checker) at: u64,
    pub(in crate::checker) sequence: u64,
}

impl Desk {
    pub(super) fn assigned(&mut self, partition: Row, now: Moment) {
        if let Some(before) = self.readings.insert(partition, Reading::new(now.at)) {
            for waiting in before.waiting {
                self.forget(waiting.id);
            }
        }
    }

    /// `request` is its call and its id. Returns when the partition was assigned, if this is the first
    /// record of it since.
    pub(super) fn received(
        &mut self,
        partition: Row,
        offset: i64,
        request: Option<(Row, Row)>,
        now: Moment,
    ) -> Option<u64> {
        let reading = self.readings.entry(partition);
        let reading = reading.or_insert_with(|| Reading::new(now.at));
        let first = reading.last.is_none();
        let mut others = VecDeque::new();
        if reading.last.is_some_and(|last| offset <= last) {
            // Its records begin anew: it is another partition of the same name.
            reading.committed = None;
            others = std::mem::take(&mut reading.waiting);
        }
        reading.last = reading.last.max(Some(offset));
        let (call, id) = request.unwrap_or((NONE, NONE));
        reading.waiting.push_back(Waiting {
            call,
            id,
            offset,
            sequence: now.sequence,
        });
        let assigned_at = reading.assigned_at;
        for other in others {
            self.forget(other.id);
        }
        if id != NONE {
            let work = self.work.entry(id).or_default();
            work.waiting += 1;
            work.read_at = now.at;
        }
        first.then_some(assigned_at)
    }

    /// Returns when the request was read.
    pub(super) fn started(&mut self, id: Row, now: Moment) -> Option<u64> {
        let work = self.work.get_mut(&id)?;
        work.started = now.sequence;
        Some(work.read_at)
    }

    pub(super) fn replied(&mut self, id: Row, now: Moment) {
        if let Some(work) = self.work.get_mut(&id) {
            work.replied = now.sequence;
        }
    }

    pub(super) fn stored(&mut self, id: Row, now: Moment) {
        if let Some(work) = self.work.get_mut(&id) {
            work.stored = now.sequence;
        }
    }

    /// A reply failed; the product may have given it up.
    pub(super) fn failed(&mut self, id: Row, now: Moment) {
        if let Some(work) = self.work.get_mut(&id) {
            work.failed = now.sequence;
        }
    }

    /// Hands out the requests that it passes, unless they are seen to be done.
    pub(super) fn committed(
        &mut self,
        partition: Row,
        next: i64,
        now: Moment,
        mut passed: impl FnMut(Passed),
    ) -> Option<BadCommit> {
        let reading = self.readings.entry(partition);
        let reading = reading.or_insert_with(|| Reading::new(now.at));
        let back = reading.committed.filter(|before| next < *before);
        let unread = reading
            .last
            .is_none_or(|last| next > last.saturating_add(1));
        reading.committed = reading.committed.max(Some(next));
        let last = reading.last;
        let done = reading.waiting.partition_point(|one| one.offset < next);
        let taken: Vec<Waiting> = reading.waiting.drain(..done).collect();
        for one in taken.into_iter().filter(|one| one.id != NONE) {
            let work = self.work.get(&one.id).copied().unwrap_or_default();
            self.forget(one.id);
            if work.waiting > 1 {
                // Read twice: what was done for one is not told from what was done for the other,
                // and the last of them is looked at.
                continue;
            }
            let since = |event: u64| event > one.sequence;
            let (started, replied) = (since(work.started), since(work.replied));
            if since(work.stored) && (started || replied) {
                continue;
            }
            passed(Passed {
                process: now.process,
                partition,
                offset: one.offset,
                call: one.call,
                committed_at: now.at,
                started,
                replied,
                failed: since(work.failed),
            });
        }
        match back {
            Some(before) => Some(BadCommit::Back(before)),
            None => unread.then_some(BadCommit::Unread(last)),
        }
    }

    fn forget(&mut self, id: Row) {
        if let Some(work) = self.work.get_mut(&id) {
            work.waiting = work.waiting.saturating_sub(1);
            if work.waiting == 0 {
                self.work.remove(&id);
            }
        }
    }
}

impl Reading {
    fn new(assigned_at: u64) -> Self {
        Self {
            assigned_at,
            last: None,
            committed: None,
            waiting: VecDeque::new(),
        }
    }
}
