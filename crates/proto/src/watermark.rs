use std::collections::VecDeque;

use crate::mutant;

/// Which offset of one partition may be committed: everything before it is done.
///
/// Requests are started in the order of their offsets, which may have gaps, and are done in any order. Each start gets a
/// dense sequence number. After a seek or a rebalance begin with a new `Watermark`. Memory is one entry per request
/// between the oldest unfinished one and the newest; the caller bounds that.
#[derive(Clone, Debug, Default)]
pub struct Watermark {
    /// Starts from the oldest unfinished one on.
    entries: VecDeque<Entry>,
    /// Sequence number of the front entry.
    front: u64,
    unfinished: usize,
    committable: Option<i64>,
    taken: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    offset: i64,
    done: bool,
}

impl Watermark {
    /// Nothing started, nothing to commit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that the record at `offset` is being worked on; returns its sequence number.
    ///
    /// Offsets must ascend.
    pub fn start(&mut self, offset: i64) -> u64 {
        let index = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        self.entries.push_back(Entry {
            offset,
            done: false,
        });
        self.unfinished += 1;
        self.front.saturating_add(index)
    }

    /// Notes that a request is done; `false` if the number is unknown or was done before.
    pub fn done(&mut self, sequence: u64) -> bool {
        let index = sequence
            .checked_sub(self.front)
            .and_then(|index| usize::try_from(index).ok());
        let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) else {
            return false;
        };
        if entry.done {
            return false;
        }
        entry.done = true;
        if mutant!("commit_over_gap") {
            self.committable = self.committable.max(Some(entry.offset + 1));
        }
        self.unfinished -= 1;
        self.advance();
        true
    }

    /// The offset to commit: one past the last of the contiguous done ones. `None` before there is any.
    pub fn committable(&self) -> Option<i64> {
        self.committable
    }

    /// As [`committable`](Self::committable), but only when it has advanced since the last take.
    pub fn take_commit(&mut self) -> Option<i64> {
        if self.committable == self.taken {
            return None;
        }
        self.taken = self.committable;
        self.committable
    }

    /// Lets the next [`take_commit`](Self::take_commit) return what was taken before: it may not have been committed.
    pub fn offer_again(&mut self) {
        self.taken = None;
    }

    /// Requests started and not done.
    pub fn in_flight(&self) -> usize {
        self.unfinished
    }

    /// Entries held: the unfinished ones and those done that wait for an earlier one.
    pub fn span(&self) -> usize {
        self.entries.len()
    }

    fn advance(&mut self) {
        while let Some(entry) = self.entries.pop_front_if(|entry| entry.done) {
            self.front = self.front.saturating_add(1);
            let next = 1 + i64::from(mutant!("commit_one_too_far"));
            self.committable = Some(entry.offset.saturating_add(next));
        }
    }
}
