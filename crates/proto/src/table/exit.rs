use super::slot::State;
use super::{Table, Taken};
use crate::CorrelationId;

impl<W, R> Table<W, R> {
    /// Takes the result of a call that has ended, which frees its slot.
    pub fn poll(&self, id: CorrelationId) -> Taken<R> {
        self.poll_with(id, |_| {})
    }

    /// As [`poll`](Self::poll); if the call still waits, `refresh` may replace its waker, in the same step, so that no
    /// end can slip in between. Move the old waker out rather than drop it there: a drop may run foreign code.
    pub fn poll_with(&self, id: CorrelationId, refresh: impl FnOnce(&mut W)) -> Taken<R> {
        let Some((cell, mut slot)) = self.locked(id) else {
            return Taken::Gone;
        };
        if let State::Waiting { waiter, .. } = &mut slot.state {
            refresh(waiter);
            return Taken::Waiting;
        }
        let Some(left) = slot.vacate() else {
            return Taken::Gone;
        };
        drop(slot);
        self.release(cell.index, &left);
        match left.state {
            State::Done(result) => Taken::Done(result),
            State::Free | State::Waiting { .. } => Taken::Gone,
        }
    }

    /// Looks at the waiter of a call, if it still waits.
    pub fn with_waiter<T>(&self, id: CorrelationId, f: impl FnOnce(&mut W) -> T) -> Option<T> {
        let (_, mut slot) = self.locked(id)?;
        match &mut slot.state {
            State::Waiting { waiter, .. } => Some(f(waiter)),
            State::Free | State::Done(_) => None,
        }
    }

    /// Frees the slot of a call whose owner no longer waits. `None` if it was gone; `Some(Some(_))` is a result that
    /// nobody took.
    pub fn cancel(&self, id: CorrelationId) -> Option<Option<R>> {
        let (cell, mut slot) = self.locked(id)?;
        let left = slot.vacate()?;
        cell.deadline.clear();
        drop(slot);
        self.release(cell.index, &left);
        match left.state {
            State::Done(result) => Some(Some(result)),
            State::Free | State::Waiting { .. } => Some(None),
        }
    }
}
