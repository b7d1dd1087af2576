//! An open loop: calls start when they are due, whether or not earlier calls have ended.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    call::{Call, Turn},
    in_flight::InFlight,
    schedule::Schedule,
    shared::{Shared, lock},
};

/// Nanoseconds after which a start counts as late.
const LATE: u64 = 1_000_000;

/// How long a blocked thread may overlook a stop.
const LONGEST_SLEEP: Duration = Duration::from_millis(20);

/// The name of a thread that starts calls.
const THREAD: &str = "load-pace";

/// How a loop waits until the next call is due.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    /// By a timer of the runtime.
    Timer,
    /// By blocking the thread. The loop has one of its own.
    Thread,
}

pub(crate) struct Open<C: Call> {
    pub(crate) shared: Arc<Shared<C>>,
    pub(crate) schedule: Schedule,
    pub(crate) wait: Wait,
    /// Cancelled when the calls in flight are to be dropped.
    pub(crate) given_up: CancellationToken,
}

impl<C: Call> Open<C> {
    /// Starts all calls, and waits for their ends until it is given up.
    pub(crate) async fn run(self) {
        let mut calls = InFlight::new(self.shared.limits.in_flight);
        let next = self.start_all(&mut calls).await;
        let missed = self.missed(next);
        self.shared.not_started.store(missed, Ordering::Relaxed);
        tokio::select! {
            biased;
            () = calls.drain() => {}
            () = self.given_up.cancelled() => calls.give_up().await,
        }
        *lock(&self.shared.panicked) = calls.panicked();
    }

    /// Returns the number of the first call that was not started.
    async fn start_all(&self, calls: &mut InFlight) -> u64 {
        let window = &self.shared.window;
        let mut number = 0;
        while number < self.shared.limits.calls {
            let due = self.schedule.at(number);
            if window.is_over_at(due) {
                break;
            }
            let Some(now) = self.until(due, calls).await else {
                break;
            };
            if window.is_left_from_warmup(due, now) {
                number = self.first_counted();
                continue;
            }
            if now.saturating_sub(due) > LATE && window.counts(due, now) {
                self.shared.late.fetch_add(1, Ordering::Relaxed);
            }
            self.start(calls, number, due);
            number += 1;
        }
        number
    }

    fn start(&self, calls: &mut InFlight, number: u64, due: u64) {
        let shared = Arc::clone(&self.shared);
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        let turn = Turn { number, place };
        calls.start(async move {
            shared.make(turn, due).await;
        });
    }

    /// Waits until a call is due and there is room for it; returns the time then, or `None` if the
    /// load ends first.
    async fn until(&self, due: u64, calls: &mut InFlight) -> Option<u64> {
        let mut now = self.until_due(due).await?;
        if calls.is_full() {
            tokio::select! {
                biased;
                () = calls.room() => {}
                () = self.shared.window.ended() => return None,
            }
            now = self.shared.window.now();
        } else {
            calls.room().await;
        }
        Some(now)
    }

    async fn until_due(&self, due: u64) -> Option<u64> {
        let window = &self.shared.window;
        loop {
            let now = window.now();
            if now >= due {
                return Some(now);
            }
            if window.is_over_at(now) {
                return None;
            }
            let left = Duration::from_nanos(due - now);
            match self.wait {
                Wait::Thread => thread::sleep(left.min(LONGEST_SLEEP)),
                Wait::Timer => tokio::select! {
                    biased;
                    () = sleep(left) => {}
                    () = window.ended() => {}
                },
            }
        }
    }

    /// How many calls were to be measured, from `next` on.
    fn missed(&self, next: u64) -> u64 {
        let (_, end) = self.shared.window.bounds();
        let planned = end.map_or(0, |end| {
            self.schedule.before(end).min(self.shared.limits.calls)
        });
        planned.saturating_sub(next.max(self.first_counted()))
    }

    /// The number of the first call that is due after the warm-up.
    fn first_counted(&self) -> u64 {
        let (from, _) = self.shared.window.bounds();
        from.map_or(u64::MAX, |from| self.schedule.before(from))
    }
}

/// Runs a loop on a thread of its own, which starts each call the moment it is due: timers of the
/// runtime are exact to a millisecond only, which would show in every latency.
pub(crate) fn on_a_thread<C: Call>(open: Open<C>) -> io::Result<impl Future<Output = ()> + Send> {
    let runtime = Handle::current();
    let (done, ended) = oneshot::channel();
    let run = move || {
        runtime.block_on(open.run());
        // Fails if the load was dropped.
        let _ = done.send(());
    };
    thread::Builder::new().name(THREAD.to_owned()).spawn(run)?;
    Ok(async {
        // Calls panic in tasks of their own, so the thread always reports.
        let _ = ended.await;
    })
}
