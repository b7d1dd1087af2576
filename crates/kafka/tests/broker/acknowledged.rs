//! Successes that are told by a call instead of an event.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use antiphon_kafka::{
    EmbeddedBroker, ErrorKind, OnAcknowledged, Outgoing, Producer, ProducerEvent, Properties,
    Reports, RequestKind,
};

use crate::support::{LIMIT, LOOK, broker, numbered, properties, reports, send_all, until};

/// `INVALID_RECORD` of the Kafka protocol, which no client tries again.
const INVALID_RECORD: i32 = 87;

/// The tokens that were told, in order.
type Told = Arc<Mutex<Vec<u64>>>;

fn telling(properties: &Properties) -> (Producer, Told) {
    let told = Told::default();
    let noted = Arc::clone(&told);
    let tell: OnAcknowledged = Arc::new(move |token| noted.lock().unwrap().push(token));
    let producer = Producer::new(properties, Reports::Acknowledged(tell)).unwrap();
    (producer, told)
}

/// Until nothing is queued or on its way; an event would be an unexpected report.
fn flushed(producer: &Producer) {
    until("all sent", || {
        producer.poll_events(LOOK, &mut |event| panic!("{event:?}"));
        producer.queue_len() == 0
    });
}

fn one_topic() -> EmbeddedBroker {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    broker
}

#[test]
fn what_is_acknowledged_is_told_once_and_makes_no_event() {
    let broker = one_topic();
    let (producer, told) = telling(&properties(&broker));
    send_all(&producer, "t", &numbered("v", 1_000));
    flushed(&producer);
    assert_eq!(*told.lock().unwrap(), (0..1_000).collect::<Vec<_>>());
}

#[test]
fn what_failed_is_an_event_and_is_not_told() {
    let broker = one_topic();
    let (producer, told) = telling(&properties(&broker));
    assert_eq!(producer.partitions("t", LIMIT).unwrap(), Some(1));
    broker.request_errors(RequestKind::Produce, &[INVALID_RECORD]);
    // The first batch may hold only some of them; the rest is stored.
    send_all(&producer, "t", &numbered("v", 100));
    let mut failed = BTreeSet::new();
    until("each is reported", || {
        producer.poll_events(LOOK, &mut |event| {
            if let ProducerEvent::Reports(batch) = event {
                for report in batch {
                    assert!(report.error.is_some(), "{report:?}");
                    assert!(failed.insert(report.token), "twice: {report:?}");
                }
            }
        });
        failed.len() + told.lock().unwrap().len() == 100
    });
    assert!(failed.contains(&0));
    let told: BTreeSet<_> = told.lock().unwrap().iter().copied().collect();
    assert_eq!(told.len() + failed.len(), 100);
    assert!(told.is_disjoint(&failed));
}

#[test]
fn what_never_left_is_an_event_and_is_not_told() {
    let broker = one_topic();
    let mut properties = properties(&broker);
    properties.set("message.timeout.ms", "1000");
    let (producer, told) = telling(&properties);
    broker.broker_down(1).unwrap();
    send_all(&producer, "t", &numbered("v", 3));
    assert_eq!(reports(&producer, 3).len(), 3);
    assert!(told.lock().unwrap().is_empty());
}

