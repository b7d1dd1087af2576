//! Request topics, read as a member of a consumer group.

use std::{
    sync::{Arc, mpsc::sync_channel},
    thread,
    time::Duration,
};

use antiphon_kafka::{Consumer, ConsumerEvents, Error, Partition};
use tokio::runtime::Handle;

use super::{
    errors::{thread_failed, translate},
    feed::{self, Faults, Progress, Reader, listed},
    settings::Settings,
};
use crate::transport::{
    GroupEvents, PartitionOffset, RecordSink, Subscription, TopicPartition, TransportError,
};

const POLL: Duration = Duration::from_millis(250);

/// How long the last commit of partitions that go may take.
const LAST_COMMIT: Duration = Duration::from_secs(3);

/// Beyond this the handlers' own limit has failed, and the group must not be held up.
const LONGEST_REVOKE: Duration = Duration::from_secs(60);

pub(super) fn join(
    settings: &Settings,
    group: &str,
    topics: &[String],
    sink: Box<dyn RecordSink>,
    events: Arc<dyn GroupEvents>,
    runtime: &Handle,
) -> Result<Arc<dyn Subscription>, TransportError> {
    let consumer = Consumer::new(&settings.requests(group)).map_err(|e| translate(&e))?;
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    consumer.subscribe(&topics).map_err(|e| translate(&e))?;
    let (faults, told) = Faults::channel();
    let progress = Arc::new(Progress::default());
    let reader = Reader::new(&consumer, sink, told, progress);
    let feed = feed::thread::start("antiphon-request", reader)?;
    let mut member = Member {
        events,
        faults,
        runtime: runtime.clone(),
    };
    thread::Builder::new()
        .name("antiphon-events".into())
        .spawn(move || {
            while !consumer.is_closed() {
                consumer.poll_events(POLL, &mut member);
            }
        })
        .map_err(|error| thread_failed("events", &error))?;
    Ok(Arc::new(feed))
}

struct Member {
    events: Arc<dyn GroupEvents>,
    faults: Faults,
    runtime: Handle,
}

impl Member {
    /// Waits for the core's answer on the user's runtime, from this thread. No answer if the
    /// runtime is gone.
    fn ask_core(&self, partitions: &[TopicPartition], lost: bool) -> Vec<PartitionOffset> {
        let answer = self.events.revoked(partitions, lost);
        let (done, told) = sync_channel(1);
        self.runtime.spawn(async move {
            let _ = done.send(answer.await);
        });
        told.recv_timeout(LONGEST_REVOKE).unwrap_or_default()
    }
}

impl ConsumerEvents for Member {
    fn assigned(&mut self, _: &Consumer, partitions: &[Partition]) {
        self.events.assigned(&own(partitions));
    }

    fn revoked(&mut self, consumer: &Consumer, partitions: &[Partition], lost: bool) {
        let offsets = self.ask_core(&own(partitions), lost);
        if offsets.is_empty() || lost {
            return;
        }
        if let Err(error) = consumer.commit(&listed(&offsets), LAST_COMMIT) {
            tracing::warn!(%error, "offsets of revoked partitions not committed; their requests will be delivered again");
        }
    }

    fn error(&mut self, error: Error) {
        self.faults.tell(translate(&error));
    }

    fn committed(&mut self, result: Result<&[(String, i32, i64)], Error>) {
        if let Err(error) = result {
            tracing::debug!(%error, "offsets not committed");
        }
    }
}

fn own(partitions: &[Partition]) -> Vec<TopicPartition> {
    let own = partitions.iter().map(|p| TopicPartition {
        topic: p.topic.as_str().into(),
        partition: p.partition,
    });
    own.collect()
}
