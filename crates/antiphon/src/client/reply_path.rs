//! Whether replies can be read, and what to do when they can no longer be.
//!
//! *Pinned*: the instance assigns itself one partition of the reply topic, at its end, so there is
//! no group to join and nothing to rebalance.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_proto::mutant;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::{core::Core, matcher::Matcher};
use crate::{
    notify::until,
    transport::{LastOffsets, Subscription, TransportError},
};

/// Where replies come in, and the state of that path.
#[derive(Debug)]
pub(crate) struct ReplyPath {
    pub(crate) topic: Arc<str>,
    /// Another only while no call relies on the path.
    partition: AtomicI32,
    state: Mutex<State>,
    /// Rung when the path is ready, or closed: callers go on in the order in which they came.
    settled: Notify,
    /// `state` is ready: every call looks, and must not take a lock for it.
    ready: AtomicBool,
    /// How often the path has been opened. Faults of an earlier opening mean nothing.
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

/// Pause between two tries to rebuild the path: short at first, never longer than a second.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

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

    /// What is opened next reads this partition. A call reads the number after it has seen that the
    /// path is ready, and so not before this.
    pub(crate) fn move_to(&self, partition: i32) {
        self.partition.store(partition, Ordering::Relaxed);
    }

    /// Sequentially consistent with [`lost`](Self::lost): a call that is in the table and sees a
    /// path that is ready is seen by whoever fails all calls after the loss.
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

    /// The path that was opened so is gone: no call may rely on it until it is ready again. False
    /// when it has been opened anew since.
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

    /// Whether the last opening is lost, also before it was called ready.
    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire) == self.opening.load(Ordering::Acquire)
    }

    /// The number of the opening that begins.
    fn next_opening(&self) -> u64 {
        self.opening.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Puts a new subscription in, and returns the one to close: the one before, or this one when
    /// the path has been closed meanwhile.
    fn replace(&self, subscription: Arc<dyn Subscription>) -> Option<Arc<dyn Subscription>> {
        let mut current = self
            .subscription
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Looked at under the lock: a closer either is seen here or finds what is put in.
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

/// Reads the reply partition from its end. When this returns, no reply can be missed.
pub(crate) async fn open(
    core: &Arc<Core>,
    faults: &mpsc::Sender<TransportError>,
    timeout: Duration,
) -> Result<(), TransportError> {
    let path = &core.path;
    let matcher = Matcher::new(core, faults.clone(), path.next_opening());
    let (topic, partition) = (&*path.topic, path.partition());
    let opened = core
        .transport
        .read_from_end(topic, partition, Box::new(matcher), timeout);
    let subscription = opened.await?;
    if let Some(before) = path.replace(subscription) {
        drop(before.close(LastOffsets::none(), Duration::from_secs(5)));
    }
    Ok(())
}

/// Waits for the path to be lost and builds it anew, until the client is closed.
///
/// It keeps a sender of its own: a subscription that is lost takes its sender with it.
pub(crate) async fn supervise(
    core: Weak<Core>,
    closing: CancellationToken,
    mut faults: mpsc::Receiver<TransportError>,
    sender: mpsc::Sender<TransportError>,
) {
    loop {
        let cause = tokio::select! {
            biased;
            cause = faults.recv() => cause,
            () = closing.cancelled() => return,
        };
        let (Some(cause), Some(core)) = (cause, core.upgrade()) else {
            return;
        };
        if !core.path.is_lost() {
            continue;
        }
        tracing::warn!(%cause, topic = %core.path.topic, partition = core.path.partition(), "reply path lost; building it anew");
        tokio::select! {
            biased;
            () = rebuild(&core, &sender) => {}
            () = closing.cancelled() => return,
        }
    }
}

async fn rebuild(core: &Arc<Core>, faults: &mpsc::Sender<TransportError>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let built = async {
            super::builder::ensure_reply_topic(core).await?;
            open(core, faults, Duration::from_secs(5)).await
        };
        match built.await {
            Ok(()) => {
                tracing::info!(topic = %core.path.topic, partition = core.path.partition(), "reply path ready again");
                return;
            }
            Err(error) => tracing::warn!(%error, "reply path not ready yet"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
