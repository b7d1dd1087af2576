use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;

use super::Tick;
use super::slot::Slot;
use crate::mutant;
use crate::sync::{AtomicU32, Mutex, MutexGuard, Ordering, lock, thread_local};

const SEGMENT_LEN: u32 = 4096;
/// In the deadline column: no call waits in this slot.
const IDLE: u32 = 0;
/// How many deadlines a sweep checks together, without a branch for each.
const CHUNK: usize = 64;
const SHARDS: usize = 8;

/// The slots, in segments that are made on first use and never move.
///
/// The directory uses the standard `OnceLock` under the model checker too: its sections contain no step to interleave.
pub(super) struct Segments<W, R> {
    directory: Box<[OnceLock<Segment<W, R>>]>,
    /// Number of slots handed out so far; a slot with a higher index was never used.
    used: AtomicU32,
    max: u32,
}

struct Segment<W, R> {
    /// A column beside the slots, so that a sweep reads four bytes per slot.
    deadlines: Box<[AtomicU32]>,
    slots: Box<[Mutex<Slot<W, R>>]>,
}

/// One slot and its entry in the deadline column.
pub(super) struct SlotRef<'a, W, R> {
    pub(super) index: u32,
    slot: &'a Mutex<Slot<W, R>>,
    pub(super) deadline: Deadline<'a>,
}

/// A slot's entry in the deadline column. Written only under the slot's lock; the sweep also reads it without.
#[derive(Clone, Copy)]
pub(super) struct Deadline<'a>(&'a AtomicU32);

impl<W, R> Segments<W, R> {
    pub(super) fn new(max: u32) -> Self {
        let directory = (0..max.div_ceil(SEGMENT_LEN))
            .map(|_| OnceLock::new())
            .collect();
        Self {
            directory,
            used: AtomicU32::new(0),
            max,
        }
    }

    pub(super) fn max(&self) -> u32 {
        self.max
    }

    pub(super) fn used(&self) -> u32 {
        self.used.load(Ordering::SeqCst)
    }

    /// The slot with this index, if its segment exists.
    pub(super) fn get(&self, index: u32) -> Option<SlotRef<'_, W, R>> {
        let (segment, offset) = position(index);
        self.directory.get(segment)?.get()?.slot(index, offset)
    }

    /// Hands out a slot that was never used, while there is one.
    ///
    /// `SeqCst` together with [`used`](Self::used): if `fail_all` after `close` does not count this slot, the insert
    /// that got it reads `closed` later and sees it set.
    pub(super) fn grow(&self) -> Option<SlotRef<'_, W, R>> {
        let next = |used: u32| (used < self.max).then(|| used + 1);
        let index = self
            .used
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, next)
            .ok()?;
        let (segment, offset) = position(index);
        self.get_or_make(self.directory.get(segment)?, index - index % SEGMENT_LEN)
            .slot(index, offset)
    }

    /// The slots handed out so far.
    pub(super) fn all(&self) -> impl Iterator<Item = SlotRef<'_, W, R>> {
        self.slots(|_| true)
    }

    /// The slots whose deadline seems to have passed. The caller checks again under the lock.
    pub(super) fn due(&self, now: Tick) -> impl Iterator<Item = SlotRef<'_, W, R>> {
        self.slots(move |deadline| deadline.is_due(now))
    }

    fn slots(
        &self,
        wanted: impl Fn(Deadline<'_>) -> bool + Copy,
    ) -> impl Iterator<Item = SlotRef<'_, W, R>> {
        let missed = u32::from(mutant!("sweep_misses_last_slot"));
        let used = self.used().saturating_sub(missed);
        let bases = (0..used).step_by(wide(SEGMENT_LEN));
        let segments = self
            .directory
            .iter()
            .zip(bases)
            .map(|(segment, base)| (self.get_or_make(segment, base), base));
        segments.flat_map(move |(segment, base)| segment.slots(base..used, wanted))
    }

    /// The segment, made here if the insert that grew into it has not done so yet. A walk over all slots must be able
    /// to lock each of them: the slot's lock orders the walk with that insert.
    fn get_or_make<'a>(
        &self,
        segment: &'a OnceLock<Segment<W, R>>,
        base: u32,
    ) -> &'a Segment<W, R> {
        segment.get_or_init(|| Segment::new(SEGMENT_LEN.min(self.max - base)))
    }
}

