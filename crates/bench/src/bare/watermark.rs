use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How far each partition may be committed: everything before that is answered.
pub(super) struct Watermarks(Vec<Mutex<Watermark>>);

/// Requests are begun in the order of their offsets, and answered in any.
#[derive(Default)]
struct Watermark {
    /// Offset, and whether it is answered; from the oldest that is not.
    begun: VecDeque<(i64, bool)>,
    /// The number of the first of them.
    first: u64,
    next: Option<i64>,
}

/// A token is the partition and the number that its request has there.
const NUMBER_BITS: u32 = 48;

impl Watermarks {
    pub(super) fn new(partitions: i32) -> Self {
        Self((0..partitions).map(|_| Mutex::default()).collect())
    }

    /// The token that says later that this request is answered.
    pub(super) fn begin(&self, partition: i32, offset: i64) -> u64 {
        let partition = usize::try_from(partition).unwrap_or_default();
        let number = lock(&self.0[partition]).begin(offset);
        (partition as u64) << NUMBER_BITS | number
    }

    /// One lock for each run of answers of one partition.
    pub(super) fn answered(&self, tokens: &[u64]) {
        for run in tokens.chunk_by(|a, b| partition(*a) == partition(*b)) {
            let mut watermark = lock(&self.0[partition(run[0])]);
            for token in run {
                watermark.answered(*token & ((1 << NUMBER_BITS) - 1));
            }
        }
    }

    /// Partitions, and the offsets to commit where they have moved.
    pub(super) fn take(&self) -> Vec<(i32, i64)> {
        let moved = (0..).zip(&self.0);
        moved
            .filter_map(|(partition, one)| Some((partition, lock(one).next.take()?)))
            .collect()
    }
}

impl Watermark {
    fn begin(&mut self, offset: i64) -> u64 {
        self.begun.push_back((offset, false));
        self.first + self.begun.len() as u64 - 1
    }

    fn answered(&mut self, number: u64) {
        let at = number.checked_sub(self.first);
        if let Some(one) = at.and_then(|at| self.begun.get_mut(usize::try_from(at).ok()?)) {
            one.1 = true;
        }
        while let Some((offset, _)) = self.begun.pop_front_if(|(_, answered)| *answered) {
            self.first += 1;
            self.next = Some(offset + 1);
        }
    }
}

fn partition(token: u64) -> usize {
    (token >> NUMBER_BITS) as usize
}

fn lock(one: &Mutex<Watermark>) -> MutexGuard<'_, Watermark> {
    one.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_answered_without_a_gap_is_committed() {
        let all = Watermarks::new(2);
        let tokens = [4, 5, 9].map(|offset| all.begin(1, offset));
        all.answered(&[tokens[1], tokens[2]]);
        assert_eq!(all.take(), []);
        all.answered(&[tokens[0]]);
        assert_eq!(all.take(), [(1, 10)]);
        assert_eq!(all.take(), []);
    }

    #[test]
    fn partitions_are_apart_and_an_answer_counts_once() {
        let all = Watermarks::new(3);
        let [first, third] = [0, 2].map(|partition| all.begin(partition, 7));
        let waiting = all.begin(0, 8);
        all.answered(&[first, third, first]);
        assert_eq!(all.take(), [(0, 8), (2, 8)]);
        all.answered(&[waiting]);
        assert_eq!(all.take(), [(0, 9)]);
    }
}
