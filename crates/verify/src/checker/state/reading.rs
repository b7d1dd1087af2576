//! What a responder reads, and what it commits.
//!
//! An offset may be committed when the request before it, and all before that, need not be done
//! again: the reply was acknowledged, or given up after a failure, or there is none to be written.
//! Most requests are seen to be so right here, by the responder's own events; the rest is
//! [`Passed`], and judged at the end, when it is known which ids belong to which call.

use std::collections::VecDeque;

use crate::checker::rows::{Map, NONE, Row};

/// What lies before one responder.
#[derive(Debug, Default)]
pub(in crate::checker) struct Desk {
    readings: Map<Row, Reading>,
    work: Map<Row, Work>,
    /// What was said under ids of which the call was not known then.
    pub(in crate::checker) answers: Map<Row, Answer>,
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
    offset: i64,
    sequence: u64,
}

/// What the responder has last done for a call of which it has uncommitted requests.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    waiting: u32,
    started: u64,
    replied: u64,
    settled: u64,
}

/// When replies under an id were sent, and settled: first and last, as numbers of events.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::checker) struct Answer {
    replied: Option<(u64, u64)>,
    settled: Option<(u64, u64)>,
}

/// A request that was committed, and was not seen to be done.
#[derive(Clone, Copy, Debug)]
pub(in crate::checker) struct Passed {
    pub(in crate::checker) process: Row,
    pub(in crate::checker) partition: Row,
    pub(in crate::checker) offset: i64,
    pub(in crate::checker) call: Row,
    pub(in crate::checker) committed_at: u64,
    /// Between these events of its process.
    pub(in crate::checker) between: (u64, u64),
    pub(in crate::checker) started: bool,
    pub(in crate::checker) replied: bool,
    pub(in crate::checker) settled: bool,
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
                self.forget(waiting.call);
            }
        }
    }

    /// Returns when the partition was assigned, if this is the first record of it since.
    pub(super) fn received(
        &mut self,
        partition: Row,
        offset: i64,
        call: Option<Row>,
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
        reading.waiting.push_back(Waiting {
            call: call.unwrap_or(NONE),
            offset,
            sequence: now.sequence,
        });
        let assigned_at = reading.assigned_at;
        for other in others {
            self.forget(other.call);
        }
        if let Some(call) = call {
            self.work.entry(call).or_default().waiting += 1;
        }
        first.then_some(assigned_at)
    }

    pub(super) fn started(&mut self, call: Row, now: Moment) {
        if let Some(work) = self.work.get_mut(&call) {
            work.started = now.sequence;
        }
    }

    pub(super) fn replied(&mut self, id: Row, call: Option<Row>, now: Moment) {
        match call.map(|call| self.work.get_mut(&call)) {
            Some(Some(work)) => work.replied = now.sequence,
            Some(None) => {}
            None => note(&mut self.answers.entry(id).or_default().replied, now),
        }
    }

    /// A reply was acknowledged, or failed: then the product may have given it up.
    pub(super) fn settled(&mut self, id: Row, call: Option<Row>, now: Moment) {
        match call.map(|call| self.work.get_mut(&call)) {
            Some(Some(work)) => work.settled = now.sequence,
            Some(None) => {}
            None => note(&mut self.answers.entry(id).or_default().settled, now),
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
        for one in taken.into_iter().filter(|one| one.call != NONE) {
            let work = self.work.get(&one.call).copied().unwrap_or_default();
            self.forget(one.call);
            let since = |event: u64| event > one.sequence;
            let (started, replied) = (since(work.started), since(work.replied));
            let settled = since(work.settled);
            if settled && (started || replied) {
                continue;
            }
            passed(Passed {
                process: now.process,
                partition,
                offset: one.offset,
                call: one.call,
                committed_at: now.at,
                between: (one.sequence, now.sequence),
                started,
                replied,
                settled,
            });
        }
        match back {
            Some(before) => Some(BadCommit::Back(before)),
            None => unread.then_some(BadCommit::Unread(last)),
        }
    }

    fn forget(&mut self, call: Row) {
        if let Some(work) = self.work.get_mut(&call) {
            work.waiting = work.waiting.saturating_sub(1);
            if work.waiting == 0 {
                self.work.remove(&call);
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

impl Answer {
    pub(in crate::checker) fn replied_between(&self, between: (u64, u64)) -> bool {
        within(self.replied, between)
    }

    pub(in crate::checker) fn settled_between(&self, between: (u64, u64)) -> bool {
        within(self.settled, between)
    }
}

fn note(noted: &mut Option<(u64, u64)>, now: Moment) {
    let first = noted.map_or(now.sequence, |(first, _)| first);
    *noted = Some((first, now.sequence));
}

/// Perhaps: of more than two only the first and the last are known.
fn within(noted: Option<(u64, u64)>, (from, to): (u64, u64)) -> bool {
    noted.is_some_and(|(first, last)| first < to && last > from)
}
