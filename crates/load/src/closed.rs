//! A closed loop: each call that ends starts the next.

use std::sync::Arc;

use futures::StreamExt;
use futures_buffered::FuturesUnorderedBounded;

use crate::{
    call::{Call, Turn},
    shared::Shared,
};

/// The calls of one task: numbers and places go to the tasks of a loop in turn.
pub(crate) struct Share {
    next: u64,
    index: usize,
    tasks: usize,
}

impl Share {
    /// That of task `index` of `tasks`.
    pub(crate) fn new(index: usize, tasks: usize) -> Self {
        let next = index as u64;
        Self { next, index, tasks }
    }

    /// The next call, on one of its places; `None` if it was the last.
    fn turn<C: Call>(&mut self, place: usize, shared: &Shared<C>) -> Option<Turn> {
        let number = self.next;
        if number >= shared.limits.calls {
            return None;
        }
        self.next += self.tasks as u64;
        Some(Turn { number, place })
    }
}

/// One call at a time. It reads the clock once a call: the next is due when the one before has
/// ended.
pub(crate) async fn one<C: Call>(shared: Arc<Shared<C>>, mut share: Share) {
    let mut due = shared.window.now();
    while !shared.window.is_over_at(due)
        && let Some(turn) = share.turn(share.index, &shared)
    {
        // `make` by hand, here and below: to copy the arguments into one more future costs as much as
        // a record.
        let unended = shared.begin(due);
        let ended = unended.end(shared.call.call(turn).await);
        due = ended.next_due(&shared);
        shared.pause(ended.pause).await;
    }
}

/// Several calls at a time.
pub(crate) async fn several<C: Call>(shared: Arc<Shared<C>>, mut share: Share) {
    let make = async |pause, turn: Turn, due| {
        shared.pause(pause).await;
        let unended = shared.begin(due);
        (turn.place, unended.end(shared.call.call(turn).await))
    };
    let places = (share.index..shared.limits.in_flight).step_by(share.tasks);
    let mut calls = FuturesUnorderedBounded::new(places.len());
    for turn in places.filter_map(|place| share.turn(place, &shared)) {
        calls.push(make(false, turn, shared.window.now()));
    }
    while let Some((place, ended)) = calls.next().await {
        let due = ended.next_due(&shared);
        if !shared.window.is_over_at(due)
            && let Some(turn) = share.turn(place, &shared)
        {
            calls.push(make(ended.pause, turn, due));
        }
    }
}
