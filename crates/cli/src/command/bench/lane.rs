//! One task with its share of the requests on the way, and with counts of its own: nothing is
//! shared but a counter for the progress bar.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon::{Executed, Reply, Request, RequestError, RequestErrorKind};
use futures::{StreamExt, stream::FuturesUnordered};
use tokio::sync::{Notify, watch};

use super::{schedule::Schedule, tally::Tally, window::Window};

/// A request that failed at once is not followed by the next one at once.
const PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Lane {
    /// What is sent again and again.
    pub(super) request: Request,
    pub(super) keys: Option<u64>,
    /// Which lane this is, of how many.
    pub(super) number: usize,
    pub(super) count: usize,
    /// How many requests it may have on the way.
    pub(super) share: usize,
    pub(super) window: Arc<Window>,
    /// Told when nobody waits any more.
    pub(super) is_over: watch::Receiver<bool>,
}

/// A call that has ended.
struct Done {
    /// When it was to start.
    due: Instant,
    /// Whether it is measured; decided once, since the window may end sooner than it was to.
    counts: bool,
    answer: Result<Reply, RequestError>,
    ended: Instant,
}

impl Lane {
    /// Each request that ends starts the next.
    pub(super) async fn closed(self, mut tally: Tally) -> Tally {
        let mut is_over = self.is_over.clone();
        let mut given_up = pin!(is_over.wait_for(|over| *over));
        let mut calls = FuturesUnordered::new();
        let mut next = self.number as u64;
        for _ in 0..self.share {
            calls.push(self.start(&mut tally, &mut next, Instant::now(), Duration::ZERO));
        }
        loop {
            tokio::select! {
                biased;
                done = calls.next() => {
                    let Some(done) = done else { break };
                    let pause = pause_after(&done);
                    let due = done.ended + pause;
                    self.take(&mut tally, done);
                    if !self.window.is_over(due) {
                        calls.push(self.start(&mut tally, &mut next, due, pause));
                    }
                }
                _ = &mut given_up => break,
            }
        }
        finish(tally)
    }

    /// Requests start when they are due, if there is a place for them.
    pub(super) async fn open(
        self,
        mut tally: Tally,
        schedule: Schedule,
        tick: Arc<Notify>,
    ) -> Tally {
        let mut is_over = self.is_over.clone();
        let mut given_up = pin!(is_over.wait_for(|over| *over));
        let mut calls = FuturesUnordered::new();
        let mut next = self.number as u64;
        let mut sending = true;
        while sending || !calls.is_empty() {
            if sending {
                let now = Instant::now();
                if now >= self.window.from() {
                    // What the warm-up has left undone is not measured, and would only delay what is.
                    next = schedule.next_from(next, self.count, self.window.from());
                }
                while calls.len() < self.share
                    && let Some(due) = schedule.at(next)
                    && due <= now
                    && due < self.window.end()
                {
                    calls.push(self.start(&mut tally, &mut next, due, Duration::ZERO));
                }
                if self.window.is_over(now) {
                    tally.not_started = self.missed(&schedule, next);
                    sending = false;
                    continue;
                }
            }
            tokio::select! {
                biased;
                Some(done) = calls.next(), if !calls.is_empty() => self.take(&mut tally, done),
                () = tick.notified(), if sending => {}
                _ = &mut given_up => break,
            }
        }
        finish(tally)
    }

    /// Those of this lane, from `next` on, that were to be measured.
    fn missed(&self, schedule: &Schedule, next: u64) -> u64 {
        let next = schedule.next_from(next, self.count, self.window.from());
        schedule.left(next, self.count, self.window.end())
    }

    /// The call of the next request, which begins when it is first polled.
    fn start(
        &self,
        tally: &mut Tally,
        next: &mut u64,
        due: Instant,
        pause: Duration,
    ) -> impl Future<Output = Done> + Send + use<> {
        let counts = self.window.counts(due);
        if counts {
            // A pause belongs to the schedule of a closed loop.
            tally.started(due, Instant::now().max(due));
        }
        let mut request = self.request.clone();
        if let Some(keys) = self.keys {
            request = request.key((*next % keys).to_string());
        }
        *next += self.count as u64;
        async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let answer = request.send().await;
            Done {
                due,
                counts,
                answer,
                ended: Instant::now(),
            }
        }
    }

    fn take(&self, tally: &mut Tally, done: Done) {
        match done.answer {
            Ok(_) => {
                self.window.replied();
                if done.counts {
                    tally.replied(done.ended.saturating_duration_since(done.due));
                }
            }
            Err(error) => {
                if done.counts {
                    tally.failed(error.kind().as_str(), error.executed());
                }
                if is_hopeless(error.kind()) {
                    tally.hopeless.get_or_insert(error);
                    self.window.stop();
                }
            }
        }
    }
}

/// What has neither a reply nor an error was given up.
fn finish(mut tally: Tally) -> Tally {
    let failed: u64 = tally
        .errors
        .values()
        .map(super::tally::Certainty::total)
        .sum();
    tally.unfinished = tally
        .requests
        .saturating_sub(tally.latencies.len() + failed);
    tally
}

fn pause_after(done: &Done) -> Duration {
    match &done.answer {
        Err(error) if error.executed() == Executed::No => PAUSE,
        _ => Duration::ZERO,
    }
}

/// Every further request would end in the same way, and at once.
fn is_hopeless(kind: RequestErrorKind) -> bool {
    matches!(
        kind,
        RequestErrorKind::Invalid
            | RequestErrorKind::TooLarge
            | RequestErrorKind::UnknownTopic
            | RequestErrorKind::NotAuthorized
            | RequestErrorKind::Closed
    )
}
