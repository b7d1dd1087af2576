//! Tasks that hand records to the core, and the handle they are stopped by.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    log::{Look, StoredRecord},
    shared::{Shared, missing},
};
use crate::transport::{Clock, LastOffsets, PartitionOffset, RecordSink, Subscription};

/// Most records of one batch.
pub(super) const BATCH: usize = 1_000;

/// A task that reads.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) resumed: Notify,
    pub(super) stop: CancellationToken,
    pub(super) stopped: CancellationToken,
    /// To be committed when the task stops.
    pub(super) last_offsets: Mutex<LastOffsets>,
    /// Commits that the task has not carried out yet.
    pub(super) commits: Mutex<Vec<PartitionOffset>>,
}

impl Reading {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            resumed: Notify::new(),
            stop: CancellationToken::new(),
            stopped: CancellationToken::new(),
            last_offsets: Mutex::default(),
            commits: Mutex::new(Vec::new()),
        })
    }

    pub(super) fn take<T: Default>(of: &Mutex<T>) -> T {
        std::mem::take(&mut *of.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the core holds; the task ends with it.
#[derive(Debug)]
pub(super) struct Handle(pub(super) Arc<Reading>);

impl Subscription for Handle {
    fn resume(&self) {
        self.0.resumed.notify_one();
    }

    fn commit(&self, offsets: &[PartitionOffset]) {
        let mut commits = self
            .0
            .commits
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        commits.extend_from_slice(offsets);
        drop(commits);
        self.0.resumed.notify_one();
    }

    fn close(&self, last: LastOffsets, _: Duration) -> BoxFuture<'static, ()> {
        *self
            .0
            .last_offsets
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = last;
        self.0.stop.cancel();
        let stopped = self.0.stopped.clone();
        Box::pin(async move { stopped.cancelled().await })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.stop.cancel();
    }
}

/// Reads one partition from `position` on.
pub(super) fn start(
    shared: &Arc<Shared>,
    topic: &str,
    partition: i32,
    position: i64,
    sink: Box<dyn RecordSink>,
) -> Arc<dyn Subscription> {
    let reading = Reading::new();
    tokio::spawn(read(
        Arc::clone(shared),
        Arc::clone(&reading),
        topic.into(),
        partition,
        position,
        sink,
    ));
    Arc::new(Handle(reading))
}

async fn read(
    shared: Arc<Shared>,
    reading: Arc<Reading>,
    topic: Arc<str>,
    partition: i32,
    mut position: i64,
    mut sink: Box<dyn RecordSink>,
) {
    while !reading.stop.is_cancelled() {
        let changed = shared.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let now = shared.clock.elapsed();
        let most = sink.demand().min(BATCH);
        let look = shared.log().look(&topic, partition, position, most, now);
        let mut caught_up = true;
        let mut wait = Duration::MAX;
        match look {
            Look::Records(records) => {
                position += i64::try_from(records.len()).unwrap_or(0);
                hand_over(&mut *sink, &records);
                caught_up = false;
            }
            Look::Later(at) => wait = at.saturating_sub(now),
            Look::Nothing => {}
            Look::Gone => {
                sink.fault(missing(&topic, Some(partition)));
                break;
            }
        }
        let tick = sink.tick(caught_up);
        if caught_up {
            tokio::select! {
                () = changed => {}
                () = reading.resumed.notified() => {}
                () = reading.stop.cancelled() => {}
                () = tokio::time::sleep_until(Instant::now() + tick.min(wait)) => {}
            }
        } else {
            tokio::task::yield_now().await;
        }
    }
    reading.stopped.cancel();
}

pub(super) fn hand_over(sink: &mut dyn RecordSink, records: &[Arc<StoredRecord>]) {
    sink.records(&mut records.iter().map(|record| record.view()));
}
