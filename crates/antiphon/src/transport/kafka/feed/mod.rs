//! Handing a consumer's records to the core, batch by batch: on a thread, or as a task.

mod reader;
pub(super) mod task;
pub(super) mod thread;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self as threads, Thread},
    time::{Duration, Instant},
};

use antiphon_kafka::{Consumer, Error, ErrorKind};
use futures::{future::BoxFuture, task::AtomicWaker};

pub(super) use self::reader::{Faults, Progress, Reader, is_doubtful};
use crate::transport::{LastOffsets, PartitionOffset, Subscription};

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

    fn close(&self, last: LastOffsets, deadline: Duration) -> BoxFuture<'static, ()> {
        self.stop.store(true, Ordering::Release);
        self.handing.wake();
        self.consumer.wake();
        let consumer = self.consumer.clone();
        let (done, ended) = tokio::sync::oneshot::channel::<()>();
        let close = move || {
            let commit = |offsets: &[_], left| consumer.commit(&listed(offsets), left);
            commit_last(commit, is_refused, last, deadline / 2);
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
            let none = LastOffsets::none();
            drop(Subscription::close(self, none, Duration::from_secs(5)));
        }
    }
}

/// Pause before a commit that met a rebalance is tried again.
const REBALANCE_PAUSE: Duration = Duration::from_millis(100);

/// Commits for the last time. A group that is rebalancing refuses, and takes it when it has settled:
/// then what this member still owns is committed, and no more.
fn commit_last<E: fmt::Display>(
    commit: impl Fn(&[PartitionOffset], Duration) -> Result<(), E>,
    is_refused: impl Fn(&E) -> bool,
    mut last: LastOffsets,
    limit: Duration,
) {
    let until = Instant::now() + limit;
    loop {
        let offsets = last.ask();
        if offsets.is_empty() {
            return;
        }
        let left = until.saturating_duration_since(Instant::now());
        let Err(error) = commit(&offsets, left) else {
            return;
        };
        if !is_refused(&error) || left <= REBALANCE_PAUSE {
            tracing::warn!(%error, "the last offsets were not committed; their requests will be delivered again");
            return;
        }
        threads::sleep(REBALANCE_PAUSE);
    }
}

fn is_refused(error: &Error) -> bool {
    error.kind() == ErrorKind::StaleMember
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::transport::TopicPartition;

    fn of(partition: i32, next: i64) -> PartitionOffset {
        let topic = "work".into();
        PartitionOffset {
            at: TopicPartition { topic, partition },
            next,
        }
    }

    #[test]
    fn a_last_commit_that_is_refused_is_made_again_of_what_is_still_owned() {
        let mut owned = vec![
            vec![of(0, 14), of(1, 3)],
            vec![of(1, 3)],
            vec![of(1, 3), of(2, 1)],
        ];
        let last = LastOffsets::new(move || owned.remove(0));
        let tried = Mutex::new(Vec::new());
        let commit = |offsets: &[PartitionOffset], _| {
            let mut tried = tried.lock().unwrap();
            tried.push(offsets.to_vec());
            if tried.len() == 1 {
                Err("refused")
            } else {
                Ok(())
            }
        };
        commit_last(commit, |_| true, last, Duration::from_secs(60));
        assert_eq!(
            *tried.lock().unwrap(),
            [vec![of(0, 14), of(1, 3)], vec![of(1, 3)]]
        );
    }

    #[test]
    fn a_last_commit_ends_when_nothing_is_owned_or_it_failed_otherwise() {
        let tried = Mutex::new(0);
        let commit = |_: &[PartitionOffset], _| {
            *tried.lock().unwrap() += 1;
            Err("failed")
        };
        let minute = Duration::from_secs(60);
        commit_last(commit, |_| true, LastOffsets::none(), minute);
        assert_eq!(*tried.lock().unwrap(), 0);
        let last = LastOffsets::new(|| vec![of(0, 1)]);
        commit_last(commit, |_| false, last, minute);
        assert_eq!(*tried.lock().unwrap(), 1);
    }
}