impl<W, R> Segment<W, R> {
    fn new(length: u32) -> Self {
        Self {
            deadlines: (0..length).map(|_| AtomicU32::new(IDLE)).collect(),
            slots: (0..length).map(|_| Mutex::new(Slot::new())).collect(),
        }
    }

    fn slot(&self, index: u32, offset: usize) -> Option<SlotRef<'_, W, R>> {
        Some(SlotRef {
            index,
            slot: self.slots.get(offset)?,
            deadline: Deadline(self.deadlines.get(offset)?),
        })
    }

    /// The wanted slots with these indices, which start at the segment's first slot and may end beyond its last.
    fn slots(
        &self,
        indices: Range<u32>,
        wanted: impl Fn(Deadline<'_>) -> bool + Copy,
    ) -> impl Iterator<Item = SlotRef<'_, W, R>> {
        let Range { start, end } = indices;
        let columns = self.deadlines.chunks(CHUNK).zip(self.slots.chunks(CHUNK));
        columns
            .zip((start..end).step_by(CHUNK))
            .filter(move |((deadlines, _), _)| any(deadlines, wanted))
            .flat_map(move |((deadlines, slots), first)| {
                let columns = deadlines.iter().map(Deadline).zip(slots);
                columns
                    .zip(first..end)
                    .filter(move |((deadline, _), _)| wanted(*deadline))
                    .map(|((deadline, slot), index)| SlotRef {
                        index,
                        slot,
                        deadline,
                    })
            })
    }
}

/// Whether any of these deadlines is wanted. Reads all of them: without an early end the loop has no branch to miss.
fn any(deadlines: &[AtomicU32], wanted: impl Fn(Deadline<'_>) -> bool) -> bool {
    let or = |any, deadline| any | wanted(Deadline(deadline));
    deadlines.iter().fold(false, or)
}

impl<'a, W, R> SlotRef<'a, W, R> {
    pub(super) fn lock(&self) -> MutexGuard<'a, Slot<W, R>> {
        lock(self.slot)
    }
}

impl Deadline<'_> {
    pub(super) fn set(self, at: Tick) {
        // A deadline equal to the idle value becomes one millisecond later.
        let value = if at.as_millis() == IDLE {
            IDLE + 1
        } else {
            at.as_millis()
        };
        self.0.store(value, Ordering::Relaxed);
    }

    pub(super) fn clear(self) {
        self.0.store(IDLE, Ordering::Relaxed);
    }

    /// The deadline of the waiting call, if there is one.
    pub(super) fn get(self) -> Option<Tick> {
        let value = self.0.load(Ordering::Relaxed);
        (value != IDLE).then(|| Tick::from_millis(u64::from(value)))
    }

    pub(super) fn is_due(self, now: Tick) -> bool {
        self.get().is_some_and(|at| at.is_due(now))
    }
}

/// Indices of free slots that were used before, in shards so that threads rarely contend.
#[derive(Debug, Default)]
pub(super) struct FreeList {
    shards: [Shard; SHARDS],
}

/// Aligned to two cache lines, because processors fetch lines in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<Vec<u32>>);

impl FreeList {
    pub(super) fn put(&self, index: u32) {
        if let Some(shard) = self.shards.get(own_shard()) {
            lock(&shard.0).push(index);
        }
    }

    /// Takes from the thread's own shard.
    pub(super) fn take(&self) -> Option<u32> {
        self.shards
            .get(own_shard())
            .and_then(|shard| lock(&shard.0).pop())
    }

    /// Takes from any shard, the thread's own last.
    pub(super) fn steal(&self) -> Option<u32> {
        self.shards
            .iter()
            .cycle()
            .skip(own_shard() + 1)
            .take(SHARDS)
            .find_map(|shard| lock(&shard.0).pop())
    }
}

/// The shard of this thread. Threads get their shards in turn.
fn own_shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
    }
    // A thread that ends may drop a call after its thread-locals are gone.
    OWN.try_with(|own| *own).unwrap_or(0)
}

/// Segment of a slot, and offset in it.
fn position(index: u32) -> (usize, usize) {
    (wide(index / SEGMENT_LEN), wide(index % SEGMENT_LEN))
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
