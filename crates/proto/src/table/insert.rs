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
        if self.is_closed() {
            return Err(Full {
                waiter,
                limit: Limit::Closed,
            });
        }
        match self.budget.reserve(call.bytes) {
            Ok(entries) => self.open(&self.vacancy(entries), call, waiter),
            Err(limit) => Err(Full { waiter, limit }),
        }
    }

    fn open(
        &self,
        cell: &Cell<'_, W, R>,
        call: NewCall,
        waiter: W,
    ) -> Result<CorrelationId, Full<W>> {
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

    /// A free slot for a place that is reserved; `entries` is the count that includes it.
    ///
    /// Fewer slots are held than places reserved, so one is free or was never used. A pass over the shards can still
    /// miss it when another thread frees one behind the search and takes one ahead of it; that thread got on, and the
    /// next pass is due.
    fn vacancy(&self, entries: u32) -> Cell<'_, W, R> {
        loop {
            let roomy = self.segments.used() >= entries;
            let cell = self
                .known(self.free.take())
                .or_else(|| {
                    if roomy {
                        self.known(self.free.steal())
                    } else {
                        None
                    }
                })
                .or_else(|| self.segments.grow())
                .or_else(|| self.known(self.free.steal()));
            if let Some(cell) = cell {
                return cell;
            }
        }
    }

    fn known(&self, index: Option<u32>) -> Option<Cell<'_, W, R>> {
        index.and_then(|index| self.segments.get(index))
    }
}
