use std::sync::OnceLock;

use super::Tick;
use super::slot::Slot;
use crate::mutant;
use crate::sync::{AtomicU32, Mutex, Ordering};

const SEGMENT_LEN: u32 = 4096;
/// In the deadline column: nothing to expire here.
const IDLE: u32 = 0;

/// The slots, in segments that are made when first needed and never move.
///
/// The directory uses the standard `OnceLock` also under the model checker: nothing in its sections is a step there.
pub(super) struct Segments<W, R> {
    directory: Box<[OnceLock<Segment<W, R>>]>,
    /// Slots handed out so far; those beyond have never been used.
    used: AtomicU32,
    max: u32,
}

struct Segment<W, R> {
    /// Beside the slots, so that a sweep reads 4 bytes a slot.
    deadlines: Box<[AtomicU32]>,
    slots: Box<[Mutex<Slot<W, R>>]>,
}

/// One slot and its place in the deadline column.
pub(super) struct Cell<'a, W, R> {
    pub(super) index: u32,
    pub(super) slot: &'a Mutex<Slot<W, R>>,
    pub(super) deadline: Deadline<'a>,
}

/// A slot's entry in the deadline column. Written only under the slot's lock, read by the sweep also without.
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

    /// The slot with this index, if it can have been handed out.
    pub(super) fn get(&self, index: u32) -> Option<Cell<'_, W, R>> {
        let (segment, offset) = position(index);
        self.directory.get(segment)?.get()?.cell(index, offset)
    }

    /// A slot that was never used, while there are any.
    ///
    /// Sequentially consistent with [`used`](Self::used): a closer that does not see this slot has closed the table
    /// before the inserter looks whether it is closed.
    pub(super) fn grow(&self) -> Option<Cell<'_, W, R>> {
        let next = |used: u32| (used < self.max).then(|| used + 1);
        let index = self
            .used
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, next)
            .ok()?;
        let (segment, offset) = position(index);
        self.made(self.directory.get(segment)?, index - index % SEGMENT_LEN)
            .cell(index, offset)
    }

    /// The slots handed out so far.
    pub(super) fn all(&self) -> impl Iterator<Item = Cell<'_, W, R>> {
        self.cells(|_| true)
    }

    /// The slots whose deadline seems to have passed; to be checked again under the lock.
    pub(super) fn due(&self, now: Tick) -> impl Iterator<Item = Cell<'_, W, R>> {
        self.cells(move |deadline| deadline.is_due(now))
    }

    fn cells(
        &self,
        wanted: impl Fn(Deadline<'_>) -> bool + Copy,
    ) -> impl Iterator<Item = Cell<'_, W, R>> {
        let missed = u32::from(mutant!("sweep_misses_last_slot"));
        let used = self.used().saturating_sub(missed);
        let bases = (0..used).step_by(wide(SEGMENT_LEN));
        let made = self
            .directory
            .iter()
            .zip(bases)
            .map(|(segment, base)| (self.made(segment, base), base));
        made.flat_map(move |(segment, base)| segment.cells(base, wanted))
            .take(wide(used))
    }

    /// Makes the segment if its first user has not come that far: whoever looks at all slots must be able to lock them
    /// all, since that lock orders it with the inserter.
    fn made<'a>(&self, segment: &'a OnceLock<Segment<W, R>>, base: u32) -> &'a Segment<W, R> {
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

    fn cell(&self, index: u32, offset: usize) -> Option<Cell<'_, W, R>> {
        Some(Cell {
            index,
            slot: self.slots.get(offset)?,
            deadline: Deadline(self.deadlines.get(offset)?),
        })
    }

    fn cells(
        &self,
        base: u32,
        wanted: impl Fn(Deadline<'_>) -> bool,
    ) -> impl Iterator<Item = Cell<'_, W, R>> {
        self.deadlines
            .iter()
            .zip(&self.slots)
            .zip(base..)
            .filter_map(move |((deadline, slot), index)| {
                let deadline = Deadline(deadline);
                wanted(deadline).then_some(Cell {
                    index,
                    slot,
                    deadline,
                })
            })
    }
}

impl Deadline<'_> {
    pub(super) fn set(self, at: Tick) {
        // A deadline on the idle value moves by a millisecond, to the late side.
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

fn position(index: u32) -> (usize, usize) {
    (wide(index / SEGMENT_LEN), wide(index % SEGMENT_LEN))
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
