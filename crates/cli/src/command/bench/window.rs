//! When requests are sent, and which of them are measured.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// The time of a run. A request is measured if it was to start between [`from`](Self::from) and
/// [`end`](Self::end), whenever it ends.
#[derive(Debug)]
pub(super) struct Window {
    begun: Instant,
    from: Instant,
    until: Instant,
    stopped: OnceLock<Instant>,
    news: Notify,
    /// Replies so far, for the progress bar.
    replies: AtomicU64,
}

impl Window {
    pub(super) fn new(begun: Instant, warmup: Duration, duration: Duration) -> Self {
        Self {
            begun,
            from: begun + warmup,
            until: begun + warmup + duration,
            stopped: OnceLock::new(),
            news: Notify::new(),
            replies: AtomicU64::new(0),
        }
    }

    /// When the first request is sent.
    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    /// When the measurement begins.
    pub(super) fn from(&self) -> Instant {
        self.from
    }

    /// When it is to end.
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// When it ends or has ended.
    pub(super) fn end(&self) -> Instant {
        self.stopped
            .get()
            .map_or(self.until, |stopped| self.until.min(*stopped))
    }

    /// How long was measured.
    pub(super) fn measured(&self) -> Duration {
        self.end().saturating_duration_since(self.from)
    }

    /// Whether a request of this time is measured.
    pub(super) fn counts(&self, start: Instant) -> bool {
        start >= self.from && start < self.end()
    }

    /// Whether no more requests are sent.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        now >= self.end()
    }

    /// Ends it early.
    pub(super) fn stop(&self) {
        self.stopped.get_or_init(Instant::now);
        self.news.notify_one();
    }

    /// Whether it was ended early.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.get().is_some()
    }

    /// Waits until it is ended early.
    pub(super) async fn stopped(&self) {
        while !self.is_stopped() {
            self.news.notified().await;
        }
    }

    pub(super) fn replied(&self) {
        self.replies.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn replies(&self) -> u64 {
        self.replies.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_starts_between_warmup_and_end_counts() {
        let begun = Instant::now() + 100 * SECOND;
        let window = Window::new(begun, SECOND, 2 * SECOND);
        assert!(!window.counts(begun));
        assert!(window.counts(begun + SECOND));
        assert!(!window.counts(begun + 3 * SECOND));
        assert!(window.is_over(begun + 3 * SECOND) && !window.is_over(begun));
        assert_eq!(window.measured(), 2 * SECOND);
    }

    #[test]
    fn a_stop_ends_it_once() {
        let window = Window::new(Instant::now(), Duration::ZERO, 100 * SECOND);
        window.stop();
        let end = window.end();
        window.stop();
        assert_eq!(window.end(), end);
        assert!(window.is_over(Instant::now()) && window.measured() < 100 * SECOND);
    }

    #[test]
    fn a_stop_before_the_measurement_leaves_nothing() {
        let window = Window::new(Instant::now(), 100 * SECOND, SECOND);
        window.stop();
        assert_eq!(window.measured(), Duration::ZERO);
        assert!(!window.counts(window.from()));
    }
}
