//! Waiting for others to come to an end.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::sync::Notify;

/// Rung often, and seldom waited for: ringing costs a look at a counter then.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Notify,
    waiting: AtomicUsize,
}

impl Bell {
    /// Makes those who wait look again.
    ///
    /// What they look at has to be changed before, under a lock or sequentially consistently: then
    /// either this sees that somebody waits, or they see the change.
    pub(crate) fn ring(&self) {
        if self.is_awaited() {
            self.rung.notify_waiters();
        }
    }

    /// Whether somebody waits. Who says no here and then changes something without ringing has to
    /// make sure that they can find it when they look.
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Resolves when `holds` does; whoever waits is counted before the first look.
    ///
    /// # Cancel safety
    /// Holds nothing; may be dropped and called again.
    pub(crate) async fn until(&self, holds: impl Fn() -> bool) {
        let _counted = Counted::new(&self.waiting);
        until(&self.rung, holds).await;
    }
}

/// One more, until it is dropped.
pub(crate) struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    pub(crate) fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Resolves when `holds` does; looks again whenever `rung` is.
///
/// # Cancel safety
/// Holds nothing; may be dropped and called again.
pub(crate) async fn until(rung: &Notify, holds: impl Fn() -> bool) {
    loop {
        let again = rung.notified();
        tokio::pin!(again);
        // Registered before the look, so that a ring in between is not missed.
        again.as_mut().enable();
        if holds() {
            return;
        }
        again.await;
    }
}

/// What the log's clients get to stop in: what is left, but something when a drain has taken the
/// whole deadline, and an end however long the caller would wait.
pub(crate) fn close_timeout(left: Duration) -> Duration {
    left.clamp(Duration::from_millis(500), Duration::from_secs(60))
}
