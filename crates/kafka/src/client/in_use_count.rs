//! Counts the calls that use a client, and admits none once it is closed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The highest bit of the state; the others count the calls.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// A count of calls that can be closed: two atomic operations for each call, no lock.
///
/// All changes of `state` are read-modify-write operations on one atomic, so they have one order: a
/// call is either counted before the count is closed, and waited for, or finds it closed and does
/// nothing.
#[derive(Debug, Default)]
pub(crate) struct InUseCount {
    state: AtomicUsize,
    lock: Mutex<()>,
    idle: Condvar,
}

impl InUseCount {
    /// Counts a call in; `false` if the count is closed. Each `true` needs one [`leave`](Self::leave).
    pub(crate) fn enter(&self) -> bool {
        if self.state.fetch_add(1, Ordering::AcqRel) & CLOSED == 0 {
            return true;
        }
        self.leave();
        false
    }

    /// Counts a call in even if the count is closed: for the thread that closed it.
    pub(crate) fn enter_closed(&self) {
        self.state.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts a call out.
    pub(crate) fn leave(&self) {
        if self.state.fetch_sub(1, Ordering::AcqRel) == CLOSED | 1 {
            drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.idle.notify_all();
        }
    }

    /// Admits no more calls.
    pub(crate) fn close(&self) {
        self.state.fetch_or(CLOSED, Ordering::AcqRel);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Waits until no call is left, up to `timeout`; `false` if one is. For a closed count.
    pub(crate) fn wait_idle(&self, timeout: Duration) -> bool {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let (guard, result) = self
            .idle
            .wait_timeout_while(guard, timeout, |()| !self.is_idle())
            .unwrap_or_else(PoisonError::into_inner);
        drop(guard);
        !result.timed_out() || self.is_idle()
    }

    fn is_idle(&self) -> bool {
        self.state.load(Ordering::Acquire) & !CLOSED == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_count_admits_no_call_and_waits_for_those_inside() {
        let gate = InUseCount::default();
        assert!(gate.enter());
        gate.close();
        assert!(!gate.enter());
        assert!(!gate.wait_idle(Duration::from_millis(1)));
        gate.leave();
        assert!(gate.wait_idle(Duration::ZERO));
    }

    #[test]
    fn the_last_visitor_wakes_the_one_who_waits() {
        let gate = InUseCount::default();
        assert!(gate.enter());
        gate.close();
        std::thread::scope(|scope| {
            scope.spawn(|| gate.leave());
            assert!(gate.wait_idle(Duration::from_secs(10)));
        });
    }
}
