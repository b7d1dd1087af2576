//! The replies that are to be sent again, by the time when they are due.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// One queue with one timer, however many replies fail at once.
///
/// It holds each unacknowledged reply at most once, so `max_unacknowledged` bounds it.
#[derive(Debug, Default)]
pub(crate) struct ResendQueue {
    state: Mutex<State>,
    /// The first entry has changed, or the queue has stopped.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Time and token. Replies that are due at the same time come in the order of their tokens, so
    /// that a run in paused time repeats itself.
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    stopped: bool,
}

enum Next {
    Now(u64),
    At(Instant),
    Never,
    Stopped,
}

impl ResendQueue {
    /// Adds a reply; false when the queue has stopped.
    #[must_use]
    pub(crate) fn push(&self, at: Instant, token: u64) -> bool {
        let mut state = self.state();
        if state.stopped {
            return false;
        }
        let entry = Reverse((at, token));
        let is_first = state.due.peek().is_none_or(|first| entry > *first);
        state.due.push(entry);
        drop(state);
        if is_first {
            self.changed.notify_one();
        }
        true
    }

    /// The next reply that is due, waited for; `None` when the queue has stopped. For one task only.
    ///
    /// # Cancel safety
    /// A reply is taken when it is returned, so dropping the future loses none.
    pub(crate) async fn next(&self) -> Option<u64> {
        loop {
            match self.look() {
                Next::Now(token) => return Some(token),
                Next::Stopped => return None,
                Next::Never => self.changed.notified().await,
                Next::At(due) => {
                    tokio::select! {
                        () = sleep_until(due) => {}
                        () = self.changed.notified() => {}
                    }
                }
            }
        }
    }

    /// Takes no more replies; returns those that were queued.
    pub(crate) fn stop(&self) -> Vec<u64> {
        let mut state = self.state();
        state.stopped = true;
        let due = std::mem::take(&mut state.due);
        drop(state);
        self.changed.notify_one();
        let mut tokens: Vec<_> = due.into_iter().map(|Reverse((_, token))| token).collect();
        tokens.sort_unstable();
        tokens
    }

    fn look(&self) -> Next {
        let mut state = self.state();
        if state.stopped {
            return Next::Stopped;
        }
        match state.due.peek() {
            None => Next::Never,
            Some(Reverse((at, _))) if *at > Instant::now() => Next::At(*at),
            Some(_) => match state.due.pop() {
                Some(Reverse((_, token))) => Next::Now(token),
                None => Next::Never,
            },
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn replies_come_when_they_are_due_and_in_order() {
        let queue = ResendQueue::default();
        let begun = Instant::now();
        let after = |ms| begun + Duration::from_millis(ms);
        for (at, token) in [(after(200), 1), (after(100), 3), (after(100), 2)] {
            assert!(queue.push(at, token));
        }
        let mut seen = Vec::new();
        for _ in 0..3 {
            let token = queue.next().await.unwrap();
            seen.push((token, begun.elapsed().as_millis()));
        }
        assert_eq!(seen, [(2, 100), (3, 100), (1, 200)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reply_that_is_due_earlier_than_the_first_wakes_the_queue() {
        let queue = ResendQueue::default();
        let begun = Instant::now();
        assert!(queue.push(begun + Duration::from_secs(10), 1));
        let (next, ()) = tokio::join!(queue.next(), async {
            assert!(queue.push(begun + Duration::from_secs(1), 2));
        });
        assert_eq!((next, begun.elapsed()), (Some(2), Duration::from_secs(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stopped_queue_hands_out_what_it_held_and_takes_no_more() {
        let queue = ResendQueue::default();
        let at = Instant::now() + Duration::from_secs(10);
        assert!(queue.push(at, 2));
        assert!(queue.push(at, 1));
        let (next, held) = tokio::join!(queue.next(), async { queue.stop() });
        assert_eq!((next, held), (None, vec![1, 2]));
        assert!(!queue.push(at, 3));
    }
}
