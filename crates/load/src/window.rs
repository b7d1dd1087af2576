//! When calls are made, and which of them count.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Which instant of a call has to lie in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counted {
    /// When it was due. Calls in flight at the end are waited for, or reported as unfinished.
    #[default]
    Due,
    /// When it ended. Nothing has to be waited for at the end.
    Ended,
}

/// The time of a load: warm-up, then what counts, from [`from`](Self::from) to [`end`](Self::end).
#[derive(Debug)]
pub struct Window {
    begun: Instant,
    /// Nanoseconds since the begin; `NEVER` while it is not known.
    from: AtomicU64,
    end: AtomicU64,
    /// The end that was planned.
    until: Option<Instant>,
    counted: Counted,
    stopped: CancellationToken,
}

const NEVER: u64 = u64::MAX;

impl Window {
    /// A window whose times are known. Calls count by when they are due.
    pub fn new(begun: Instant, warmup: Duration, duration: Duration) -> Self {
        Self::planned(begun, warmup, Some(duration), Counted::Due)
    }

    /// Without a duration, [`open`](Self::open) and [`stop`](Self::stop) set its bounds.
    pub(crate) fn planned(
        begun: Instant,
        warmup: Duration,
        duration: Option<Duration>,
        counted: Counted,
    ) -> Self {
        let (from, end) = match duration {
            Some(duration) => (nanos(warmup), nanos(warmup.saturating_add(duration))),
            None => (NEVER, NEVER),
        };
        Self {
            begun,
            from: AtomicU64::new(from),
            end: AtomicU64::new(end),
            until: duration.and_then(|duration| begun.checked_add(warmup.saturating_add(duration))),
            counted,
            stopped: CancellationToken::new(),
        }
    }

    /// When the first call was due.
    pub fn begun(&self) -> Instant {
        self.begun
    }

    /// Start of the measurement; `None` while that is not known.
    pub fn from(&self) -> Option<Instant> {
        known(&self.from).and_then(|from| self.instant(from))
    }

    /// End of the load; `None` while that is not known.
    pub fn end(&self) -> Option<Instant> {
        known(&self.end).and_then(|end| self.instant(end))
    }

    /// Length of the measurement: the planned one, or until a stop or now.
    pub fn measured(&self) -> Duration {
        let end = self.end().unwrap_or_else(Instant::now);
        self.from()
            .map_or(Duration::ZERO, |from| end.saturating_duration_since(from))
    }

    /// Whether no more calls are made.
    pub fn is_over(&self) -> bool {
        self.is_over_at(self.now())
    }

    /// Calls count from now on.
    pub fn open(&self) {
        self.from.fetch_min(self.now(), Ordering::Relaxed);
    }

    /// Ends it now, unless it is over.
    pub fn stop(&self) {
        self.end.fetch_min(self.now(), Ordering::Relaxed);
        // After the end is set: a loop that this wakes reads the end.
        self.stopped.cancel();
    }

    /// Whether [`stop`](Self::stop) was called.
    pub fn is_stopped(&self) -> bool {
        self.stopped.is_cancelled()
    }

    /// Waits until [`stop`](Self::stop) is called.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }

    /// Waits until no more calls are made.
    pub(crate) async fn ended(&self) {
        match self.until {
            None => self.stopped().await,
            Some(until) => tokio::select! {
                biased;
                () = self.stopped() => {}
                () = sleep_until(until) => {}
            },
        }
    }

    /// Nanoseconds since the begin. The loops calculate with these: it costs less than instants.
    pub(crate) fn now(&self) -> u64 {
        nanos(self.begun.elapsed())
    }

    /// An instant after so many nanoseconds; `None` beyond all times.
    pub(crate) fn instant(&self, since_begin: u64) -> Option<Instant> {
        self.begun.checked_add(Duration::from_nanos(since_begin))
    }

    pub(crate) fn is_over_at(&self, now: u64) -> bool {
        now >= self.end.load(Ordering::Relaxed)
    }

    /// Whether a call that has ended counts.
    pub(crate) fn counts(&self, due: u64, ended: u64) -> bool {
        let at = match self.counted {
            Counted::Due => due,
            Counted::Ended => ended,
        };
        at >= self.from.load(Ordering::Relaxed) && !self.is_over_at(at)
    }

    /// Whether a call that will never end would have counted.
    pub(crate) fn counts_unfinished(&self, due: u64) -> bool {
        self.counted == Counted::Ended || self.counts(due, due)
    }

    /// Whether a call was due in a warm-up that is over. It does not count, and would only delay
    /// those that do.
    pub(crate) fn is_left_from_warmup(&self, due: u64, now: u64) -> bool {
        let from = self.from.load(Ordering::Relaxed);
        self.counted == Counted::Due && due < from && now >= from
    }

    pub(crate) fn bounds(&self) -> (Option<u64>, Option<u64>) {
        (known(&self.from), known(&self.end))
    }
}

fn known(nanos: &AtomicU64) -> Option<u64> {
    Some(nanos.load(Ordering::Relaxed)).filter(|nanos| *nanos != NEVER)
}

/// In 64 bits, which is half the work of `as_nanos`.
pub(crate) fn nanos(time: Duration) -> u64 {
    let seconds = time.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(u64::from(time.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn seconds(seconds: u64) -> u64 {
        nanos(Duration::from_secs(seconds))
    }

    #[test]
    fn what_starts_between_warmup_and_end_counts() {
        let window = Window::new(Instant::now(), SECOND, 2 * SECOND);
        let counts = |due| window.counts(seconds(due), seconds(9));
        assert!(!counts(0));
        assert!(counts(1));
        assert!(!counts(3));
        assert!(window.is_over_at(seconds(3)) && !window.is_over_at(0));
        assert_eq!(window.measured(), 2 * SECOND);
    }

    #[test]
    fn a_stop_ends_it_once() {
        let window = Window::new(Instant::now(), Duration::ZERO, 100 * SECOND);
        window.stop();
        let end = window.end();
        window.stop();
        assert_eq!(window.end(), end);
        assert!(window.is_over() && window.measured() < 100 * SECOND);
    }

    #[test]
    fn a_stop_before_the_measurement_leaves_nothing() {
        let window = Window::new(Instant::now(), 100 * SECOND, SECOND);
        window.stop();
        assert_eq!(window.measured(), Duration::ZERO);
        assert!(!window.counts(seconds(100), seconds(100)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_without_a_plan_counts_what_ends_while_it_is_open() {
        let begun = Instant::now();
        let window = Window::planned(begun, Duration::ZERO, None, Counted::Ended);
        let counts = |ended| window.counts(0, seconds(ended));
        assert!(!counts(1) && window.end().is_none());
        tokio::time::advance(2 * SECOND).await;
        window.open();
        assert!(!counts(1) && counts(2));
        tokio::time::advance(SECOND).await;
        window.stop();
        assert!(counts(2) && !counts(3));
        assert_eq!(window.measured(), SECOND);
    }
}
