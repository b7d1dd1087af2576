//! The pending calls of one requester. The contract is on [`Table`].

mod budget;
mod metadata;
mod segments;
mod slot;
mod tick;
mod types;

use std::fmt;

pub use tick::Tick;
pub use types::{
    Delivery, Expired, Full, Limit, Metadata, NewCall, PendingCall, Step, TableConfig, Taken,
};

use self::budget::Budget;
use self::metadata::MetadataBySlot;
use self::segments::{FreeList, Segments, SlotRef};
use self::slot::{Ended, Lookup, Slot, State, Vacated};
use crate::sync::{AtomicBool, MutexGuard, Ordering};
use crate::{CorrelationId, InstanceId, mutant};

/// The correlation table: the pending calls of one requester, each in a slot that its correlation id names.
///
/// `W` is the waiter of a call (a waker), `R` is its result (a reply or an error).
///
/// # Life of a slot
///
/// ```text
///           insert               one of the four exits
///   free ───────────▶ waiting ──────────────────────────▶ done
///    ▲                   │ cancel                           │ poll, cancel
///    └───────────────────┴──────────────────────────────────┘
/// ```
///
/// The owner of a call puts it in with [`insert`](Self::insert) *before* it sends the request: a reply cannot overtake
/// its own call. A waiting call ends through exactly one of four exits, and that exit alone receives the waiter, once:
///
/// 1. [`handle_reply`](Self::handle_reply): a reply arrived;
/// 2. [`finish`](Self::finish) and [`fail_token`](Self::fail_token): the request was not sent;
/// 3. [`sweep`](Self::sweep): the deadline passed;
/// 4. [`fail_all`](Self::fail_all): the reply path is lost, or the requester shuts down.
///
/// The owner then takes the result with [`poll`](Self::poll), which frees the slot. An owner that gives up calls
/// [`cancel`](Self::cancel), which frees the slot in every state. The generation in the id tells the calls of one slot
/// apart, so a reply to an earlier call never reaches the present call. The salt makes an id hard to guess.
///
/// # Locks and memory orderings
///
/// * Every slot has its own lock, held for one step of the diagram. The lock decides which exit wins. The closures given
///   to the methods run under it: they must be short and must not call the table. Waiters and results leave the table
///   after the lock is released, because to wake or drop them may run foreign code. If a closure panics, the call stays
///   as it was.
/// * No step holds two slot locks. Under a slot lock, `insert` takes the lock of the metadata; the free list is locked
///   on its own.
/// * The deadlines are a column beside the slots. It is written under the slot's lock and read by the sweep without it,
///   `Relaxed`: a hint that the sweep checks again under the lock.
/// * `closed` and the count of slots handed out are `SeqCst`. `insert` reads `closed` under the slot's lock, and
///   `fail_all` locks every slot handed out. So after [`close`](Self::close) each overlapping insert is either refused
///   or ended.
/// * The counts of entries and bytes are one `SeqCst` word. A caller that raises a waiting flag before
///   [`reserve`](Self::reserve) sees the freed room, or the thread that freed it sees the flag.
///
/// # Bounds and costs
///
/// Entries and declared bytes never exceed [`TableConfig`]; a call counts until its slot is free. Slots come in segments
/// of 4,096 that are made on first use, never move, and stay until the table is dropped. A slot repeats a generation
/// after 2^30 calls.
///
/// Every step on one call is O(1) and hashes nothing; only calls with [`Metadata`] pay for a hash map. An insert
/// allocates when it makes a segment, a step that frees a slot when the free list grows. [`sweep`](Self::sweep) reads
/// four bytes per slot handed out and locks the due slots only. [`fail_all`](Self::fail_all) locks all slots handed out.
///
/// # Example
///
/// ```
/// use antiphon_proto::{Delivery, InstanceId, NewCall, Step, Table, TableConfig, Taken, Tick};
///
/// let table = Table::new(TableConfig {
///     instance: InstanceId::new(7),
///     max_entries: 1_000,
///     max_bytes: 1 << 20,
/// });
/// let call = || NewCall { deadline: Tick::from_millis(50), bytes: 10, ..NewCall::default() };
/// let answered = table.insert(call(), "waiter 1").expect("the table has room");
/// let expired = table.insert(call(), "waiter 2").expect("the table has room");
///
/// let delivery = table.handle_reply(answered, |_| Step::Finish("reply"));
/// assert_eq!(delivery, Delivery::Finished("waiter 1"));
/// assert_eq!(table.poll(answered), Taken::Done("reply"));
/// assert_eq!(table.handle_reply(answered, |_| Step::Finish("again")), Delivery::Duplicate);
///
/// table.sweep(Tick::from_millis(50), |_, _, _| "timeout", |waiter| assert_eq!(waiter, "waiter 2"));
/// assert_eq!(table.poll(expired), Taken::Done("timeout"));
/// assert!(table.is_empty());
/// ```
pub struct Table<W, R> {
    instance: InstanceId,
    segments: Segments<W, R>,
    free: FreeList,
    budget: Budget,
    metadata: MetadataBySlot,
    closed: AtomicBool,
}

