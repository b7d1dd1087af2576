//! How much a service has in hand, and how much more it may take.

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use antiphon_proto::mutant;

use super::membership::Membership;
use crate::{config::ServiceConfig, notify::Bell, telemetry::metrics::ServiceMetrics};

/// Counts handlers and replies under their limits, and wakes what waits for one of them to end.
///
/// The counts, the flag `starved` and the waiters of `progress` are sequentially consistent: either
/// a reader that has raised the flag and found no room is seen by the thread that makes room, or the
/// reader sees that room. The same holds for a waiter of `progress`.
///
/// Every request counts a reference to it; aligned so that those counts have a cache line of their
/// own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Capacity {
    concurrency: usize,
    max_unacknowledged: usize,
    membership: Arc<Membership>,
    /// Requests that have been admitted and whose handler has not ended.
    running: AtomicUsize,
    /// Replies that have been sent and are not settled.
    unacknowledged: AtomicUsize,
    /// No more requests are admitted.
    draining: AtomicBool,
    /// The reader sleeps until there is room.
    starved: AtomicBool,
    /// Rung when a handler has ended or replies have been settled.
    progress: Bell,
}

impl Capacity {
    pub(crate) fn new(config: &ServiceConfig, membership: &Arc<Membership>) -> Self {
        Self {
            concurrency: config.concurrency as usize,
            max_unacknowledged: config.max_unacknowledged as usize,
            membership: Arc::clone(membership),
            running: AtomicUsize::new(0),
            unacknowledged: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            starved: AtomicBool::new(false),
            progress: Bell::default(),
        }
    }

    /// How many more requests may be admitted now.
    pub(crate) fn room(&self) -> usize {
        if self.is_draining() {
            return 0;
        }
        let running = self.running();
        let mut handlers = self.concurrency.saturating_sub(running);
        if mutant!("concurrency_not_limited") {
            handlers = usize::MAX;
        }
        let unacknowledged = self.unacknowledged().saturating_add(running);
        handlers.min(self.max_unacknowledged.saturating_sub(unacknowledged))
    }

    /// The most replies that may be unacknowledged.
    pub(crate) fn max_unacknowledged(&self) -> usize {
        self.max_unacknowledged
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    pub(crate) fn unacknowledged(&self) -> usize {
        self.unacknowledged.load(Ordering::SeqCst)
    }

    /// Requests that run, and replies that are not settled.
    pub(crate) fn in_hand(&self) -> usize {
        // In this order: a request that ends in between is counted twice, not missed.
        let running = self.running();
        if mutant!("drain_before_acknowledged") {
            return running;
        }
        running + self.unacknowledged()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Admits no more requests.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Says whether the reader sleeps until there is room.
    pub(crate) fn set_starved(&self, starved: bool) {
        self.starved.store(starved, Ordering::SeqCst);
    }

    pub(crate) fn reply_sent(&self) {
        self.unacknowledged.fetch_add(1, Ordering::SeqCst);
    }

    /// The caller calls [`progressed`](Self::progressed) next.
    pub(crate) fn replies_settled(&self, replies: usize) {
        self.unacknowledged.fetch_sub(replies, Ordering::SeqCst);
    }

    /// A handler has ended, or replies have been settled: wakes what waits for that.
    pub(crate) fn progressed(&self) {
        if self.starved.load(Ordering::SeqCst)
            && self.room() > 0
            && self.starved.swap(false, Ordering::SeqCst)
            && let Some(subscription) = self.membership.subscription()
        {
            subscription.resume();
        }
        self.progress.ring();
    }

    /// Whether anything waits for progress.
    pub(crate) fn is_awaited(&self) -> bool {
        self.starved.load(Ordering::SeqCst) || self.progress.is_awaited()
    }

    /// Resolves when `holds` does; checks after each progress.
    pub(crate) async fn until(&self, holds: impl Fn() -> bool) {
        self.progress.until(holds).await;
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    pub(crate) fn update_gauges(&self, metrics: &ServiceMetrics) {
        metrics.running.set(self.running() as f64);
        metrics.unacknowledged.set(self.unacknowledged() as f64);
    }
}

/// One of the handlers that may run at once; dropping it lets the next one run.
#[derive(Debug)]
pub(crate) struct HandlerPermit<C: Deref<Target = Capacity>>(C);

impl<C: Deref<Target = Capacity>> HandlerPermit<C> {
    pub(crate) fn take(capacity: C) -> Self {
        capacity.running.fetch_add(1, Ordering::SeqCst);
        Self(capacity)
    }
}

impl<C: Deref<Target = Capacity>> Drop for HandlerPermit<C> {
    fn drop(&mut self) {
        if mutant!("ended_handler_keeps_place") {
            return;
        }
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.progressed();
    }
}
