use std::mem;

use super::{NewCall, Tick};
use crate::{CorrelationId, InstanceId, mutant};

const GENERATION_MASK: u32 = (1 << 30) - 1;
const HALF_GENERATIONS: u32 = 1 << 29;
const SALT_MASK: u16 = 0x0fff;

/// One slot of the table, always under its lock: the call that is in it, or the call that was in it last.
#[derive(Debug)]
pub(super) struct Slot<W, R> {
    pub(super) state: State<W, R>,
    mark: Mark,
    pub(super) route: u32,
    bytes: u32,
}

/// State of a slot.
#[derive(Debug)]
pub(super) enum State<W, R> {
    Free,
    /// `created` is here because it fits into the padding after the tag.
    Waiting {
        created: Tick,
        waiter: W,
    },
    Done(R),
}

/// Identifies the call of a slot among all calls of that slot, and remembers how it ended.
#[derive(Clone, Copy, Debug)]
struct Mark {
    generation: u32,
    salt: u16,
    ended: Ended,
    has_metadata: bool,
}

/// How the last call of a slot ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The slot never held a call.
    Never,
    /// The call still waits.
    Open,
    ByReply,
    Otherwise,
}

/// Which call of a slot an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// The call in the slot, or the last call that was in it.
    Current,
    /// An earlier call.
    Older,
    /// No call: the id was never given out.
    NeverIssued,
}

/// What the table has to return after a call has left its slot.
#[derive(Debug)]
pub(super) struct Vacated<W, R> {
    pub(super) state: State<W, R>,
    pub(super) bytes: u32,
    pub(super) has_metadata: bool,
}

impl<W, R> Slot<W, R> {
    pub(super) fn new() -> Self {
        let mark = Mark {
            generation: 0,
            salt: 0,
            ended: Ended::Never,
            has_metadata: false,
        };
        Self {
            state: State::Free,
            mark,
            route: 0,
            bytes: 0,
        }
    }

    /// Puts a call in and starts its generation.
    pub(super) fn open(&mut self, call: &NewCall, waiter: W) {
        self.mark = Mark {
            generation: self.mark.generation.wrapping_add(1) & GENERATION_MASK,
            salt: call.salt & SALT_MASK,
            ended: Ended::Open,
            has_metadata: call.metadata.is_some(),
        };
        if mutant!("ids_repeat") {
            (self.mark.generation, self.mark.salt) = (1, 0);
        }
        self.route = call.route;
        self.bytes = call.bytes;
        self.state = State::Waiting {
            created: call.created,
            waiter,
        };
    }

    pub(super) fn id(&self, instance: InstanceId, slot: u32) -> CorrelationId {
        CorrelationId::compose(instance, self.mark.salt, self.mark.generation, slot)
    }

    pub(super) fn generation(&self) -> u32 {
        self.mark.generation
    }

    pub(super) fn bytes(&self) -> u32 {
        self.bytes
    }

    pub(super) fn has_metadata(&self) -> bool {
        self.mark.has_metadata
    }

    /// How the current call ended; [`Ended::Open`] while it waits.
    pub(super) fn ended(&self) -> Ended {
        self.mark.ended
    }

    pub(super) fn lookup(&self, id: CorrelationId) -> Lookup {
        let behind = self.mark.generation.wrapping_sub(id.generation()) & GENERATION_MASK;
        match behind {
            _ if self.mark.ended == Ended::Never => Lookup::NeverIssued,
            _ if mutant!("id_by_slot_only") => Lookup::Current,
            0 if self.mark.salt == id.salt() || mutant!("salt_not_compared") => Lookup::Current,
            0 => Lookup::NeverIssued,
            1..HALF_GENERATIONS => Lookup::Older,
            _ => Lookup::NeverIssued,
        }
    }

    /// Ends the waiting call with `result`. Wake the waiter after the lock is released.
    pub(super) fn finish(&mut self, result: R, ended: Ended) -> Option<W> {
        if !matches!(self.state, State::Waiting { .. }) {
            return None;
        }
        self.mark.ended = ended;
        match mem::replace(&mut self.state, State::Done(result)) {
            State::Waiting { waiter, .. } => Some(waiter),
            State::Free | State::Done(_) => None,
        }
    }

    /// Takes the call out; `None` if the slot is free. Drop the returned state after the lock is released.
    pub(super) fn vacate(&mut self) -> Option<Vacated<W, R>> {
        if matches!(self.state, State::Free) {
            return None;
        }
        if self.mark.ended == Ended::Open {
            self.mark.ended = Ended::Otherwise;
        }
        let state = mem::replace(&mut self.state, State::Free);
        let has_metadata = mem::take(&mut self.mark.has_metadata);
        Some(Vacated {
            state,
            bytes: mem::take(&mut self.bytes),
            has_metadata,
        })
    }
}

#[cfg(all(test, not(antiphon_shuttle)))]
mod tests {
    use super::*;

    const INSTANCE: InstanceId = InstanceId::new(1);

    #[test]
    fn a_call_before_the_wrap_of_the_generation_is_still_older() {
        let mut slot: Slot<(), ()> = Slot::new();
        slot.mark.generation = GENERATION_MASK - 1;
        let mut ids = Vec::new();
        for _ in 0..3 {
            slot.open(&NewCall::default(), ());
            ids.push(slot.id(INSTANCE, 0));
            slot.vacate();
        }
        assert_eq!(
            ids.iter()
                .map(CorrelationId::generation)
                .collect::<Vec<_>>(),
            [GENERATION_MASK, 0, 1]
        );
        assert_eq!(
            ids.into_iter()
                .map(|id| slot.lookup(id))
                .collect::<Vec<_>>(),
            [Lookup::Older, Lookup::Older, Lookup::Current]
        );
        let ahead = CorrelationId::compose(INSTANCE, 0, 2, 0);
        assert_eq!(slot.lookup(ahead), Lookup::NeverIssued);
    }
}