type Locked<'a, W, R> = (SlotRef<'a, W, R>, MutexGuard<'a, Slot<W, R>>);

/// The table as a whole.
impl<W, R> Table<W, R> {
    /// Makes an empty table.
    pub fn new(config: TableConfig) -> Self {
        let max_entries = config.max_entries.min(budget::MAX_ENTRIES);
        Self {
            instance: config.instance,
            segments: Segments::new(max_entries),
            free: FreeList::default(),
            budget: Budget::new(max_entries, config.max_bytes),
            metadata: MetadataBySlot::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// The instance that the ids of this table carry.
    pub fn instance(&self) -> InstanceId {
        self.instance
    }

    /// Number of calls in the table (waiting, or done and not yet taken) and of reserved places.
    pub fn len(&self) -> usize {
        usize::try_from(self.budget.entries()).unwrap_or(usize::MAX)
    }

    /// Whether [`len`](Self::len) is zero.
    pub fn is_empty(&self) -> bool {
        self.budget.entries() == 0
    }

    /// Bytes that the calls in the table have declared.
    pub fn bytes(&self) -> u64 {
        self.budget.bytes()
    }

    /// Most calls that the table holds.
    pub fn capacity(&self) -> usize {
        usize::try_from(self.segments.max()).unwrap_or(usize::MAX)
    }

    /// Refuses calls from now on. The calls in the table stay; a [`fail_all`](Self::fail_all) after this ends every one
    /// of them, including a call whose insert overlaps this.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Whether the table is closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Up to `limit` waiting calls, for an operator. The list is not a snapshot: the table changes while it is read.
    pub fn pending(&self, limit: usize) -> Vec<PendingCall> {
        let waiting = self
            .segments
            .all()
            .filter(|slot_ref| slot_ref.deadline.get().is_some());
        waiting
            .filter_map(|slot_ref| self.describe(&slot_ref))
            .take(limit)
            .collect()
    }

    fn describe(&self, slot_ref: &SlotRef<'_, W, R>) -> Option<PendingCall> {
        let slot = slot_ref.lock();
        let State::Waiting { created, .. } = slot.state else {
            return None;
        };
        let mut call = PendingCall {
            id: slot.id(self.instance, slot_ref.index),
            route: slot.route,
            created,
            deadline: slot_ref.deadline.get().unwrap_or_default(),
            bytes: slot.bytes(),
            metadata: None,
        };
        let has_metadata = slot.has_metadata();
        drop(slot);
        if has_metadata {
            call.metadata = self.metadata.get(slot_ref.index, call.id.generation());
        }
        Some(call)
    }
}

/// The way in.
impl<W, R> Table<W, R> {
    /// Puts in a call that waits from now on. Send its request after this, not before.
    ///
    /// # Errors
    /// [`Full`] with the waiter and the limit that was reached; the table is unchanged then.
    pub fn insert(&self, call: NewCall, waiter: W) -> Result<CorrelationId, Full<W>> {
        match self.reserve(call.bytes) {
            Ok(()) => self.insert_reserved(call, waiter),
            Err(limit) => Err(Full { waiter, limit }),
        }
    }

    /// Reserves the place of one call that declares this number of bytes. The place counts as a call from now on. Use
    /// it with [`insert_reserved`](Self::insert_reserved), or return it with [`unreserve`](Self::unreserve).
    ///
    /// # Errors
    /// The limit that was reached.
    pub fn reserve(&self, bytes: u32) -> Result<(), Limit> {
        if self.is_closed() {
            return Err(Limit::Closed);
        }
        self.budget.reserve(bytes)
    }

    /// Returns a reserved place that no call uses.
    pub fn unreserve(&self, bytes: u32) {
        self.budget.release(bytes);
    }

    /// Like [`insert`](Self::insert), into a place that was reserved for the bytes that the call declares.
    ///
    /// # Errors
    /// [`Full`] with [`Limit::Closed`]; the place is returned then.
    pub fn insert_reserved(&self, call: NewCall, waiter: W) -> Result<CorrelationId, Full<W>> {
        let slot_ref = self.free_slot();
        let mut slot = slot_ref.lock();
        // Read under the lock: either `fail_all` after `close` finds this call, or this insert sees `closed`.
        if self.is_closed() {
            drop(slot);
            self.free.put(slot_ref.index);
            self.budget.release(call.bytes);
            let limit = Limit::Closed;
            return Err(Full { waiter, limit });
        }
        slot.open(&call, waiter);
        slot_ref.deadline.set(call.deadline);
        if let Some(metadata) = call.metadata {
            self.metadata
                .put(slot_ref.index, slot.generation(), metadata);
        }
        Ok(slot.id(self.instance, slot_ref.index))
    }

    /// A free slot for a reserved place.
    ///
    /// There is one: fewer slots are in use than places are reserved. One search can still miss it, when another thread
    /// frees a slot that the search has passed and takes one that lies ahead. Each miss means that another thread made
    /// progress, so the loop ends.
    fn free_slot(&self) -> SlotRef<'_, W, R> {
        loop {
            let own = self.slot_at(self.free.take());
            if let Some(slot_ref) = own.or_else(|| self.distant_free_slot()) {
                return slot_ref;
            }
        }
    }

    /// Prefers a free slot of another thread to a new one while there are enough of them: memory follows use.
    fn distant_free_slot(&self) -> Option<SlotRef<'_, W, R>> {
        let enough = self.segments.used() >= self.budget.entries();
        let stolen = if enough { self.free.steal() } else { None };
        self.slot_at(stolen)
            .or_else(|| self.segments.grow())
            .or_else(|| self.slot_at(self.free.steal()))
    }

