use super::segments::Cell;
use super::slot::{Ended, State};
use super::{Expired, Table, Tick};
use crate::CorrelationId;
use crate::sync::lock;

impl<W, R> Table<W, R> {
    /// Ends every waiting call whose deadline is not after `now`: never early, each once. Returns how many.
    ///
    /// `expire` makes the result, under the slot's lock; `wake` gets the waiter after it. A call that has its reply is
    /// left alone, so handle the replies that have come before a sweep at the same instant.
    pub fn sweep(
        &self,
        now: Tick,
        mut expire: impl FnMut(CorrelationId, &Expired, &mut W) -> R,
        mut wake: impl FnMut(W),
    ) -> usize {
        let expired = self
            .segments
            .due(now)
            .filter_map(|cell| self.expire(&cell, now, &mut expire));
        expired.map(&mut wake).count()
    }

    /// Ends every waiting call, such as when the reply path is lost or, after [`close`](Self::close), at shutdown.
    /// Returns how many.
    ///
    /// On a table that is not closed, a call whose insert overlaps this may stay.
    pub fn fail_all(
        &self,
        mut fail: impl FnMut(CorrelationId, &mut W) -> R,
        mut wake: impl FnMut(W),
    ) -> usize {
        let failed = self
            .segments
            .all()
            .filter_map(|cell| self.end(&cell, |id, _, waiter| fail(id, waiter)));
        failed.map(&mut wake).count()
    }

    fn expire(
        &self,
        cell: &Cell<'_, W, R>,
        now: Tick,
        expire: impl FnOnce(CorrelationId, &Expired, &mut W) -> R,
    ) -> Option<W> {
        self.end_if(cell, |deadline| deadline.is_due(now), expire)
    }

    fn end(
        &self,
        cell: &Cell<'_, W, R>,
        f: impl FnOnce(CorrelationId, &Expired, &mut W) -> R,
    ) -> Option<W> {
        self.end_if(cell, |_| true, f)
    }

    fn end_if(
        &self,
        cell: &Cell<'_, W, R>,
        wanted: impl FnOnce(Tick) -> bool,
        f: impl FnOnce(CorrelationId, &Expired, &mut W) -> R,
    ) -> Option<W> {
        let mut slot = lock(cell.slot);
        // The column is written under this lock only: what it says now is about the call that is in the slot now.
        let deadline = cell.deadline.get().filter(|deadline| wanted(*deadline))?;
        let id = slot.id(self.instance, cell.index);
        let route = slot.route;
        let State::Waiting { created, waiter } = &mut slot.state else {
            return None;
        };
        let result = f(
            id,
            &Expired {
                route,
                created: *created,
                deadline,
            },
            waiter,
        );
        cell.deadline.clear();
        slot.finish(result, Ended::Otherwise)
    }
}
