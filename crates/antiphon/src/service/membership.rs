//! This instance's membership in its consumer group.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::{Notify, watch};

use crate::{
    notify::until,
    transport::{Subscription, TransportError},
};

/// Shared by the request thread, the rebalances and the handle of the service.
#[derive(Debug)]
pub(crate) struct Membership {
    /// Set once the group has been joined; the reader may call earlier.
    subscription: OnceLock<Arc<dyn Subscription>>,
    ready: AtomicBool,
    /// Rung at the first assignment.
    assigned: Notify,
    /// Why nothing will ever be read again.
    failure: watch::Sender<Option<TransportError>>,
}

impl Membership {
    pub(crate) fn new() -> Self {
        Self {
            subscription: OnceLock::new(),
            ready: AtomicBool::new(false),
            assigned: Notify::new(),
            failure: watch::Sender::new(None),
        }
    }

    pub(crate) fn joined(&self, subscription: Arc<dyn Subscription>) {
        // The service joins once, so the cell is empty.
        let _ = self.subscription.set(subscription);
    }

    pub(crate) fn subscription(&self) -> Option<&Arc<dyn Subscription>> {
        self.subscription.get()
    }

    /// Partitions have been assigned.
    pub(crate) fn assigned(&self) {
        self.ready.store(true, Ordering::Release);
        self.assigned.notify_waiters();
    }

    /// Resolves at the first assignment.
    pub(crate) async fn ready(&self) {
        until(&self.assigned, || self.ready.load(Ordering::Acquire)).await;
    }

    /// This instance will never read again.
    pub(crate) fn fail(&self, error: TransportError) {
        self.failure.send_replace(Some(error));
    }

    /// Resolves when this instance will never read again.
    pub(crate) async fn failed(&self) -> TransportError {
        let mut failure = self.failure.subscribe();
        let seen = failure.wait_for(Option::is_some).await;
        match seen.ok().and_then(|failure| failure.clone()) {
            Some(error) => error,
            // The sender lives as long as `self`.
            None => std::future::pending().await,
        }
    }
}