    fn slot_at(&self, index: Option<u32>) -> Option<SlotRef<'_, W, R>> {
        index.and_then(|index| self.segments.get(index))
    }
}

/// The four exits of a waiting call.
impl<W, R> Table<W, R> {
    /// Delivers a reply to the call with this id. `f` runs only while that call waits, and decides whether it ends.
    pub fn handle_reply(
        &self,
        id: CorrelationId,
        f: impl FnOnce(&mut W) -> Step<R>,
    ) -> Delivery<W> {
        if !id.is_ours(self.instance) {
            return Delivery::Foreign;
        }
        let Some(slot_ref) = self.segments.get(id.slot()) else {
            return Delivery::Unknown;
        };
        let mut slot = slot_ref.lock();
        match slot.lookup(id) {
            Lookup::NeverIssued => return Delivery::Unknown,
            Lookup::Older => return Delivery::Late,
            Lookup::Current => {}
        }
        let State::Waiting { waiter, .. } = &mut slot.state else {
            return after_the_end(&slot);
        };
        let Step::Finish(result) = f(waiter) else {
            return Delivery::Kept;
        };
        slot_ref.deadline.clear();
        slot.finish(result, Ended::ByReply)
            .map_or(Delivery::Kept, Delivery::Finished)
    }

    /// Ends a waiting call otherwise than by a reply, for example when its request was not sent. Wake the waiter that
    /// this returns; `None` means that the call does not wait.
    pub fn finish(&self, id: CorrelationId, result: R) -> Option<W> {
        let (slot_ref, mut slot) = self.locked(id)?;
        let waiter = slot.finish(result, Ended::Otherwise)?;
        slot_ref.deadline.clear();
        Some(waiter)
    }

    /// Like [`finish`](Self::finish), for the call that [`CorrelationId::token`] names. Only the sender of the request
    /// gets the token, so it carries no salt.
    pub fn fail_token(&self, token: u64, f: impl FnOnce(&mut W) -> R) -> Option<W> {
        let [high, low] = [token >> 32, token & u64::from(u32::MAX)];
        let slot_ref = self.segments.get(u32::try_from(low).ok()?)?;
        let mut slot = slot_ref.lock();
        if u64::from(slot.generation()) != high && !mutant!("token_by_slot_only") {
            return None;
        }
        let State::Waiting { waiter, .. } = &mut slot.state else {
            return None;
        };
        let result = f(waiter);
        let waiter = slot.finish(result, Ended::Otherwise)?;
        slot_ref.deadline.clear();
        Some(waiter)
    }

    /// Ends every waiting call whose deadline is not after `now`, once and never early. Returns their number.
    ///
    /// `expire` makes the result under the slot's lock; `wake` gets the waiter after it. The sweep skips a call that
    /// has its reply, so handle the replies that have arrived before a sweep at the same instant.
    pub fn sweep(
        &self,
        now: Tick,
        mut expire: impl FnMut(CorrelationId, &Expired, &mut W) -> R,
        mut wake: impl FnMut(W),
    ) -> usize {
        let expired = self.segments.due(now).filter_map(|slot_ref| {
            self.end_if(&slot_ref, |deadline| deadline.is_due(now), &mut expire)
        });
        expired.map(&mut wake).count()
    }

