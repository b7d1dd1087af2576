//! The pending calls of one requester.

mod budget;
mod call;
mod exit;
mod free;
mod insert;
mod reply;
mod segments;
mod show;
mod side;
mod slot;
mod sweep;
mod tick;

use std::fmt;

pub use call::{
    Delivery, Expired, Full, Limit, Metadata, NewCall, PendingCall, Step, TableConfig, Taken,
};
pub use tick::Tick;

use self::budget::Budget;
use self::free::FreeList;
use self::segments::{Cell, Segments};
use self::side::SideTable;
use self::slot::{Left, Sight, Slot};
use crate::sync::{AtomicBool, MutexGuard, Ordering, lock};
use crate::{CorrelationId, InstanceId};

/// The correlation table: who waits for which reply.
///
/// `W` is what waits (a waker), `R` is how it ends (a reply or an error). A call goes in with
/// [`insert`](Self::insert), before its request is sent. Exactly one of
/// [`handle_reply`](Self::handle_reply), [`finish`](Self::finish), [`sweep`](Self::sweep) and
/// [`fail_all`](Self::fail_all) ends it and hands out its waiter, once. Its owner then takes the result with
/// [`poll`](Self::poll), which frees the slot; an owner that stops waiting calls [`cancel`](Self::cancel), which frees
/// it whatever the state.
///
/// ```text
///            insert                 reply, finish, sweep, fail_all
///   free ─────────────▶ waiting ───────────────────────────────────▶ done
///    ▲                     │ cancel                                   │ poll, cancel
///    └─────────────────────┴──────────────────────────────────────────┘
/// ```
///
/// Every slot has its own lock, held for one of these steps. The closures given to the methods run under it: they must
/// be short and must not use the table. Waiters and results that leave the table are handed out after it.
pub struct Table<W, R> {
    instance: InstanceId,
    segments: Segments<W, R>,
    free: FreeList,
    budget: Budget,
    side: SideTable,
    closed: AtomicBool,
}

type Locked<'a, W, R> = (Cell<'a, W, R>, MutexGuard<'a, Slot<W, R>>);

impl<W, R> Table<W, R> {
    /// An empty table.
    pub fn new(config: TableConfig) -> Self {
        let max_entries = config.max_entries.min(budget::MOST_ENTRIES);
        Self {
            instance: config.instance,
            segments: Segments::new(max_entries),
            free: FreeList::default(),
            budget: Budget::new(max_entries, config.max_bytes),
            side: SideTable::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// The instance that the ids of this table carry.
    pub fn instance(&self) -> InstanceId {
        self.instance
    }

    /// Calls in the table, waiting or done and not taken, and places that are reserved.
    pub fn len(&self) -> usize {
        usize::try_from(self.budget.entries()).unwrap_or(usize::MAX)
    }

    /// Whether no call is in the table.
    pub fn is_empty(&self) -> bool {
        self.budget.entries() == 0
    }

    /// Bytes that the calls in the table have declared.
    pub fn bytes(&self) -> u64 {
        self.budget.bytes()
    }

    /// Most calls that the table takes.
    pub fn capacity(&self) -> usize {
        usize::try_from(self.segments.max()).unwrap_or(usize::MAX)
    }

    /// Takes no more calls. Those in the table stay; [`fail_all`](Self::fail_all) after this ends every one of them,
    /// also one whose insert was under way.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Whether the table was closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// The slot that an id of ours names, and its lock if the call in it is the one that is meant.
    fn locked(&self, id: CorrelationId) -> Option<Locked<'_, W, R>> {
        if !id.is_ours(self.instance) {
            return None;
        }
        let cell = self.segments.get(id.slot())?;
        let slot = lock(cell.slot);
        (slot.sight(id) == Sight::Current).then_some((cell, slot))
    }

    /// Settles what a call held. The slot goes back before the count, so a counted place always exists.
    fn release(&self, index: u32, left: &Left<W, R>) {
        if left.has_metadata {
            self.side.remove(index);
        }
        self.free.put(index);
        self.budget.release(left.bytes);
    }
}

impl<W, R> fmt::Debug for Table<W, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("instance", &self.instance)
            .field("len", &self.len())
            .field("bytes", &self.bytes())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(antiphon_shuttle)))]
mod tests;
