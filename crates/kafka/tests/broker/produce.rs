//! Sending.

use std::time::Duration;

use antiphon_kafka::{Batch, Certainty, ErrorKind, Outgoing, Producer, Reports};

use crate::support::{
    LIMIT, LOOK, broker, numbered, producer, properties, reader, reports, send_all, until,
};

#[test]
fn a_record_comes_back_as_it_was_sent() {
    let broker = broker();
    broker.create_topic("t", 2).unwrap();
    let producer = producer(&broker);
    let topic = producer.topic("t").unwrap();
    assert_eq!(topic.name(), "t");
    let headers: &[(&str, Option<&[u8]>)] = &[
        ("twice", Some(b"first")),
        ("null", None),
        ("empty", Some(b"")),
        ("twice", Some(b"\xff\x00second")),
        ("grün", Some(b"utf-8")),
    ];
    let record = Outgoing {
        topic: &topic,
        partition: 1,
        key: Some(b"the key"),
        value: Some(b"the value"),
        headers,
        token: u64::MAX,
    };
    producer.send(&record).unwrap();
    let report = reports(&producer, 1)[0];
    assert_eq!((report.token, report.offset), (u64::MAX, 0));
    // The embedded broker stamps everything so.
    assert_eq!(report.appended, Some(1234));
    assert_eq!(
        (report.certainty, report.error),
        (Certainty::Persisted, None)
    );

    let reader = reader(&broker);
    reader.assign(&[("t", 1, 0)]).unwrap();
    let mut batch = Batch::with_capacity(10);
    until("the record", || reader.fill(&mut batch, 10, LOOK) == 1);
    let message = batch.iter().next().unwrap().unwrap();
    assert_eq!(
        (message.topic(), message.partition(), message.offset()),
        ("t", 1, 0)
    );
    assert_eq!(message.key(), Some(b"the key".as_slice()));
    assert_eq!(message.payload(), Some(b"the value".as_slice()));
    assert!(message.timestamp().is_some());
    let seen: Vec<_> = message.headers().iter().collect();
    let sent: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_bytes(), *value))
        .collect();
    assert_eq!(seen, sent);
    assert_eq!(message.headers().count(), 5);
    assert_eq!(
        message.headers().last(b"twice"),
        Some(Some(b"\xff\x00second".as_slice()))
    );
    assert_eq!(message.headers().last(b"null"), Some(None));
    assert_eq!(message.headers().last(b"none"), None);
    assert!(!message.headers().is_malformed());
}

#[test]
fn null_and_empty_keys_and_values_are_told_apart() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    let topic = producer.topic("t").unwrap();
    let empty = Some(b"".as_slice());
    let pairs = [(None, None), (empty, empty), (None, empty), (empty, None)];
    for (token, (key, value)) in (0..).zip(pairs) {
        let record = Outgoing {
            topic: &topic,
            partition: 0,
            key,
            value,
            headers: &[] as &[(&str, _)],
            token,
        };
        producer.send(&record).unwrap();
    }
    let reader = reader(&broker);
    reader.assign(&[("t", 0, 0)]).unwrap();
    let mut batch = Batch::with_capacity(10);
    let mut seen = Vec::new();
    until("the records", || {
        reader.fill(&mut batch, 10, LOOK);
        for message in batch.iter() {
            let message = message.unwrap();
            let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
            seen.push((owned(message.key()), owned(message.payload())));
            assert_eq!(message.headers().count(), 0);
        }
        seen.len() == 4
    });
    let sent: Vec<_> = pairs
        .iter()
        .map(|(k, v)| (k.map(<[u8]>::to_vec), v.map(<[u8]>::to_vec)))
        .collect();
    assert_eq!(seen, sent);
}

#[test]
fn what_is_too_large_is_refused_at_once() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    let topic = producer.topic("t").unwrap();
    let value = vec![0; 2_000_000];
    let headers: &[(&str, Option<&[u8]>)] = &[("freed", Some(b"on failure"))];
    let record = Outgoing {
        topic: &topic,
        partition: 0,
        key: None,
        value: Some(&value),
        headers,
        token: 1,
    };
    let error = producer.send(&record).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MessageTooLarge, "{error}");
    assert_eq!(error.name(), "MSG_SIZE_TOO_LARGE");
    assert_eq!(producer.queue_len(), 0);
}

#[test]
fn a_full_queue_is_told_at_once() {
    let broker = broker();
    let mut properties = properties(&broker);
    properties
        .set("queue.buffering.max.messages", "3")
        .set("linger.ms", "10000");
    let producer = Producer::new(&properties, Reports::All).unwrap();
    let topic = producer.topic("t").unwrap();
    let send = |token| {
        let value = Some(b"x".as_slice());
        let record = Outgoing {
            topic: &topic,
            partition: 0,
            key: None,
            value,
            headers: &[] as &[(&str, _)],
            token,
        };
        producer.send(&record)
    };
    (0..3).for_each(|token| send(token).unwrap());
    assert_eq!(send(3).unwrap_err().kind(), ErrorKind::QueueFull);
    assert_eq!(producer.queue_len(), 3);
}

#[test]
fn only_failures_are_reported_if_asked_for() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = Producer::new(&properties(&broker), Reports::ErrorsOnly).unwrap();
    send_all(&producer, "t", &numbered("v", 10));
    until("all sent", || {
        let events = producer.poll_events(LOOK, &mut |event| panic!("{event:?}"));
        assert_eq!(events, 0);
        producer.queue_len() == 0
    });
}

#[test]
fn a_topic_is_of_its_own_producer() {
    let broker = broker();
    let (one, other) = (producer(&broker), producer(&broker));
    let topic = one.topic("t").unwrap();
    let record = Outgoing {
        topic: &topic,
        partition: 0,
        key: None,
        value: None,
        headers: &[] as &[(&str, _)],
        token: 0,
    };
    assert_eq!(
        other.send(&record).unwrap_err().kind(),
        ErrorKind::InvalidConfig
    );
}

#[test]
fn a_wrong_property_is_named() {
    let mut properties = antiphon_kafka::Properties::new();
    properties.set("no.such.property", "1");
    let error = Producer::new(&properties, Reports::All).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.to_string().contains("no.such.property"), "{error}");
}

#[test]
fn wake_ends_a_wait_for_events() {
    let broker = broker();
    let producer = producer(&broker);
    std::thread::scope(|scope| {
        let polling = scope.spawn(|| producer.poll_events(LIMIT * 10, &mut |_| {}));
        until("the poll to end", || {
            producer.wake();
            std::thread::park_timeout(Duration::from_millis(1));
            polling.is_finished()
        });
    });
}
