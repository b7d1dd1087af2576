//! Where replies come in: the state of the path, which every call reads, and the ways to open it.
//!
//! [`ReplyPath`] is the state. An [`Opener`] knows how a path is made: [`Pinned`] assigns this
//! instance one partition of the reply topic. The [`supervisor`] opens the path, and opens it again
//! when it is lost. The [`matcher`] reads it.

mod matcher;
mod pinned;
mod supervisor;
mod topic;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_proto::mutant;
use futures::future::BoxFuture;
use tokio::sync::Notify;

pub(crate) use self::{
    matcher::{Matcher, Replies},
    pinned::Pinned,
    supervisor::Supervisor,
    topic::topic_name,
};
use crate::{
    notify::until,
    transport::{RecordSink, Subscription, TransportError},
};

/// A way to receive replies.
pub(crate) trait Opener: Send + Sync {
    /// Makes sure that the reply topic exists, and returns the partition to read. `current` is the
    /// one that was read before.
    fn prepare(&self, current: i32) -> BoxFuture<'_, Result<i32, TransportError>>;

    /// Starts to read. When the future resolves, every reply that is written from then on reaches
    /// `sink`.
    fn open(
        &self,
        partition: i32,
        sink: Box<dyn RecordSink>,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<Arc<dyn Subscription>, TransportError>>;
}

/// Where replies come in, and whether they can be read.
#[derive(Debug)]
pub(crate) struct ReplyPath {
    pub(crate) topic: Arc<str>,
    /// Changes only while no call relies on the path.
    partition: AtomicI32,
    state: Mutex<State>,
    /// Notified when the path is ready or closed. Callers proceed in the order in which they came.
    settled: Notify,
    /// Whether `state` is `Ready`: every call reads it, and must not take a lock for it.
    ready: AtomicBool,
    /// How often the path has been opened. Faults of an earlier opening are ignored.
    opening: AtomicU64,
    /// The opening that was lost last.
    lost: AtomicU64,
    subscription: Mutex<Option<Arc<dyn Subscription>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    Rebuilding,
    Closed,
}

impl ReplyPath {
    pub(crate) fn new(topic: Arc<str>, partition: i32) -> Self {
        Self {
            topic,
            partition: AtomicI32::new(partition),
            state: Mutex::new(State::Rebuilding),
            settled: Notify::new(),
            ready: AtomicBool::new(false),
            opening: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            subscription: Mutex::new(None),
        }
    }

    pub(crate) fn partition(&self) -> i32 {
        self.partition.load(Ordering::Relaxed)
    }

    /// Sets the partition that the next opening reads. A call reads the number only after it has
    /// seen a ready path, hence after this store.
    fn move_to(&self, partition: i32) {
        self.partition.store(partition, Ordering::Relaxed);
    }

    /// Whether replies can be read now.
    ///
    /// `SeqCst` with [`lost`](Self::lost): a call that is in the table and sees a ready path is
    /// found by the matcher when it fails all calls after a loss.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst)
    }

    /// Resolves to true when the path is ready, to false when the client is closed.
    pub(crate) async fn wait_ready(&self) -> bool {
        until(&self.settled, || *self.state() != State::Rebuilding).await;
        *self.state() == State::Ready
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that this opening is lost: no call may rely on the path until it is ready again.
    /// Returns false when the path has been reopened since.
    pub(crate) fn lost(&self, opening: u64) -> bool {
        let mut state = self.state();
        let current = self.opening.load(Ordering::Acquire) == opening;
        if current {
            self.lost.store(opening, Ordering::Release);
        }
        if current && *state == State::Ready {
            *state = State::Rebuilding;
            self.ready
                .store(mutant!("path_lost_stays_ready"), Ordering::SeqCst);
        }
        current
    }

    /// Whether the last opening is lost, also when it never became ready.
    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire) == self.opening.load(Ordering::Acquire)
    }

    /// The number of the opening that begins.
    fn next_opening(&self) -> u64 {
        self.opening.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Stores a new subscription, and returns the one to close: the one before, or this one when
    /// the path was closed meanwhile.
    fn replace(&self, subscription: Arc<dyn Subscription>) -> Option<Arc<dyn Subscription>> {
        let mut current = self
            .subscription
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Checked under the lock: a concurrent close is either seen here, or finds the subscription.
        if *self.state() == State::Closed {
            return Some(subscription);
        }
        let before = current.replace(subscription);
        drop(current);
        let mut state = self.state();
        if *state != State::Closed && !self.is_lost() {
            *state = State::Ready;
            self.ready.store(true, Ordering::SeqCst);
        }
        drop(state);
        self.settled.notify_waiters();
        before
    }

    /// Closes the path for good; the subscription is the caller's to close.
    pub(crate) fn close(&self) -> Option<Arc<dyn Subscription>> {
        {
            let mut state = self.state();
            *state = State::Closed;
            self.ready.store(false, Ordering::SeqCst);
        }
        self.settled.notify_waiters();
        let mut current = self
            .subscription
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        current.take()
    }
}
