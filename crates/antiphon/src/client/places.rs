//! Places under the limits of calls and bytes in flight. The correlation table counts them; who
//! finds none waits here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_proto::{CorrelationId, Executed, Limit, NewCall, mutant};
use tokio::{
    sync::{Mutex, Notify},
    time::timeout,
};

use super::{
    core::{Core, closed, too_late},
    hold::Hold,
    waiter::Waiter,
};
use crate::{
    error::{RequestError, RequestErrorKind},
    notify::Counted,
};

/// Those who wait for a place, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Places {
    waiting: AtomicUsize,
    /// Places whose holders have not sent their request yet.
    unsent: AtomicUsize,
    /// Held by the one whose turn it is: a call that needs much is not overtaken by smaller ones.
    turn: Mutex<()>,
    freed: Notify,
}

/// A place for one call. Dropping it frees it, unless a call was put in: that frees it when it ends.
pub(crate) struct Place<H: Hold> {
    hold: H,
    bytes: u32,
    /// Counted as held by somebody who has not sent the request.
    unsent: bool,
    used: bool,
}

impl<H: Hold> Place<H> {
    /// A place, if there is one and nobody waits for it.
    pub(crate) fn at_once(hold: &H, bytes: u32) -> Option<Self> {
        if hold.core().places.waiting.load(Ordering::SeqCst) > 0 {
            return None;
        }
        Self::now(hold, bytes).ok()
    }

    /// A place, waited for.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the queue.
    pub(crate) async fn until(
        hold: &H,
        bytes: u32,
        deadline: Duration,
    ) -> Result<Self, RequestError> {
        let core = hold.core();
        if core.config.fail_fast {
            return Self::now(hold, bytes).map_err(|limit| match limit {
                Limit::Closed => closed(),
                limit => {
                    let detail = format!("the limit of {} in flight is reached", what(limit));
                    RequestError::new(RequestErrorKind::Overloaded, Executed::No, detail)
                }
            });
        }
        let place = timeout(core.left(deadline), core.places.wait(hold, bytes));
        tokio::select! {
            biased;
            () = core.closing.cancelled() => Err(closed()),
            place = place => match place {
                Ok(place) => place.map_err(|_| closed()),
                Err(_) => Self::now(hold, bytes).map_err(|limit| {
                    let what = what(limit);
                    too_late(&format!("no place under the limit of {what} in flight came free before the deadline"))
                }),
            },
        }
    }

    fn now(hold: &H, bytes: u32) -> Result<Self, Limit> {
        hold.core().calls.reserve(bytes)?;
        Ok(Self {
            hold: hold.clone(),
            bytes,
            unsent: false,
            used: false,
        })
    }

    /// Marks it as held by somebody who sends the request later, which is no call in flight yet.
    pub(crate) fn keep(&mut self) {
        if !std::mem::replace(&mut self.unsent, true) {
            self.core().places.unsent.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn no_longer_kept(&mut self) {
        if std::mem::take(&mut self.unsent) {
            self.core().places.unsent.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Puts a call in; `None` when the client has been closed.
    pub(crate) fn insert(&mut self, call: NewCall, waiter: Waiter) -> Option<CorrelationId> {
        debug_assert!(!self.used && call.bytes == self.bytes);
        self.used = true;
        self.no_longer_kept();
        self.core().calls.insert_reserved(call, waiter).ok()
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        self.hold.core()
    }
}

impl<H: Hold> Drop for Place<H> {
    fn drop(&mut self) {
        self.no_longer_kept();
        let core = self.hold.core();
        if !self.used && !mutant!("unsent_call_keeps_place") {
            core.calls.unreserve(self.bytes);
        }
        // After the place is free: see the order of the table's count and of `waiting`.
        if core.places.waiting.load(Ordering::SeqCst) > 0 && !mutant!("freed_place_not_told") {
            core.places.freed.notify_one();
        }
        if core.is_closing() {
            core.ended.notify_waiters();
        }
    }
}

impl Core {
    /// Calls that have been sent and have not ended.
    pub(crate) fn in_flight(&self) -> usize {
        let unsent = self.places.unsent.load(Ordering::Acquire);
        self.calls.len().saturating_sub(unsent)
    }
}

impl Places {
    /// The error is a table that was closed.
    async fn wait<H: Hold>(&self, hold: &H, bytes: u32) -> Result<Place<H>, Limit> {
        // Before the table's count is looked at: who finds no place after this is seen by who frees
        // one and then looks here.
        let _waiting = Counted::new(&self.waiting);
        let _turn = self.turn.lock().await;
        loop {
            match Place::now(hold, bytes) {
                Err(Limit::Entries | Limit::Bytes) => self.freed.notified().await,
                place => return place,
            }
        }
    }
}

fn what(limit: Limit) -> &'static str {
    match limit {
        Limit::Bytes => "bytes",
        Limit::Entries | Limit::Closed => "calls",
    }
}
