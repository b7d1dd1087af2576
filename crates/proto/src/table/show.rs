use super::segments::Cell;
use super::slot::State;
use super::{PendingCall, Table};
use crate::sync::lock;

impl<W, R> Table<W, R> {
    /// Up to `limit` of the calls that wait, for an operator to look at; not one instant of the whole table.
    pub fn pending(&self, limit: usize) -> Vec<PendingCall> {
        let waiting = self
            .segments
            .all()
            .filter(|cell| cell.deadline.get().is_some());
        waiting
            .filter_map(|cell| self.show(&cell))
            .take(limit)
            .collect()
    }

    fn show(&self, cell: &Cell<'_, W, R>) -> Option<PendingCall> {
        let slot = lock(cell.slot);
        let State::Waiting { created, .. } = slot.state else {
            return None;
        };
        let mut call = PendingCall {
            id: slot.id(self.instance, cell.index),
            route: slot.route,
            created,
            deadline: cell.deadline.get().unwrap_or_default(),
            bytes: slot.bytes(),
            metadata: None,
        };
        let noted = slot.has_metadata();
        drop(slot);
        if noted {
            call.metadata = self.side.get(cell.index, call.id.generation());
        }
        Some(call)
    }
}
