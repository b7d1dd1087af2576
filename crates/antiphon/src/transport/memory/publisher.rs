use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::Notify;

use super::{
    faults::Fate,
    log::NewRecord,
    shared::{Shared, missing},
};
use crate::transport::{
    Clock, Delivery, DeliveryFailure, DeliverySink, Outgoing, Publisher, TopicRef, TransportError,
    TransportErrorKind as Kind,
};

/// As Kafka's default for `message.max.bytes`.
const LARGEST: usize = 1_048_588;

#[derive(Debug)]
struct MemoryPublisher {
    shared: Arc<Shared>,
    reports: Arc<Reports>,
    wants_success: bool,
}

#[derive(Debug, Default)]
struct Reports {
    state: Mutex<State>,
    rung: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Delivery>,
    closed: bool,
}

impl Reports {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn start(shared: &Arc<Shared>, sink: Arc<dyn DeliverySink>) -> Arc<dyn Publisher> {
    let reports = Arc::new(Reports::default());
    let wants_success = sink.wants_success();
    tokio::spawn(report(Arc::clone(&reports), sink));
    Arc::new(MemoryPublisher {
        shared: Arc::clone(shared),
        reports,
        wants_success,
    })
}

/// Hands reports over, as librdkafka does: later, and in batches.
async fn report(reports: Arc<Reports>, sink: Arc<dyn DeliverySink>) {
    loop {
        let rung = reports.rung.notified();
        tokio::pin!(rung);
        rung.as_mut().enable();
        let (batch, closed) = {
            let mut state = reports.state();
            (std::mem::take(&mut state.waiting), state.closed)
        };
        if !batch.is_empty() {
            let (stored, failed): (Vec<_>, Vec<_>) =
                batch.into_iter().partition(|one| one.result.is_ok());
            stored.iter().for_each(|one| sink.acknowledged(one.token));
            sink.delivered(&mut failed.into_iter());
            continue;
        }
        if closed {
            return;
        }
        rung.await;
    }
}

impl MemoryPublisher {
    fn report(&self, token: u64, failure: Option<DeliveryFailure>) {
        if failure.is_none() && !self.wants_success {
            return;
        }
        let result = failure.map_or(Ok(()), Err);
        self.reports
            .state()
            .waiting
            .push_back(Delivery { token, result });
        self.reports.rung.notify_waiters();
    }

    /// In the order in which librdkafka does.
    fn check(&self, record: &Outgoing<'_>) -> Result<(), TransportError> {
        let topic = record.topic.name();
        let (closed, waiting) = {
            let state = self.reports.state();
            (state.closed, state.waiting.len())
        };
        if closed {
            return Err(TransportError::new(Kind::Closed, "the publisher is closed"));
        }
        let size = record.value.map_or(0, <[u8]>::len) + record.key.map_or(0, <[u8]>::len);
        if size > LARGEST {
            let message = format!("a record of {size} bytes, at most {LARGEST}");
            return Err(TransportError::new(Kind::TooLarge, message).at(Arc::clone(topic), None));
        }
        let log = self.shared.log();
        if waiting >= log.queue() {
            let message = "the send queue is full";
            return Err(TransportError::new(Kind::QueueFull, message));
        }
        match log.end(topic, record.partition) {
            Some(_) => Ok(()),
            None => Err(missing(topic, Some(record.partition))),
        }
    }
}

impl Publisher for MemoryPublisher {
    fn topic(&self, name: &str) -> Result<TopicRef, TransportError> {
        Ok(TopicRef::new(name, Arc::new(())))
    }

    fn publish(&self, record: &Outgoing<'_>) -> Result<(), TransportError> {
        self.check(record)?;
        let clock = &self.shared.clock;
        let mut log = self.shared.log();
        let (fate, delay) = log.roll();
        let new = NewRecord {
            key: record.key.map(Bytes::copy_from_slice),
            value: record.value.map(Bytes::copy_from_slice),
            headers: owned(record.headers),
            timestamp: i64::try_from(clock.unix_ms()).ok(),
            visible_at: clock.elapsed() + delay,
        };
        let copies = match fate {
            Fate::Stored { copies } => copies,
            Fate::Rejected | Fate::Uncertain { stored: false } => 0,
            Fate::Uncertain { stored: true } => 1,
        };
        for _ in 0..copies {
            log.append(record.topic.name(), record.partition, new.clone());
        }
        drop(log);
        self.shared.changed.notify_waiters();
        let failure = |possibly_persisted, message: &str| DeliveryFailure {
            possibly_persisted,
            error: TransportError::new(Kind::Other, message)
                .at(Arc::clone(record.topic.name()), Some(record.partition)),
            record: self.wants_success.then(|| Box::new(record.into())),
        };
        self.report(
            record.token,
            match fate {
                Fate::Stored { .. } => None,
                Fate::Rejected => Some(failure(false, "the record was refused")),
                Fate::Uncertain { .. } => Some(failure(true, "the acknowledgement was lost")),
            },
        );
        Ok(())
    }

    fn close(&self, _: Duration) -> BoxFuture<'static, ()> {
        self.reports.state().closed = true;
        self.reports.rung.notify_waiters();
        Box::pin(std::future::ready(()))
    }
}

impl Drop for MemoryPublisher {
    fn drop(&mut self) {
        drop(self.close(Duration::ZERO));
    }
}

fn owned(headers: &[(&str, Option<&[u8]>)]) -> Vec<(Bytes, Option<Bytes>)> {
    let owned = headers.iter().map(|(name, value)| {
        let name = Bytes::copy_from_slice(name.as_bytes());
        (name, value.map(Bytes::copy_from_slice))
    });
    owned.collect()
}
