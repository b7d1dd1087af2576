//! Questions to the brokers about topics: one at a time for each topic, however many callers ask.

use std::{hash::BuildHasher, sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::timeout};

use crate::transport::{Clock, TransportError, TransportErrorKind};

/// Topics are spread over this many locks. Topics that share one wait for each other.
const SLOTS: usize = 64;

/// Shares one answer among the callers that wait for it.
#[derive(Debug)]
pub(crate) struct Lookups {
    slots: [Mutex<Option<Asked>>; SLOTS],
    /// Not seeded at random: a simulation has to repeat which topics share a lock.
    hasher: foldhash::fast::FixedState,
}

/// The last question of a slot, for the callers that were waiting when it was asked.
#[derive(Debug)]
struct Asked {
    topic: Arc<str>,
    at: Duration,
    answer: Answer,
}

/// The number of partitions, if the topic exists.
pub(crate) type Answer = Result<Option<u32>, TransportError>;

impl Default for Lookups {
    fn default() -> Self {
        Self {
            slots: std::array::from_fn(|_| Mutex::default()),
            hasher: foldhash::fast::FixedState::default(),
        }
    }
}

impl Lookups {
    /// Asks the brokers by `ask`, which gets the time that is left, or returns the answer that
    /// another caller got meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the future lets the next caller ask.
    pub(crate) async fn partitions<F: Future<Output = Answer>>(
        &self,
        clock: &dyn Clock,
        topic: &str,
        deadline: Duration,
        ask: impl FnOnce(Duration) -> F,
    ) -> Answer {
        let came = clock.elapsed();
        let left = deadline.saturating_sub(came);
        let answer = async {
            let slot = self.hasher.hash_one(topic) % SLOTS as u64;
            let slot = self.slots.get(usize::try_from(slot).unwrap_or(0));
            let mut last = slot.ok_or_else(no_answer)?.lock().await;
            if let Some(known) = last.as_ref().and_then(|last| last.answer(topic, came)) {
                return Ok(known);
            }
            let at = clock.elapsed();
            let answer = ask(deadline.saturating_sub(at)).await;
            *last = Some(Asked {
                topic: topic.into(),
                at,
                answer: answer.clone(),
            });
            answer
        };
        timeout(left, answer)
            .await
            .unwrap_or_else(|_| Err(no_answer()))
    }
}

impl Asked {
    /// The answer, for a caller that came before the question: it is as fresh as one of its own. A
    /// failure is not shared, since the caller that asked may have had less time.
    fn answer(&self, topic: &str, came: Duration) -> Option<Option<u32>> {
        let theirs = *self.topic == *topic && self.at > came;
        theirs.then_some(self.answer.as_ref().ok().copied())?
    }
}

fn no_answer() -> TransportError {
    TransportError::new(
        TransportErrorKind::TimedOut,
        "no answer about the topic before the deadline",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::transport::SystemClock;

    #[tokio::test]
    async fn callers_that_wait_for_one_topic_share_one_answer() {
        let (lookups, clock) = (Lookups::default(), SystemClock::default());
        let asked = AtomicU32::new(0);
        let deadline = clock.elapsed() + Duration::from_secs(60);
        let calls = (0..1_000).map(|_| {
            lookups.partitions(&clock, "orders", deadline, |_| async {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(Some(8))
            })
        });
        let answers = futures::future::join_all(calls).await;
        assert!(answers.into_iter().all(|answer| answer.unwrap() == Some(8)));
        // The first asks before the last has come; the one after it asks for all the others.
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_failure_is_not_shared_and_a_later_caller_asks_again() {
        let (lookups, clock) = (Lookups::default(), SystemClock::default());
        let deadline = clock.elapsed() + Duration::from_secs(60);
        let failing = lookups.partitions(&clock, "orders", deadline, |_| async {
            tokio::task::yield_now().await;
            Err(no_answer())
        });
        let second = lookups.partitions(&clock, "orders", deadline, |_| async { Ok(None) });
        let (first, second) = tokio::join!(failing, second);
        assert!(first.is_err());
        assert_eq!(second.unwrap(), None);
        let third = lookups.partitions(&clock, "orders", deadline, |_| async { Ok(Some(1)) });
        assert_eq!(third.await.unwrap(), Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_gives_up_at_its_own_deadline() {
        let (lookups, clock) = (Lookups::default(), SystemClock::default());
        let now = clock.elapsed();
        let slow = lookups.partitions(&clock, "orders", now + Duration::from_secs(60), |_| {
            std::future::pending()
        });
        let hasty = lookups.partitions(&clock, "orders", now + Duration::from_secs(1), |_| async {
            Ok(Some(1))
        });
        tokio::pin!(slow);
        assert!(futures::poll!(slow.as_mut()).is_pending());
        let error = hasty.await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::TimedOut);
    }
}
