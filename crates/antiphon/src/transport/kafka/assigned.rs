//! One partition, read without a group: where replies come in.

use std::{
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use antiphon_kafka::{Consumer, ConsumerEvents, Error, ErrorKind};
use rand::Rng;
use tokio::runtime::Handle;

use super::{
    errors::translate,
    feed::{self, Faults, Progress, Reader, is_doubtful},
    settings::Settings,
    thread_failed,
};
use crate::transport::{
    Matching, RecordSink, Start, Subscription, TransportError, TransportErrorKind as Kind,
};

/// How often the partition is compared with our position. A topic that was deleted and made anew
/// is not reported by librdkafka: the consumer just gets nothing any more.
const CHECK: Duration = Duration::from_secs(5);

/// How long a topic must be missed before it counts as gone: a broker that has just started may
/// not know it yet.
const DOUBT: Duration = Duration::from_secs(2);

const POLL: Duration = Duration::from_millis(250);

/// Blocks until the position is fixed.
pub(super) fn open(
    settings: &Settings,
    topic: &str,
    partition: i32,
    start: Start,
    sink: Box<dyn RecordSink>,
    timeout: Duration,
    runtime: &Handle,
) -> Result<Arc<dyn Subscription>, TransportError> {
    // Required by librdkafka also of a consumer that joins no group. It never commits.
    let group = format!("antiphon-replies-{:016x}", rand::rng().random::<u64>());
    let consumer = Consumer::new(&settings.replies(&group)).map_err(|e| translate(&e))?;
    let (low, high) = watermarks(&consumer, topic, partition, timeout)?;
    let position = start.resolve(low, high).ok_or_else(|| {
        let message =
            format!("the partition has the offsets {low} to {high}: {start:?} is not there");
        TransportError::new(Kind::OffsetOutOfRange, message).at(topic, Some(partition))
    })?;
    // An explicit offset: librdkafka would look up "the end" later, and lose replies until then.
    consumer
        .assign(&[(topic, partition, position)])
        .map_err(|e| translate(&e))?;
    let progress = Arc::new(Progress::default());
    progress.position.store(position, Ordering::Release);
    let (faults, told) = Faults::channel();
    let watch = Watch {
        consumer: consumer.clone(),
        topic: topic.into(),
        partition,
        progress: Arc::clone(&progress),
        faults,
        missing_since: None,
    };
    let matching = sink.matching();
    let reader = Reader::new(&consumer, sink, told, progress);
    let feed = match matching {
        Matching::Runtime => feed::task::start(runtime, reader)?,
        Matching::Thread => feed::thread::start("antiphon-reply", reader)?,
    };
    thread::Builder::new()
        .name("antiphon-events".into())
        .spawn(move || watch.run())
        .map_err(|error| thread_failed("events", &error))?;
    Ok(Arc::new(feed))
}

/// The oldest offset and the end. A partition that was created a moment ago may have no leader yet.
fn watermarks(
    consumer: &Consumer,
    topic: &str,
    partition: i32,
    timeout: Duration,
) -> Result<(i64, i64), TransportError> {
    let until = Instant::now() + timeout;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let slice = left
            .min(Duration::from_secs(2))
            .max(Duration::from_millis(100));
        match consumer.watermarks(topic, partition, slice) {
            Ok(ends) => return Ok(ends),
            Err(error) if left.is_zero() || error.is_fatal() => {
                return Err(translate(&error).at(topic, Some(partition)));
            }
            Err(error) => {
                tracing::debug!(%error, topic, partition, "end of the partition not known yet");
                thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

/// Serves the consumer's events, and looks after the partition.
struct Watch {
    consumer: Consumer,
    topic: Arc<str>,
    partition: i32,
    progress: Arc<Progress>,
    faults: Faults,
    missing_since: Option<Instant>,
}

impl Watch {
    fn run(mut self) {
        let mut next_check = Instant::now() + CHECK;
        while !self.consumer.is_closed() {
            let mut events = Events::default();
            self.consumer.poll_events(POLL, &mut events);
            let doubtful = self.progress.doubt.swap(false, Ordering::AcqRel)
                | events.errors.iter().any(is_doubtful);
            for error in events.errors {
                if is_about_the_group(&error) {
                    tracing::debug!(%error, "the group that replies are read without");
                } else if !is_doubtful(&error) {
                    self.faults.tell(translate(&error));
                }
            }
            if doubtful || self.missing_since.is_some() || Instant::now() >= next_check {
                next_check = Instant::now() + CHECK;
                if let Some(lost) = self.check() {
                    self.faults.tell(lost);
                    self.consumer.wake();
                    return self.drain_events();
                }
            }
        }
    }

    /// After a loss the core makes a new subscription; until it closes this one, events are still
    /// served.
    fn drain_events(&self) {
        while !self.consumer.is_closed() {
            self.consumer.poll_events(POLL, &mut Events::default());
        }
    }

    fn check(&mut self) -> Option<TransportError> {
        let position = self.progress.position.load(Ordering::Acquire);
        let ends = self
            .consumer
            .watermarks(&self.topic, self.partition, Duration::from_secs(2));
        let lost = |kind, why: String| {
            Some(TransportError::new(kind, why).at(Arc::clone(&self.topic), Some(self.partition)))
        };
        match ends {
            Ok((_, high)) if high < position => lost(
                Kind::OffsetOutOfRange,
                format!(
                    "the partition ends at {high}, before our position {position}: the topic was made anew"
                ),
            ),
            Ok((low, _)) if low > position => lost(
                Kind::OffsetOutOfRange,
                format!(
                    "the partition begins at {low}, after our position {position}: replies were deleted unread"
                ),
            ),
            Ok(_) => {
                self.missing_since = None;
                None
            }
            Err(error) if is_doubtful(&error) => {
                let since = *self.missing_since.get_or_insert_with(Instant::now);
                let gone = since.elapsed() >= DOUBT;
                gone.then(|| translate(&error).at(Arc::clone(&self.topic), Some(self.partition)))
            }
            // Brokers out of reach: librdkafka comes back by itself, at the same position.
            Err(_) => None,
        }
    }
}

/// librdkafka looks for the coordinator of a group that this consumer never joins; a principal
/// that may not know it can read replies all the same.
fn is_about_the_group(error: &Error) -> bool {
    error.kind() == ErrorKind::NotAuthorized && error.topic().is_none()
}

#[derive(Default)]
struct Events {
    errors: Vec<Error>,
}

impl ConsumerEvents for Events {
    fn error(&mut self, error: Error) {
        self.errors.push(error);
    }
}
