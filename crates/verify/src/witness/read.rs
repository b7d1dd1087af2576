//! What is read, and which partitions it comes from.

use std::{sync::Arc, time::Duration};

use antiphon::transport::{
    GroupEvents, Matching, PartitionOffset, Record, RecordSink, TopicPartition, TransportError,
};
use antiphon_proto::header;
use futures::future::BoxFuture;

use super::subscription::record_commits;
use crate::history::{At, Event, Key, Recorder, ReplyPayload, RequestPayload, Role};

#[derive(Debug)]
pub(super) struct WatchedEvents<E: ?Sized> {
    pub(super) recorder: Arc<dyn Recorder>,
    pub(super) inner: Arc<E>,
}

impl GroupEvents for WatchedEvents<dyn GroupEvents> {
    fn assigned(&self, partitions: &[TopicPartition]) {
        self.recorder.record(Event::Assigned {
            partitions: listed(partitions),
        });
        self.inner.assigned(partitions);
    }

    /// The offsets that the core returns are committed by the transport, unless the partitions are
    /// lost: then nobody would take them.
    fn revoked(
        &self,
        partitions: &[TopicPartition],
        lost: bool,
    ) -> BoxFuture<'static, Vec<PartitionOffset>> {
        self.recorder.record(Event::Revoked {
            partitions: listed(partitions),
            lost,
        });
        let (recorder, revoked) = (
            Arc::clone(&self.recorder),
            self.inner.revoked(partitions, lost),
        );
        Box::pin(async move {
            let offsets = revoked.await;
            if !lost {
                record_commits(&*recorder, &offsets);
            }
            offsets
        })
    }
}

fn listed(partitions: &[TopicPartition]) -> Vec<At> {
    let listed = partitions.iter().map(|at| At {
        topic: Arc::clone(&at.topic),
        partition: at.partition,
    });
    listed.collect()
}

pub(super) struct WatchedRecords {
    pub(super) inner: Box<dyn RecordSink>,
    pub(super) recorder: Arc<dyn Recorder>,
    pub(super) role: Role,
    pub(super) key: Key,
}

impl RecordSink for WatchedRecords {
    fn matching(&self) -> Matching {
        self.inner.matching()
    }

    fn demand(&mut self) -> usize {
        self.inner.demand()
    }

    fn records(&mut self, batch: &mut dyn Iterator<Item = Record<'_>>) {
        let (recorder, role, key) = (&*self.recorder, self.role, self.key);
        let mut watched = batch.inspect(|record| recorder.record(event(record, role, key)));
        self.inner.records(&mut watched);
    }

    fn tick(&mut self, caught_up: bool) -> Duration {
        self.inner.tick(caught_up)
    }

    fn fault(&mut self, error: TransportError) {
        self.inner.fault(error);
    }
}

fn event(record: &Record<'_>, role: Role, key: Key) -> Event {
    let from = At {
        topic: record.topic.into(),
        partition: record.partition,
    };
    let (offset, value) = (record.offset, record.value.unwrap_or_default());
    let id = correlation_id(record);
    if role == Role::Requester {
        return Event::Seen {
            id: id.unwrap_or_default(),
            from,
            offset,
            facts: ReplyPayload::decode(value).map(|reply| reply.facts(key)),
        };
    }
    Event::Received {
        call: RequestPayload::decode(value).map(|request| request.call),
        id,
        from,
        offset,
    }
}

fn correlation_id(record: &Record<'_>) -> Option<Arc<str>> {
    let mut found = None;
    record.headers.for_each(&mut |name, value| {
        if name == header::CORRELATION_ID.as_bytes() {
            found = value.map(|id| String::from_utf8_lossy(id).into());
        }
        found.is_none()
    });
    found
}
