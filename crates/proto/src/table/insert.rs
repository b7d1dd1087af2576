use super::segments::Cell;
use super::{Full, Limit, NewCall, Table};
use crate::CorrelationId;
use crate::sync::lock;

impl<W, R> Table<W, R> {
    /// Takes in a call that waits from now on; its request may be sent after this, not before.
    ///
    /// # Errors
    /// [`Full`] with the waiter and the limit that was reached; nothing is kept then.
    pub fn insert(&self, call: NewCall, waiter: W) -> Result<CorrelationId, Full<W>> {
        match self.reserve(call.bytes) {
            Ok(()) => self.insert_reserved(call, waiter),
            Err(limit) => Err(Full { waiter, limit }),
        }
    }

    /// Holds the place of one call that declares so many bytes. It counts as a call from now on. Give it to
    /// [`insert_reserved`](Self::insert_reserved), or back with [`unreserve`](Self::unreserve).
    ///
    /// # Errors
    /// The limit that was reached.
    pub fn reserve(&self, bytes: u32) -> Result<(), Limit> {
        if self.is_closed() {
            return Err(Limit::Closed);
        }
        self.budget.reserve(bytes)
    }

    /// Gives a place back that no call was put in.
    pub fn unreserve(&self, bytes: u32) {
        self.budget.release(bytes);
    }

    /// As [`insert`](Self::insert), into a place that was reserved for as many bytes as the call declares.
    ///
    /// # Errors
    /// [`Full`] with [`Limit::Closed`]; the place has been given back then.
    pub fn insert_reserved(&self, call: NewCall, waiter: W) -> Result<CorrelationId, Full<W>> {
        let cell = self.vacancy();
        let mut slot = lock(cell.slot);
        // Under the lock: a closer that fails all calls either finds this one or is seen here.
        if self.is_closed() {
            drop(slot);
            self.free.put(cell.index);
            self.budget.release(call.bytes);
            return Err(Full {
                waiter,
                limit: Limit::Closed,
            });
        }
        slot.open(&call, waiter);
        cell.deadline.set(call.deadline);
        if let Some(metadata) = call.metadata {
            self.side.put(cell.index, slot.generation(), metadata);
        }
        Ok(slot.id(self.instance, cell.index))
    }

    /// A free slot for a place that is reserved.
    ///
    /// Fewer slots are held than places reserved, so one is free or was never used. A pass over the shards can still
    /// miss it when another thread frees one behind the search and takes one ahead of it; that thread got on, and the
    /// next pass is due.
    fn vacancy(&self) -> Cell<'_, W, R> {
        loop {
            let cell = self.known(self.free.take()).or_else(|| self.far_vacancy());
            if let Some(cell) = cell {
                return cell;
            }
        }
    }

    /// Another thread's free slot rather than a new one, while there are enough of them.
    fn far_vacancy(&self) -> Option<Cell<'_, W, R>> {
        let roomy = self.segments.used() >= self.budget.entries();
        let stolen = if roomy { self.free.steal() } else { None };
        self.known(stolen)
            .or_else(|| self.segments.grow())
            .or_else(|| self.known(self.free.steal()))
    }

    fn known(&self, index: Option<u32>) -> Option<Cell<'_, W, R>> {
        index.and_then(|index| self.segments.get(index))
    }
}
