//! The limits on calls and bytes in flight, the queue of calls that wait for room, and the closing
//! of the client.
//!
//! The correlation table counts both limits in one atomic step; a tokio `Semaphore` could count
//! only one of them. A call that finds no room waits here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_proto::{Executed, Limit, mutant};
use tokio::{
    sync::{Mutex, Notify},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::table::Calls;
use crate::{
    config::ClientConfig,
    error::{RequestError, RequestErrorKind},
    notify::{Counted, until},
    transport::Clock,
};

/// Room under the limits. Waiting calls get it in the order in which they came.
pub(crate) struct Limits {
    calls: Arc<Calls>,
    clock: Arc<dyn Clock>,
    fail_fast: bool,
    /// Largest key and value of one request, in bytes.
    max_payload: u64,
    waiting: AtomicUsize,
    /// Reservations of calls that have not been sent yet.
    unsent: AtomicUsize,
    /// Held by the call whose turn it is: smaller calls do not overtake one that needs much.
    turn: Mutex<()>,
    freed: Notify,
    /// No more calls are taken. Every call reads this; the token is for those that wait.
    closed: AtomicBool,
    closing: CancellationToken,
    /// Notified by each call that ends while the client closes.
    ended: Notify,
}

impl Limits {
    pub(crate) fn new(calls: Arc<Calls>, clock: Arc<dyn Clock>, config: &ClientConfig) -> Self {
        Self {
            calls,
            clock,
            fail_fast: config.fail_fast,
            max_payload: u64::from(config.max_request_bytes).min(config.max_in_flight_bytes),
            waiting: AtomicUsize::new(0),
            unsent: AtomicUsize::new(0),
            turn: Mutex::default(),
            freed: Notify::new(),
            closed: AtomicBool::new(false),
            closing: CancellationToken::new(),
            ended: Notify::new(),
        }
    }

    pub(crate) fn fail_fast(&self) -> bool {
        self.fail_fast
    }

    pub(crate) fn max_payload(&self) -> u64 {
        self.max_payload
    }

    /// The time until `deadline`.
    pub(crate) fn left(&self, deadline: Duration) -> Duration {
        deadline.saturating_sub(self.clock.elapsed())
    }

    /// Reserves room for one call, if there is some and no other call waits for it.
    pub(crate) fn try_reserve(&self, bytes: u32) -> bool {
        self.waiting.load(Ordering::SeqCst) == 0 && self.calls.reserve(bytes).is_ok()
    }

    /// Reserves room for one call, waiting until `deadline`. The caller owns the reservation.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the queue, and reserves nothing.
    pub(crate) async fn reserve(&self, bytes: u32, deadline: Duration) -> Result<(), RequestError> {
        if self.fail_fast {
            return self.calls.reserve(bytes).map_err(|limit| match limit {
                Limit::Closed => RequestError::closed(),
                limit => {
                    let detail = format!("the limit of {} in flight is reached", name(limit));
                    RequestError::new(RequestErrorKind::Overloaded, Executed::No, detail)
                }
            });
        }
        let reserved = timeout(self.left(deadline), self.wait(bytes));
        tokio::select! {
            biased;
            () = self.closing.cancelled() => Err(RequestError::closed()),
            reserved = reserved => match reserved {
                Ok(reserved) => reserved.map_err(|_| RequestError::closed()),
                Err(_) => self.calls.reserve(bytes).map_err(|limit| {
                    let limit = name(limit);
                    RequestError::too_late(&format!("no room under the limit of {limit} in flight before the deadline"))
                }),
            },
        }
    }

    /// The error is a table that was closed.
    async fn wait(&self, bytes: u32) -> Result<(), Limit> {
        // Register as waiting *before* reading the count, so that a concurrent release cannot miss
        // this call.
        let _waiting = Counted::new(&self.waiting);
        let _turn = self.turn.lock().await;
        loop {
            match self.calls.reserve(bytes) {
                Err(Limit::Entries | Limit::Bytes) => self.freed.notified().await,
                reserved => return reserved,
            }
        }
    }

    /// Frees a reservation that no call was put into; one that was used is freed by the table.
    pub(crate) fn release(&self, bytes: u32, used: bool) {
        if !used && !mutant!("unsent_call_keeps_place") {
            self.calls.unreserve(bytes);
        }
        // After the room is free: see the order of the table's count and of `waiting`.
        if self.waiting.load(Ordering::SeqCst) > 0 && !mutant!("freed_place_not_told") {
            self.freed.notify_one();
        }
        if self.is_closing() {
            self.ended.notify_waiters();
        }
    }

    /// Counts a reservation as one whose request is sent later. It is no call in flight yet.
    pub(crate) fn add_unsent(&self) {
        self.unsent.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn remove_unsent(&self) {
        self.unsent.fetch_sub(1, Ordering::AcqRel);
    }

    /// Calls that were sent and have not ended.
    pub(crate) fn in_flight(&self) -> usize {
        let unsent = self.unsent.load(Ordering::Acquire);
        self.calls.len().saturating_sub(unsent)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Cancelled when the client begins to close.
    pub(crate) fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    pub(crate) fn begin_closing(&self) {
        self.closed.store(true, Ordering::Release);
        self.closing.cancel();
    }

    /// Resolves when no call is in flight. Used while the client closes.
    pub(crate) async fn idle(&self) {
        until(&self.ended, || self.in_flight() == 0).await;
    }
}

fn name(limit: Limit) -> &'static str {
    match limit {
        Limit::Bytes => "bytes",
        Limit::Entries | Limit::Closed => "calls",
    }
}