    /// Ends every waiting call: the reply path is lost or, after [`close`](Self::close), the requester shuts down.
    /// Returns their number.
    ///
    /// On a table that is not closed, a call whose insert overlaps this may stay.
    pub fn fail_all(
        &self,
        mut fail: impl FnMut(CorrelationId, &mut W) -> R,
        mut wake: impl FnMut(W),
    ) -> usize {
        let failed = self.segments.all().filter_map(|slot_ref| {
            self.end_if(&slot_ref, |_| true, |id, _, waiter| fail(id, waiter))
        });
        failed.map(&mut wake).count()
    }

    fn end_if(
        &self,
        slot_ref: &SlotRef<'_, W, R>,
        wanted: impl FnOnce(Tick) -> bool,
        f: impl FnOnce(CorrelationId, &Expired, &mut W) -> R,
    ) -> Option<W> {
        let mut slot = slot_ref.lock();
        // The deadline is written under this lock only, so it belongs to the call that is in the slot now.
        let deadline = slot_ref.deadline.get().filter(|at| wanted(*at))?;
        let id = slot.id(self.instance, slot_ref.index);
        let route = slot.route;
        let State::Waiting { created, waiter } = &mut slot.state else {
            return None;
        };
        let expired = Expired {
            route,
            created: *created,
            deadline,
        };
        let result = f(id, &expired, waiter);
        slot_ref.deadline.clear();
        slot.finish(result, Ended::Otherwise)
    }
}

/// What the owner of a call does with it.
impl<W, R> Table<W, R> {
    /// Takes the result of a call that has ended and frees its slot.
    pub fn poll(&self, id: CorrelationId) -> Taken<R> {
        self.poll_with(id, |_| {})
    }

    /// Like [`poll`](Self::poll). While the call waits, `refresh` may replace its waker: under the same lock, so the
    /// call cannot end in between. Move the old waker out instead of dropping it there: a drop may run foreign code.
    pub fn poll_with(&self, id: CorrelationId, refresh: impl FnOnce(&mut W)) -> Taken<R> {
        let Some((slot_ref, mut slot)) = self.locked(id) else {
            return Taken::Gone;
        };
        if let State::Waiting { waiter, .. } = &mut slot.state {
            refresh(waiter);
            return Taken::Waiting;
        }
        let Some(vacated) = slot.vacate() else {
            return Taken::Gone;
        };
        drop(slot);
        self.release(slot_ref.index, &vacated);
        match vacated.state {
            State::Done(result) => Taken::Done(result),
            State::Free | State::Waiting { .. } => Taken::Gone,
        }
    }

    /// Runs `f` on the waiter of a call that still waits.
    pub fn with_waiter<T>(&self, id: CorrelationId, f: impl FnOnce(&mut W) -> T) -> Option<T> {
        let (_, mut slot) = self.locked(id)?;
        match &mut slot.state {
            State::Waiting { waiter, .. } => Some(f(waiter)),
            State::Free | State::Done(_) => None,
        }
    }

    /// Frees the slot of a call that its owner gives up. `None`: the call was not in the table. `Some(Some(_))`: the
    /// call had ended, with this result.
    pub fn cancel(&self, id: CorrelationId) -> Option<Option<R>> {
        let (slot_ref, mut slot) = self.locked(id)?;
        let vacated = slot.vacate()?;
        slot_ref.deadline.clear();
        drop(slot);
        self.release(slot_ref.index, &vacated);
        match vacated.state {
            State::Done(result) => Some(Some(result)),
            State::Free | State::Waiting { .. } => Some(None),
        }
    }

    /// The slot that this id names, locked, if it holds the call with this id or held it last.
    fn locked(&self, id: CorrelationId) -> Option<Locked<'_, W, R>> {
        if !id.is_ours(self.instance) {
            return None;
        }
        let slot_ref = self.segments.get(id.slot())?;
        let slot = slot_ref.lock();
        (slot.lookup(id) == Lookup::Current).then_some((slot_ref, slot))
    }

    /// Returns what a call held. The slot becomes free before the counts go down, so every reserved place has a slot.
    fn release(&self, index: u32, vacated: &Vacated<W, R>) {
        if vacated.has_metadata {
            self.metadata.remove(index);
        }
        self.free.put(index);
        self.budget.release(vacated.bytes);
    }
}

/// Outcome of a reply to a call that has ended: a second reply is a duplicate, any other is late.
fn after_the_end<W, R>(slot: &Slot<W, R>) -> Delivery<W> {
    if slot.ended() == Ended::ByReply {
        Delivery::Duplicate
    } else {
        Delivery::Late
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
