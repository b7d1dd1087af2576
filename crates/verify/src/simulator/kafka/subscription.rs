//! What the core holds of a running consumer.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon::transport::{LastOffsets, PartitionOffset, Subscription, TransportError};
use futures::future::BoxFuture;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::member::Member;

/// The strings by which a consumer's tasks are held.
#[derive(Debug, Default)]
pub(super) struct Strings {
    /// Nothing more is handed over.
    pub(super) stop: CancellationToken,
    /// Rung by the core, when it has room again.
    pub(super) resumed: Notify,
    faults: Mutex<Vec<TransportError>>,
    closing: AtomicBool,
}

impl Strings {
    /// Tells the core of an error, between two batches.
    pub(super) fn tell(&self, error: TransportError) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.push(error);
        self.resumed.notify_one();
    }

    pub(super) fn take_faults(&self) -> Vec<TransportError> {
        std::mem::take(&mut *self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Ends the consumer when it is dropped.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) strings: Arc<Strings>,
    /// A reader without a group commits nothing, and leaves nothing.
    pub(super) member: Option<Arc<Member>>,
}

impl Subscription for Handle {
    fn resume(&self) {
        self.strings.resumed.notify_one();
    }

    fn commit(&self, offsets: &[PartitionOffset]) {
        if let Some(member) = &self.member {
            member.commit(offsets.to_vec(), None);
        }
    }

    fn close(&self, last: LastOffsets, deadline: Duration) -> BoxFuture<'static, ()> {
        self.strings.closing.store(true, Ordering::Relaxed);
        self.strings.stop.cancel();
        let (done, ended) = oneshot::channel::<()>();
        if let Some(member) = self.member.clone() {
            tokio::spawn(async move {
                let _ = tokio::time::timeout(deadline, member.farewell(last, deadline)).await;
                member.end();
                drop(done);
            });
        }
        Box::pin(async move {
            let _ = ended.await;
        })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let closing = self.strings.closing.load(Ordering::Relaxed);
        if !closing && tokio::runtime::Handle::try_current().is_ok() {
            drop(self.close(LastOffsets::none(), Duration::from_secs(5)));
        }
    }
}
