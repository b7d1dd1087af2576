use std::{sync::Arc, thread, time::Duration};

use antiphon_kafka::{self as kafka, Certainty, Producer, ProducerEvent, Report, Reports};
use bytes::Bytes;
use futures::future::BoxFuture;

use super::{
    errors::{kind, translate},
    thread_failed,
};
use crate::transport::{
    Delivery, DeliveryFailure, DeliverySink, Outgoing, Publisher, Returned, TopicRef,
    TransportError, TransportErrorKind,
};

/// How long the report thread sleeps for an event; it is woken by one.
const IDLE: Duration = Duration::from_millis(500);

/// Pause between two polls of a producer that is being destroyed: they return at once.
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug)]
struct KafkaPublisher {
    producer: Producer,
}

/// How a producer reports to `sink`: successes, where they are wanted, on the thread that sees them.
pub(super) fn reports(sink: &Arc<dyn DeliverySink>) -> Reports {
    if !sink.wants_success() {
        return Reports::ErrorsOnly;
    }
    let sink = Arc::clone(sink);
    Reports::Acknowledged(Arc::new(move |token| sink.acknowledged(token)))
}

pub(super) fn start(
    producer: &Producer,
    sink: Arc<dyn DeliverySink>,
) -> Result<Arc<dyn Publisher>, TransportError> {
    let reported = producer.clone();
    thread::Builder::new()
        .name("antiphon-events".into())
        .spawn(move || report(&reported, &*sink))
        .map_err(|error| thread_failed("events", &error))?;
    Ok(Arc::new(KafkaPublisher {
        producer: producer.clone(),
    }))
}

/// Failures and errors, until the producer is gone; while it closes, the last reports still come.
/// A responder's successes do not come this way: a wake for each batch costs CPU on both sides.
fn report(producer: &Producer, sink: &dyn DeliverySink) {
    loop {
        let served = producer.poll_events(IDLE, &mut |event| hand_over(event, sink));
        if producer.is_closed() && producer.clone().close(Duration::ZERO).is_finished() {
            return;
        }
        if producer.is_closed() && served == 0 {
            thread::sleep(PAUSE);
        }
    }
}

fn hand_over(event: ProducerEvent<'_>, sink: &dyn DeliverySink) {
    match event {
        ProducerEvent::Reports(reports) => {
            let wanted = sink.wants_success();
            sink.delivered(&mut reports.filter_map(|report| failure(&report, wanted)));
        }
        ProducerEvent::Error(error) | ProducerEvent::Fatal(error) => sink.fault(translate(&error)),
    }
}

/// A success is reported elsewhere, if it is: here it would be the second time.
fn failure(report: &Report<'_>, wanted: bool) -> Option<Delivery> {
    let failure = report.error?;
    let what = kind(failure.kind);
    let error = TransportError::new(what, format!("not delivered: {:?}", failure.kind));
    Some(Delivery {
        token: report.token,
        result: Err(DeliveryFailure {
            possibly_persisted: report.certainty != Certainty::NotPersisted,
            error: error.at(report.topic(), Some(report.partition)),
            record: wanted.then(|| Box::new(returned(report))),
        }),
    })
}

fn returned(report: &Report<'_>) -> Returned {
    let copied = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice);
    let headers = report.headers();
    let headers = headers
        .iter()
        .map(|(name, value)| (Bytes::copy_from_slice(name), copied(value)));
    Returned {
        topic: report.topic().into(),
        partition: report.partition,
        key: copied(report.key()),
        value: copied(report.payload()),
        headers: headers.collect(),
    }
}

impl Publisher for KafkaPublisher {
    fn topic(&self, name: &str) -> Result<TopicRef, TransportError> {
        let topic = self
            .producer
            .topic(name)
            .map_err(|error| translate(&error))?;
        Ok(TopicRef::new(name, Arc::new(topic)))
    }

    fn publish(&self, record: &Outgoing<'_>) -> Result<(), TransportError> {
        let topic = record.topic.handle().ok_or_else(|| {
            TransportError::new(TransportErrorKind::Other, "the topic is another log's")
        })?;
        let sent = self.producer.send(&kafka::Outgoing {
            topic,
            partition: record.partition,
            key: record.key,
            value: record.value,
            headers: record.headers,
            token: record.token,
        });
        sent.map_err(|error| translate(&error))
    }

    fn close(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        let closing = self.producer.clone().close(deadline);
        Box::pin(async move {
            // Past the deadline the closing thread is left to itself.
            let limit = deadline + Duration::from_secs(3);
            let _ = tokio::time::timeout(limit, closing.finished()).await;
        })
    }
}

impl Drop for KafkaPublisher {
    fn drop(&mut self) {
        drop(self.producer.clone().close(Duration::from_secs(1)));
    }
}
