//! Brokers that are down, slow or wrong.

use std::time::{Duration, Instant};

use antiphon_kafka::{
    Certainty, ErrorKind, Outgoing, Producer, ProducerEvent, Reports, RequestKind,
};

use crate::support::{
    LIMIT, LOOK, Seen, broker, numbered, producer, properties, read, reader, reports, send_all,
    until,
};

#[test]
fn a_message_that_never_left_is_not_persisted() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let mut properties = properties(&broker);
    properties.set("message.timeout.ms", "1000");
    let producer = Producer::new(&properties, Reports::ErrorsOnly).unwrap();
    broker.broker_down(1).unwrap();
    send_all(&producer, "t", &numbered("v", 3));
    let seen = reports(&producer, 3);
    for report in &seen {
        assert_eq!(report.certainty, Certainty::NotPersisted);
        assert_eq!(report.error.unwrap().kind, ErrorKind::MessageTimedOut);
        assert!(report.offset < 0);
    }
    let mut tokens: Vec<_> = seen.iter().map(|report| report.token).collect();
    tokens.sort_unstable();
    assert_eq!(tokens, [0, 1, 2]);
}

#[test]
fn a_message_without_an_answer_may_be_persisted() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let mut properties = properties(&broker);
    properties
        .set("message.send.max.retries", "0")
        .set("socket.timeout.ms", "1000");
    let producer = Producer::new(&properties, Reports::All).unwrap();
    assert_eq!(producer.partitions("t", LIMIT).unwrap(), Some(1));
    broker
        .delay_request(1, RequestKind::Produce, LIMIT * 2)
        .unwrap();
    send_all(&producer, "t", &numbered("v", 1));
    let report = reports(&producer, 1)[0];
    assert_eq!(report.certainty, Certainty::PossiblyPersisted, "{report:?}");
    // It is there: sending it again would make a duplicate.
    let reader = reader(&broker);
    reader.assign(&[("t", 0, 0)]).unwrap();
    assert_eq!(read(&reader, 1), ["v0"]);
}

#[test]
fn a_broker_that_comes_back_gets_what_was_queued() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    broker.broker_down(1).unwrap();
    send_all(&producer, "t", &numbered("v", 3));
    let mut errors = Vec::new();
    until("an error event", || {
        producer.poll_events(LOOK, &mut |event| {
            if let ProducerEvent::Error(error) = event {
                errors.push(error);
            }
        });
        !errors.is_empty()
    });
    let kinds = [ErrorKind::Transport, ErrorKind::AllBrokersDown];
    assert!(
        errors.iter().all(|error| kinds.contains(&error.kind())),
        "{errors:?}"
    );
    assert!(producer.fatal_error().is_none());
    broker.broker_up(1).unwrap();
    assert!(
        reports(&producer, 3)
            .iter()
            .all(|r| r.certainty == Certainty::Persisted)
    );
}

#[test]
fn a_refusal_of_the_broker_reaches_the_report() {
    const TOPIC_AUTHORIZATION_FAILED: i32 = 29;
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    broker.request_errors(RequestKind::Produce, &[TOPIC_AUTHORIZATION_FAILED]);
    send_all(&producer, "t", &numbered("v", 1));
    let report = reports(&producer, 1)[0];
    assert_eq!(report.error.unwrap().kind, ErrorKind::NotAuthorized);
    assert_eq!(report.certainty, Certainty::NotPersisted);
}

#[test]
fn an_unknown_code_is_passed_on() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    broker.request_errors(RequestKind::Produce, &[4_711]);
    send_all(&producer, "t", &numbered("v", 1));
    let failure = reports(&producer, 1)[0].error.unwrap();
    assert_eq!(
        (failure.kind, failure.code),
        (ErrorKind::Other(4_711), 4_711)
    );
}

#[test]
fn a_commit_waits_no_longer_than_its_deadline() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let mut properties = properties(&broker);
    properties
        .set("group.id", "g")
        .set("auto.offset.reset", "earliest");
    let member = antiphon_kafka::Consumer::new(&properties).unwrap();
    member.subscribe(&["t"]).unwrap();
    let mut seen = Seen::default();
    until("the partition", || {
        member.poll_events(LOOK, &mut seen);
        !seen.held.is_empty()
    });
    member.commit(&[("t", 0, 1)], LIMIT).unwrap();
    broker
        .delay_request(1, RequestKind::OffsetCommit, LIMIT * 2)
        .unwrap();
    let started = Instant::now();
    let error = member
        .commit(&[("t", 0, 2)], Duration::from_millis(200))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_question_waits_no_longer_than_its_timeout() {
    let broker = broker();
    let (producer, reader) = (producer(&broker), reader(&broker));
    broker.broker_down(1).unwrap();
    let started = Instant::now();
    let timeout = Duration::from_millis(300);
    assert!(producer.partitions("t", timeout).is_err());
    assert!(reader.watermarks("t", 0, timeout).is_err());
    assert!(reader.topics(timeout).is_err());
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn an_outage_loses_no_record_of_a_reader() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let (producer, reader) = (producer(&broker), reader(&broker));
    reader.assign(&[("t", 0, 0)]).unwrap();
    send_all(&producer, "t", &numbered("a", 5));
    assert_eq!(read(&reader, 5), numbered("a", 5));
    broker.broker_down(1).unwrap();
    let mut seen = Seen::default();
    until("an error event", || {
        reader.poll_events(LOOK, &mut seen);
        !seen.errors.is_empty()
    });
    broker.broker_up(1).unwrap();
    send_all(&producer, "t", &numbered("b", 5));
    assert_eq!(read(&reader, 5), numbered("b", 5));
}

#[test]
fn a_message_to_a_missing_topic_fails() {
    let broker = broker();
    let mut properties = properties(&broker);
    properties.set("topic.metadata.propagation.max.ms", "100");
    let producer = Producer::new(&properties, Reports::All).unwrap();
    let topic = producer.topic("missing").unwrap();
    let record = Outgoing {
        topic: &topic,
        partition: 0,
        key: None,
        value: Some(b"x"),
        headers: &[] as &[(&str, _)],
        token: 5,
    };
    let kind = match producer.send(&record) {
        Ok(()) => reports(&producer, 1)[0].error.unwrap().kind,
        Err(error) => error.kind(),
    };
    assert_eq!(kind, ErrorKind::UnknownTopic);
    assert_eq!(producer.partitions("missing", LIMIT).unwrap(), None);
}
