//! What was asked on a connection and is not answered yet.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Requests whose answers are awaited. Of a client that has more of them on one connection, the answers to the oldest
/// pass as if nothing were known about them.
const AWAITED: usize = 10_000;

/// Kinds of requests by correlation id, in the order in which they were asked and will be answered.
#[derive(Debug, Default)]
pub(super) struct Asked(Mutex<VecDeque<(i32, i16)>>);

impl Asked {
    pub(super) fn ask(&self, correlation: i32, kind: i16) {
        let mut all = self.all();
        if all.len() >= AWAITED {
            all.pop_front();
        }
        all.push_back((correlation, kind));
    }

    /// What kind of request this is the answer to. What was asked before it wanted no answer.
    pub(super) fn answer(&self, correlation: i32) -> Option<i16> {
        let mut all = self.all();
        let at = all.iter().position(|(id, _)| *id == correlation)?;
        all.drain(..=at).next_back().map(|(_, kind)| kind)
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<(i32, i16)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_of_the_kind_that_was_asked() {
        let asked = Asked::default();
        asked.ask(1, 0);
        asked.ask(2, 7);
        asked.ask(3, 1);
        assert_eq!(asked.answer(2), Some(7), "the first wanted no answer");
        assert_eq!(asked.answer(1), None);
        assert_eq!(asked.answer(3), Some(1));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let asked = Asked::default();
        for correlation in 0..=10_000 {
            asked.ask(correlation, 0);
        }
        assert_eq!(asked.answer(0), None);
        assert_eq!(asked.answer(1), Some(0));
    }
}
