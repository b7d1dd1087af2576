//! State that the tasks of one load share: the call, the window, and the counts.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hdrhistogram::Histogram;
use thread_local::ThreadLocal;
use tokio::{task::JoinError, time::sleep};

use crate::{
    call::{Call, Failed, Then, Turn},
    tally::{Tally, Unit},
    window::{Window, nanos},
};

pub(crate) struct Shared<C: Call> {
    pub(crate) call: C,
    pub(crate) window: Arc<Window>,
    pub(crate) limits: Limits,
    pub(crate) late: AtomicU64,
    pub(crate) not_started: AtomicU64,
    /// The first call that panicked in a task of its own.
    pub(crate) panicked: Mutex<Option<JoinError>>,
    unfinished: AtomicU64,
    latencies: Latencies,
    /// One for each thread, so the lock is free except while the counts are added up.
    counts: ThreadLocal<Mutex<Counts<C::Kind>>>,
}

/// Limits of a load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) in_flight: usize,
    /// Most calls of the whole load.
    pub(crate) calls: u64,
    /// How long a place of a closed loop stays empty after some failures.
    pub(crate) pause: Duration,
}

/// How latencies are recorded.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    /// Each histogram is like this one.
    pub(crate) like: Histogram<u64>,
    pub(crate) unit: Unit,
}

struct Counts<Kind> {
    tally: Tally<Kind>,
    /// Calls that succeeded, measured or not.
    succeeded: u64,
}

/// A call that has ended.
pub(crate) struct Ended {
    at: u64,
    /// Whether its place stays empty for a while.
    pub(crate) pause: bool,
}

impl Ended {
    /// When the next call of its place is due.
    pub(crate) fn next_due<C: Call>(&self, shared: &Shared<C>) -> u64 {
        match self.pause {
            true => self.at.saturating_add(nanos(shared.limits.pause)),
            false => self.at,
        }
    }
}

impl<C: Call> Shared<C> {
    pub(crate) fn new(call: C, window: Window, limits: Limits, latencies: Latencies) -> Self {
        Self {
            call,
            window: Arc::new(window),
            limits,
            late: AtomicU64::new(0),
            not_started: AtomicU64::new(0),
            panicked: Mutex::new(None),
            unfinished: AtomicU64::new(0),
            latencies,
            counts: ThreadLocal::new(),
        }
    }

    /// Makes a call that is due, and counts its outcome.
    pub(crate) async fn make(&self, turn: Turn, due: u64) -> Ended {
        let unended = self.begin(due);
        unended.end(self.call.call(turn).await)
    }

    /// Leaves a place empty for a while, if `pause`.
    pub(crate) async fn pause(&self, pause: bool) {
        if pause {
            // In a box: a timer would be the largest part of each future in flight.
            Box::pin(sleep(self.limits.pause)).await;
        }
    }

    /// A call that starts now. `end` counts its outcome.
    pub(crate) fn begin(&self, due: u64) -> Unended<'_, C> {
        Unended { shared: self, due }
    }

    fn count(&self, outcome: Result<(), Failed<C::Kind>>, due: u64, at: u64) -> bool {
        let counts = self.window.counts(due, at);
        match outcome {
            Ok(()) => {
                let mut mine = self.mine();
                mine.succeeded += 1;
                if counts {
                    let took = at.saturating_sub(due);
                    mine.tally.succeeded(self.latencies.unit.of(took));
                }
                false
            }
            Err(failed) => self.count_failed(failed, counts),
        }
    }

    #[cold]
    fn count_failed(&self, failed: Failed<C::Kind>, counts: bool) -> bool {
        if counts {
            self.mine().tally.fail(failed.kind);
        }
        if failed.then == Then::Stop {
            self.window.stop();
        }
        failed.then == Then::Pause
    }

    /// Calls that have succeeded so far, measured or not.
    pub(crate) fn succeeded(&self) -> u64 {
        let all = self.counts.iter();
        all.map(|counts| lock(counts).succeeded).sum()
    }

    /// Takes what was counted, of all threads together.
    pub(crate) fn total(&self) -> Tally<C::Kind> {
        let mut total = Tally::new(&self.latencies.like);
        for counts in &self.counts {
            let empty = Tally::new(&self.latencies.like);
            total.add(mem::replace(&mut lock(counts).tally, empty));
        }
        total.unfinished = self.unfinished.load(Ordering::Relaxed);
        total.late = self.late.load(Ordering::Relaxed);
        total.not_started = self.not_started.load(Ordering::Relaxed);
        total
    }

    fn mine(&self) -> MutexGuard<'_, Counts<C::Kind>> {
        lock(self.counts.get_or(|| {
            Mutex::new(Counts {
                tally: Tally::new(&self.latencies.like),
                succeeded: 0,
            })
        }))
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call in flight. A call that is given up or panics drops it, which counts the call as unfinished.
pub(crate) struct Unended<'a, C: Call> {
    shared: &'a Shared<C>,
    due: u64,
}

impl<C: Call> Unended<'_, C> {
    pub(crate) fn end(self, outcome: Result<(), Failed<C::Kind>>) -> Ended {
        let at = self.shared.window.now();
        let pause = self.shared.count(outcome, self.due, at);
        mem::forget(self);
        Ended { at, pause }
    }
}

impl<C: Call> Drop for Unended<'_, C> {
    fn drop(&mut self) {
        if self.shared.window.counts_unfinished(self.due) {
            self.shared.unfinished.fetch_add(1, Ordering::Relaxed);
        }
    }
}
