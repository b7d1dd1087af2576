//! The thread that hands a consumer's records to the core, batch by batch.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use antiphon_kafka::{Batch, Consumer, Error, ErrorKind, Message};
use futures::future::BoxFuture;

use super::{errors::translate, thread_failed};
use crate::transport::{
    Headers, PartitionOffset, Record, RecordSink, Subscription, TransportError,
};

/// Most records of one batch.
const BATCH: usize = 1_000;

/// How many errors may wait for the core to look at them; further ones repeat what these say.
const FAULTS: usize = 64;

/// A consumer whose records are being handed over.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) consumer: Consumer,
    thread: Thread,
    stop: Arc<AtomicBool>,
}

/// How far the thread has come, for the one that looks after the partition.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The next offset; means something for a consumer of one partition only.
    pub(super) position: AtomicI64,
    /// A topic or partition is said to be missing. That may pass, so it is no fault yet.
    pub(super) doubt: AtomicBool,
}

/// What the other threads of a consumer have to say to the one that feeds the core.
#[derive(Clone, Debug)]
pub(super) struct Faults(SyncSender<TransportError>);

impl Faults {
    pub(super) fn channel() -> (Self, Receiver<TransportError>) {
        let (sender, receiver) = sync_channel(FAULTS);
        (Self(sender), receiver)
    }

    pub(super) fn tell(&self, error: TransportError) {
        // Full: the core has enough to read. Gone: nobody reads any more.
        let _ = self.0.try_send(error);
    }
}

/// Starts the thread.
pub(super) fn start(
    name: &str,
    consumer: &Consumer,
    sink: Box<dyn RecordSink>,
    faults: Receiver<TransportError>,
    progress: Arc<Progress>,
) -> Result<Feed, TransportError> {
    let stop = Arc::new(AtomicBool::new(false));
    let loop_ = Loop {
        consumer: consumer.clone(),
        sink,
        faults,
        progress,
        stop: Arc::clone(&stop),
    };
    let handle = thread::Builder::new()
        .name(name.into())
        .spawn(move || loop_.run())
        .map_err(|error| thread_failed(name, &error))?;
    Ok(Feed {
        consumer: consumer.clone(),
        thread: handle.thread().clone(),
        stop,
    })
}

struct Loop {
    consumer: Consumer,
    sink: Box<dyn RecordSink>,
    faults: Receiver<TransportError>,
    progress: Arc<Progress>,
    stop: Arc<AtomicBool>,
}

impl Loop {
    fn run(mut self) {
        let mut batch = Batch::with_capacity(BATCH);
        let mut wait = self.sink.tick(true);
        while !self.stop.load(Ordering::Acquire) && !self.consumer.is_closed() {
            let room = self.sink.demand().min(BATCH);
            let caught_up = if room == 0 {
                thread::park_timeout(wait);
                true
            } else {
                let filled = self.consumer.fill(&mut batch, room, wait);
                self.hand_over(&batch);
                batch.clear();
                filled < room
            };
            while let Ok(error) = self.faults.try_recv() {
                self.sink.fault(error);
            }
            wait = self.sink.tick(caught_up);
        }
    }

    fn hand_over(&mut self, batch: &Batch) {
        if batch.is_empty() {
            return;
        }
        let mut errors: Vec<Error> = Vec::new();
        let messages: Vec<View<'_>> = batch
            .iter()
            .filter_map(|item| item.map(View).map_err(|error| errors.push(error)).ok())
            .collect();
        if let Some(View(last)) = messages.last() {
            let next = last.offset() + 1;
            self.progress.position.store(next, Ordering::Release);
        }
        self.sink.records(&mut messages.iter().map(View::record));
        for error in &errors {
            if is_doubtful(error) {
                self.progress.doubt.store(true, Ordering::Release);
            } else {
                self.sink.fault(translate(error));
            }
        }
    }
}

/// A broker that has just started may not know its topics yet.
pub(super) fn is_doubtful(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnknownTopic | ErrorKind::UnknownPartition
    )
}

/// A record with its headers still unread.
struct View<'a>(Message<'a>);

impl<'a> View<'a> {
    fn record(&self) -> Record<'_> {
        let message = &self.0;
        Record {
            topic: message.topic(),
            partition: message.partition(),
            offset: message.offset(),
            timestamp: message.timestamp(),
            key: message.key(),
            value: message.payload(),
            headers: self,
        }
    }
}

impl Headers for View<'_> {
    fn for_each<'h>(&'h self, f: &mut dyn FnMut(&'h [u8], Option<&'h [u8]>) -> bool) {
        for (name, value) in self.0.headers().iter() {
            if !f(name, value) {
                return;
            }
        }
    }
}

impl Subscription for Feed {
    fn resume(&self) {
        self.thread.unpark();
    }

    fn commit(&self, offsets: &[PartitionOffset]) {
        let offsets = listed(offsets);
        if let Err(error) = self.consumer.commit_async(&offsets) {
            tracing::debug!(%error, "offsets not committed");
        }
    }

    fn close(&self, offsets: Vec<PartitionOffset>, deadline: Duration) -> BoxFuture<'static, ()> {
        self.stop.store(true, Ordering::Release);
        self.thread.unpark();
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
        if let Err(error) = thread::Builder::new()
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
        thread::sleep(REBALANCE_PAUSE);
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