#[test]
fn what_failed_can_be_read_in_its_report() {
    let broker = one_topic();
    let mut properties = properties(&broker);
    properties.set("message.timeout.ms", "1000");
    let (producer, _) = telling(&properties);
    broker.broker_down(1).unwrap();
    let record = Outgoing {
        topic: &producer.topic("t").unwrap(),
        partition: 0,
        key: Some(b"key"),
        value: Some(b""),
        headers: &[("one", Some(&b"1"[..])), ("null", None)],
        token: 7,
    };
    producer.send(&record).unwrap();
    let mut read = Vec::new();
    until("it is reported", || {
        producer.poll_events(LOOK, &mut |event| {
            if let ProducerEvent::Reports(batch) = event {
                read.extend(batch.map(|report| {
                    let headers = report.headers();
                    let headers = headers
                        .iter()
                        .map(|(n, v)| (n.to_vec(), v.map(<[u8]>::to_vec)));
                    let key = report.key().map(<[u8]>::to_vec);
                    let value = report.payload().map(<[u8]>::to_vec);
                    (report.topic(), key, value, headers.collect::<Vec<_>>())
                }));
            }
        });
        !read.is_empty()
    });
    let headers = vec![
        (b"one".to_vec(), Some(b"1".to_vec())),
        (b"null".to_vec(), None),
    ];
    let sent = (
        "t".to_owned(),
        Some(b"key".to_vec()),
        Some(Vec::new()),
        headers,
    );
    assert_eq!(read, [sent]);
}

#[test]
fn what_is_given_up_by_a_close_is_not_told() {
    let broker = one_topic();
    let (producer, told) = telling(&properties(&broker));
    broker.broker_down(1).unwrap();
    send_all(&producer, "t", &numbered("v", 3));
    assert!(producer.close(std::time::Duration::ZERO).wait(LIMIT));
    assert!(told.lock().unwrap().is_empty());
}

#[test]
fn a_send_that_is_refused_at_once_is_not_told() {
    let broker = one_topic();
    let (producer, told) = telling(&properties(&broker));
    send_all(&producer, "t", &numbered("v", 1));
    flushed(&producer);
    let record = Outgoing {
        topic: &producer.topic("t").unwrap(),
        partition: 7,
        key: None,
        value: None,
        headers: &[] as &[(&str, _)],
        token: 7,
    };
    let refused = producer.send(&record).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::UnknownPartition, "{refused}");
    assert_eq!(*told.lock().unwrap(), [0]);
}

#[test]
fn without_acknowledgements_what_was_sent_is_told() {
    let broker = one_topic();
    for name in ["acks", "request.required.acks"] {
        let mut properties = properties(&broker);
        properties.set(name, "0");
        let (producer, told) = telling(&properties);
        send_all(&producer, "t", &numbered("v", 10));
        flushed(&producer);
        assert_eq!(*told.lock().unwrap(), (0..10).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn a_panic_is_kept_from_librdkafka() {
    let broker = one_topic();
    let told = Told::default();
    let noted = Arc::clone(&told);
    let tell: OnAcknowledged = Arc::new(move |token| {
        assert_ne!(token, 0, "as the test wants");
        noted.lock().unwrap().push(token);
    });
    let producer = Producer::new(&properties(&broker), Reports::Acknowledged(tell)).unwrap();
    send_all(&producer, "t", &numbered("v", 3));
    flushed(&producer);
    assert_eq!(*told.lock().unwrap(), [1, 2]);
}

#[test]
fn who_is_told_lives_as_long_as_the_client_and_no_longer() {
    let broker = one_topic();
    let (producer, told) = telling(&properties(&broker));
    send_all(&producer, "t", &numbered("v", 10));
    assert_eq!(Arc::strong_count(&told), 2);
    assert!(producer.close(LIMIT).wait(LIMIT));
    assert_eq!(told.lock().unwrap().len(), 10, "flushed by the close");
    assert_eq!(Arc::strong_count(&told), 1);
}

#[test]
fn a_wrong_configuration_frees_who_would_be_told() {
    let told = Told::default();
    let noted = Arc::clone(&told);
    let tell: OnAcknowledged = Arc::new(move |token| noted.lock().unwrap().push(token));
    let mut properties = Properties::new();
    // Each is known; together librdkafka makes no client of them.
    properties
        .set("enable.idempotence", "true")
        .set("acks", "1");
    let refused = Producer::new(&properties, Reports::Acknowledged(tell)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidConfig, "{refused}");
    assert_eq!(Arc::strong_count(&told), 1);
}
