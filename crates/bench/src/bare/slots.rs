use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Waker,
};

/// Where replies find the calls that wait for them: one place for each call.
pub(super) struct Slots(Box<[Slot]>);

/// Alone in its cache line: neighbours are used by different threads.
#[derive(Default)]
#[repr(align(64))]
struct Slot(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Empty,
    Waiting(Waker),
    Replied(Vec<u8>),
}

impl Slots {
    pub(super) fn new(count: usize) -> Self {
        Self((0..count).map(|_| Slot::default()).collect())
    }

    pub(super) fn has(&self, at: usize) -> bool {
        at < self.0.len()
    }

    /// A call waits from now on.
    pub(super) fn wait(&self, at: usize, waker: &Waker) {
        *self.state(at) = State::Waiting(waker.clone());
    }

    /// Stores a reply; who is to be woken, if anybody waits.
    pub(super) fn reply(&self, at: usize, value: &[u8]) -> Option<Waker> {
        let value = value.to_vec();
        let mut state = self.state(at);
        match mem::replace(&mut *state, State::Replied(value)) {
            State::Waiting(waker) => Some(waker),
            // Nobody asked, or it is answered: what was there stays.
            other => {
                *state = other;
                None
            }
        }
    }

    /// The reply, and the slot is empty; without one the call goes on waiting.
    pub(super) fn take(&self, at: usize, waker: &Waker) -> Option<Vec<u8>> {
        let mut state = self.state(at);
        if let State::Replied(value) = mem::take(&mut *state) {
            return Some(value);
        }
        *state = State::Waiting(waker.clone());
        None
    }

    fn state(&self, at: usize) -> MutexGuard<'_, State> {
        self.0[at].0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::Arc,
        task::Wake,
        thread::{self, Thread},
        time::{Duration, Instant},
    };

    use super::*;

    const ROUNDS: u32 = 2_000;
    const LIMIT: Duration = Duration::from_secs(30);

    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    #[test]
    fn a_reply_is_taken_once_and_only_by_who_waits() {
        let (slots, nobody) = (Slots::new(2), Waker::noop());
        assert!(slots.has(1) && !slots.has(2));
        assert!(slots.reply(0, b"too early").is_none());
        slots.wait(0, nobody);
        assert!(slots.reply(0, b"first").is_some());
        assert!(slots.reply(0, b"second").is_none());
        assert_eq!(slots.take(0, nobody).as_deref(), Some(&b"first"[..]));
        assert_eq!(slots.take(0, nobody), None);
        assert!(slots.reply(0, b"who looked is waiting").is_some());
    }

    #[test]
    fn each_call_gets_its_own_reply_from_another_thread() {
        let slots = Slots::new(2);
        let until = Instant::now() + LIMIT;
        thread::scope(|scope| {
            for at in 0..2 {
                let slots = &slots;
                scope.spawn(move || call(slots, at, until));
            }
            for round in 0..ROUNDS {
                for at in 0..2 {
                    answer(&slots, at, round, until);
                }
            }
        });
    }

    fn value(at: usize, round: u32) -> Vec<u8> {
        format!("{at} {round}").into_bytes()
    }

    fn call(slots: &Slots, at: usize, until: Instant) {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        for round in 0..ROUNDS {
            slots.wait(at, &waker);
            let reply = loop {
                thread::park_timeout(until.saturating_duration_since(Instant::now()));
                if let Some(reply) = slots.take(at, &waker) {
                    break reply;
                }
                assert!(Instant::now() < until, "no reply to {at} in round {round}");
            };
            assert_eq!(reply, value(at, round));
        }
    }

    fn answer(slots: &Slots, at: usize, round: u32, until: Instant) {
        loop {
            if let Some(waker) = slots.reply(at, &value(at, round)) {
                return waker.wake();
            }
            assert!(Instant::now() < until, "{at} never asked in round {round}");
            thread::yield_now();
        }
    }
}
