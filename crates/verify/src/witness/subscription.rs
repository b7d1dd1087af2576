//! What is asked of a running consumer.

use std::{sync::Arc, time::Duration};

use antiphon::transport::{PartitionOffset, Subscription};
use futures::future::BoxFuture;

use crate::history::{At, Event, Recorder};

#[derive(Debug)]
pub(super) struct WatchedSubscription {
    pub(super) inner: Arc<dyn Subscription>,
    pub(super) recorder: Arc<dyn Recorder>,
}

impl Subscription for WatchedSubscription {
    fn resume(&self) {
        self.inner.resume();
    }

    fn commit(&self, offsets: &[PartitionOffset]) {
        record_commits(&*self.recorder, offsets);
        self.inner.commit(offsets);
    }

    fn close(&self, offsets: Vec<PartitionOffset>, deadline: Duration) -> BoxFuture<'static, ()> {
        record_commits(&*self.recorder, &offsets);
        self.inner.close(offsets, deadline)
    }
}

pub(super) fn record_commits(recorder: &dyn Recorder, offsets: &[PartitionOffset]) {
    for PartitionOffset { at, next } in offsets {
        recorder.record(Event::Commit {
            at: At {
                topic: Arc::clone(&at.topic),
                partition: at.partition,
            },
            next: *next,
        });
    }
}
