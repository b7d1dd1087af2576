//! What is asked of a running consumer.

use std::{sync::Arc, time::Duration};

use antiphon::transport::{LastOffsets, PartitionOffset, Subscription};
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

    fn close(&self, mut last: LastOffsets, deadline: Duration) -> BoxFuture<'static, ()> {
        let recorder = Arc::clone(&self.recorder);
        let watched = LastOffsets::new(move || {
            let offsets = last.ask();
            record_commits(&*recorder, &offsets);
            offsets
        });
        self.inner.close(watched, deadline)
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
