//! Closing and dropping.

use std::time::{Duration, Instant};

use antiphon_kafka::{
    Batch, Certainty, Consumer, EmbeddedBroker, ErrorKind, Outgoing, Properties, RequestKind,
};

use crate::support::{
    LIMIT, LOOK, Seen, broker, numbered, producer, properties, read, reader, reports, send_all,
    until,
};

/// What a call that does not block may take on a busy machine.
const AT_ONCE: Duration = Duration::from_millis(500);

fn member(broker: &EmbeddedBroker) -> Consumer {
    let mut properties: Properties = properties(broker);
    properties
        .set("group.id", "g")
        .set("auto.offset.reset", "earliest");
    let member = Consumer::new(&properties).unwrap();
    member.subscribe(&["t"]).unwrap();
    let mut seen = Seen::default();
    until("the partition", || {
        member.poll_events(LOOK, &mut seen);
        !seen.held.is_empty()
    });
    member
}

#[test]
fn a_close_delivers_what_was_queued() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    let topic = producer.topic("t").unwrap();
    send_all(&producer, "t", &numbered("v", 100));
    let clone = producer.clone();
    let closing = producer.close(LIMIT);
    assert!(clone.is_closed());
    let record = Outgoing {
        topic: &topic,
        partition: 0,
        key: None,
        value: None,
        headers: &[] as &[(&str, _)],
        token: 0,
    };
    assert_eq!(clone.send(&record).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(clone.topic("u").unwrap_err().kind(), ErrorKind::Closed);
    let seen = reports(&clone, 100);
    assert!(
        seen.iter()
            .all(|report| report.certainty == Certainty::Persisted)
    );
    assert!(closing.wait(LIMIT));
    assert!(clone.close(LIMIT).is_finished());
    // The handle of a topic may outlive its producer.
    drop(topic);

    let reader = reader(&broker);
    reader.assign(&[("t", 0, 0)]).unwrap();
    assert_eq!(read(&reader, 100), numbered("v", 100));
}

#[test]
fn a_close_gives_up_at_its_deadline_and_says_so() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    assert_eq!(producer.partitions("t", LIMIT).unwrap(), Some(1));
    broker.broker_down(1).unwrap();
    send_all(&producer, "t", &numbered("v", 3));
    let clone = producer.clone();
    let started = Instant::now();
    let closing = producer.close(Duration::from_millis(300));
    assert!(started.elapsed() < AT_ONCE);
    let seen = reports(&clone, 3);
    assert!(started.elapsed() >= Duration::from_millis(300));
    let kinds = [ErrorKind::PurgedQueue, ErrorKind::PurgedInFlight];
    assert!(
        seen.iter()
            .all(|report| kinds.contains(&report.error.unwrap().kind)),
        "{seen:?}"
    );
    assert!(closing.wait(LIMIT));
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_close_does_not_depend_on_fetched_reports() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    send_all(&producer, "t", &numbered("v", 10));
    assert!(producer.close(LIMIT).wait(LIMIT));
}

#[test]
fn a_consumer_closes_while_its_broker_is_down() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let member = member(&broker);
    broker.broker_down(1).unwrap();
    let started = Instant::now();
    let closing = member.close(Duration::from_secs(1));
    assert!(started.elapsed() < AT_ONCE);
    assert!(closing.wait(LIMIT));
    assert!(
        started.elapsed() < Duration::from_secs(6),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_close_behind_a_frozen_commit_does_not_hold_up_the_caller() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let member = member(&broker);
    broker
        .delay_request(1, RequestKind::OffsetCommit, Duration::from_secs(8))
        .unwrap();
    member.commit_async(&[("t", 0, 0)]).unwrap();
    let started = Instant::now();
    let closing = member.close(Duration::from_millis(200));
    assert!(started.elapsed() < AT_ONCE);
    assert!(!closing.wait(Duration::from_millis(500)));
    assert!(started.elapsed() < Duration::from_secs(2));
    assert!(closing.wait(LIMIT));
}

#[test]
fn a_close_wakes_who_is_blocked_and_later_calls_fail() {
    let broker = broker();
    let reader = reader(&broker);
    std::thread::scope(|scope| {
        let filling = scope.spawn(|| reader.fill(&mut Batch::with_capacity(1), 1, LIMIT * 10));
        let polling = scope.spawn(|| reader.poll_events(LIMIT * 10, &mut Seen::default()));
        let closing = reader.clone().close(LIMIT);
        assert!(closing.wait(LIMIT));
        assert_eq!((filling.join().unwrap(), polling.join().unwrap()), (0, 0));
    });
    assert!(reader.is_closed());
    assert_eq!(
        reader.assign(&[("t", 0, 0)]).unwrap_err().kind(),
        ErrorKind::Closed
    );
    assert_eq!(
        reader.commit(&[("t", 0, 0)], LIMIT).unwrap_err().kind(),
        ErrorKind::Closed
    );
    assert_eq!(reader.fill(&mut Batch::with_capacity(1), 1, LIMIT), 0);
    reader.wake();
}

#[test]
fn records_stay_readable_until_their_batch_is_gone() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    send_all(&producer, "t", &numbered("v", 1));
    let reader = reader(&broker);
    reader.assign(&[("t", 0, 0)]).unwrap();
    let mut batch = Batch::with_capacity(1);
    until("the record", || reader.fill(&mut batch, 1, LOOK) == 1);
    let closing = reader.close(Duration::from_millis(100));
    assert!(!closing.wait(Duration::from_millis(500)));
    let message = batch.iter().next().unwrap().unwrap();
    assert_eq!(
        (message.topic(), message.payload()),
        ("t", Some(b"v0".as_slice()))
    );
    drop(batch);
    assert!(closing.wait(LIMIT));
}

#[test]
fn dropping_does_not_block() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let (producer, member) = (producer(&broker), member(&broker));
    assert_eq!(producer.partitions("t", LIMIT).unwrap(), Some(1));
    broker.broker_down(1).unwrap();
    send_all(&producer, "t", &numbered("v", 10));
    let started = Instant::now();
    drop(producer);
    drop(member);
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_close_can_be_awaited() {
    let broker = broker();
    let closing = producer(&broker).close(LIMIT);
    assert!(
        tokio::time::timeout(LIMIT, closing.finished())
            .await
            .unwrap()
    );
    assert!(closing.finished().await);
}

#[test]
fn many_clients_at_once_close_while_they_are_used() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    for _ in 0..5 {
        let producer = producer(&broker);
        let reader = reader(&broker);
        reader.assign(&[("t", 0, 0)]).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !producer.is_closed() {
                        let Ok(topic) = producer.topic("t") else {
                            break;
                        };
                        let record = Outgoing {
                            topic: &topic,
                            partition: 0,
                            key: None,
                            value: Some(b"x"),
                            headers: &[("h", None)],
                            token: 0,
                        };
                        let _ = producer.send(&record);
                        producer.poll_events(Duration::ZERO, &mut |_| {});
                    }
                });
                scope.spawn(|| {
                    let mut batch = Batch::with_capacity(10);
                    while !reader.is_closed() {
                        reader.fill(&mut batch, 10, Duration::from_millis(1));
                        batch
                            .iter()
                            .flatten()
                            .for_each(|m| assert_eq!(m.headers().count(), 1));
                    }
                });
            }
            assert_eq!(reader.watermarks("t", 0, LIMIT).unwrap().0, 0);
            let closings = [producer.clone().close(LIMIT), reader.clone().close(LIMIT)];
            assert!(closings.iter().all(|closing| closing.wait(LIMIT)));
        });
    }
}
