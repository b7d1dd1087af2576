//! Whether replies can be read, and what to do when they can no longer be.
//!
//! *Pinned*: the instance assigns itself one partition of the reply topic, at its end, so there is
//! no group to join and nothing to rebalance.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::sync::{mpsc, watch};

use super::{core::Core, matcher::Matcher};
use crate::transport::{Subscription, TransportError};

/// Where replies come in, and the state of that path.
#[derive(Debug)]
pub(crate) struct ReplyPath {
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
    state: watch::Sender<State>,
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
            partition,
            state: watch::Sender::new(State::Rebuilding),
            subscription: Mutex::new(None),
        }
    }

    pub(crate) fn is_ready(&self) -> bool {
        *self.state.borrow() == State::Ready
    }

    /// Resolves to true when the path is ready, to false when the client is closed.
    pub(crate) async fn wait_ready(&self) -> bool {
        let mut state = self.state.subscribe();
        let settled = state.wait_for(|state| *state != State::Rebuilding).await;
        settled.is_ok_and(|state| *state == State::Ready)
    }

    /// The path is gone: no call may rely on it until it is ready again.
    pub(crate) fn lost(&self) {
        self.state.send_if_modified(|state| {
            let was_ready = *state == State::Ready;
            if was_ready {
                *state = State::Rebuilding;
            }
            was_ready
        });
    }

    /// Puts a new subscription in, and returns the one before.
    fn replace(&self, subscription: Arc<dyn Subscription>) -> Option<Arc<dyn Subscription>> {
        let mut current = self
            .subscription
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = current.replace(subscription);
        drop(current);
        self.state.send_if_modified(|state| {
            let open = *state != State::Closed;
            if open {
                *state = State::Ready;
            }
            open
        });
        before
    }

    /// Closes the path for good; the subscription is the caller's to close.
    pub(crate) fn close(&self) -> Option<Arc<dyn Subscription>> {
        self.state.send_replace(State::Closed);
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
    let matcher = Matcher::new(core, faults.clone());
    let opened = core.transport.read_from_end(
        &path.topic,
        path.partition,
        Box::new(matcher),
        timeout,
    );
    let subscription = opened.await?;
    if let Some(before) = path.replace(subscription) {
        drop(before.close(Vec::new(), Duration::from_secs(5)));
    }
    Ok(())
}

/// Waits for the path to be lost and builds it anew, for as long as the client lives.
pub(crate) async fn supervise(
    core: Weak<Core>,
    mut faults: mpsc::Receiver<TransportError>,
    sender: mpsc::WeakSender<TransportError>,
) {
    while let Some(cause) = faults.recv().await {
        let Some(core) = core.upgrade() else { return };
        let Some(sender) = sender.upgrade() else { return };
        tracing::warn!(%cause, topic = %core.path.topic, partition = core.path.partition, "reply path lost; building it anew");
        tokio::select! {
            () = rebuild(&core, &sender) => {}
            () = core.closing.cancelled() => return,
        }
        // Faults of the subscription that has just been replaced say nothing about the new one.
        while faults.try_recv().is_ok() {}
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
                tracing::info!(topic = %core.path.topic, partition = core.path.partition, "reply path ready again");
                return;
            }
            Err(error) => tracing::warn!(%error, "reply path not ready yet"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
