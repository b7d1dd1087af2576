use std::collections::VecDeque;

use crate::mutant;

/// The offset of one partition that may be committed: every request before it is done.
///
/// Requests start in the order of their offsets, which may have gaps, and finish in any order. Each start gets the next
/// sequence number. After a seek or a rebalance, use a new `Watermark`. It holds one entry per request from the oldest
/// unfinished one to the newest; the caller limits their number.
///
/// ```
/// use antiphon_proto::Watermark;
///
/// let mut watermark = Watermark::new();
/// let (first, second) = (watermark.start(10), watermark.start(15));
/// watermark.done(second);
/// assert_eq!(watermark.take_commit(), None);
/// watermark.done(first);
/// assert_eq!(watermark.take_commit(), Some(16));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Watermark {
    /// The requests from the oldest unfinished one to the newest.
    entries: VecDeque<Entry>,
    /// Sequence number of the front entry.
    front: u64,
    unfinished: usize,
    newest: Option<i64>,
    committable: Option<i64>,
    taken: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    offset: i64,
    done: bool,
}

impl Watermark {
    /// Starts without requests.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that the request at `offset` is in work, and returns its sequence number.
    ///
    /// Offsets must ascend.
    pub fn start(&mut self, offset: i64) -> u64 {
        let index = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        self.entries.push_back(Entry {
            offset,
            done: false,
        });
        self.unfinished += 1;
        self.newest = Some(offset);
        self.front.saturating_add(index)
    }

    /// The offset of the request that started last.
    pub fn newest(&self) -> Option<i64> {
        self.newest
    }

    /// Notes that a request is done. `false` if the number is unknown, or if the request was done before.
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

    /// The offset to commit: one after the last request before which all requests are done. `None` until there is one.
    pub fn committable(&self) -> Option<i64> {
        self.committable
    }

    /// Like [`committable`](Self::committable), but only if it has advanced since the last take.
    pub fn take_commit(&mut self) -> Option<i64> {
        if self.committable == self.taken {
            return None;
        }
        self.taken = self.committable;
        self.committable
    }

    /// Makes the next [`take_commit`](Self::take_commit) return the same offset again, because its commit may have failed.
    pub fn offer_again(&mut self) {
        self.taken = None;
    }

    /// Number of requests that started and are not done.
    pub fn in_flight(&self) -> usize {
        self.unfinished
    }

    /// Number of entries: the unfinished requests, and the done requests that wait for an earlier one.
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
