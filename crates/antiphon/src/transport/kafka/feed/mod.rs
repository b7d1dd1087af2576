//! Handing a consumer's records to the core, batch by batch: on a thread, or as a task.

mod reader;
pub(super) mod task;
pub(super) mod thread;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self as threads, Thread},
    time::{Duration, Instant},
};

use antiphon_kafka::{Consumer, ErrorKind};
use futures::{future::BoxFuture, task::AtomicWaker};

pub(super) use self::reader::{Faults, Progress, Reader, is_doubtful};
use crate::transport::{PartitionOffset, Subscription};

/// A consumer whose records are being handed over.
#[derive(Debug)]
pub(super) struct Feed {
    consumer: Consumer,
    handing: Handing,
    stop: Arc<AtomicBool>,
}

/// What hands the records over.
#[derive(Debug)]
enum Handing {
    Thread(Thread),
    Task(Arc<AtomicWaker>),
}

impl Handing {
    fn wake(&self) {
        match self {
            Self::Thread(thread) => thread.unpark(),
            Self::Task(waker) => waker.wake(),
        }
    }
}

impl Subscription for Feed {
    fn resume(&self) {
        self.handing.wake();
    }

    fn commit(&self, offsets: &[PartitionOffset]) {
        let offsets = listed(offsets);
        if let Err(error) = self.consumer.commit_async(&offsets) {
            tracing::debug!(%error, "offsets not committed");
        }
    }

    fn close(&self, offsets: Vec<PartitionOffset>, deadline: Duration) -> BoxFuture<'static, ()> {
        self.stop.store(true, Ordering::Release);
        self.handing.wake();
        self.consumer.wake();
        let consumer = self.consumer.clone();
        let (done, ended) = tokio::sync::oneshot::channel::<()>();
        let close = move || {
            if !offsets.is_empty() {
                commit_last(&consumer, &listed(&offsets), deadline / 2);
            }
            // The closing thread goes on by itself when it takes longer.
            let _ = consumer.close(deadline).wait(deadline);
            drop(done);
        };
        if let Err(error) = threads::Builder::new()
            .name("antiphon-close".into())
            .spawn(close)
        {
            tracing::error!(%error, "no thread to close the consumer on");
        }
        Box::pin(async move {
            let _ = ended.await;
        })
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if !self.consumer.is_closed() && !self.stop.load(Ordering::Acquire) {
            drop(Subscription::close(
                self,
                Vec::new(),
                Duration::from_secs(5),
            ));
        }
    }
}

/// Pause before a commit that met a rebalance is tried again.
const REBALANCE_PAUSE: Duration = Duration::from_millis(100);

/// Commits for the last time. A group that is rebalancing refuses, and takes it when it has settled.
fn commit_last(consumer: &Consumer, offsets: &[(Arc<str>, i32, i64)], limit: Duration) {
    let until = Instant::now() + limit;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let Err(error) = consumer.commit(offsets, left) else {
            return;
        };
        if error.kind() != ErrorKind::StaleMember || left <= REBALANCE_PAUSE {
            tracing::warn!(%error, "the last offsets were not committed; their requests will be delivered again");
            return;
        }
        threads::sleep(REBALANCE_PAUSE);
    }
}

pub(super) fn listed(offsets: &[PartitionOffset]) -> Vec<(Arc<str>, i32, i64)> {
    let listed = offsets.iter().map(|offset| {
        (
            Arc::clone(&offset.at.topic),
            offset.at.partition,
            offset.next,
        )
    });
    listed.collect()
}
