//! Receiving by assignment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use antiphon_kafka::{Batch, Consumer, ErrorKind, Partition};

use crate::support::{
    LIMIT, LOOK, Seen, broker, numbered, producer, properties, read, reader, reports, send_all,
    until,
};

#[test]
fn an_explicit_offset_misses_nothing() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    for round in 0..20 {
        let reader = reader(&broker);
        let (_, high) = reader.watermarks("t", 0, LIMIT).unwrap();
        assert_eq!(high, round * 3);
        reader.assign(&[("t", 0, high)]).unwrap();
        let sent = numbered(&format!("round {round}: "), 3);
        send_all(&producer, "t", &sent);
        assert_eq!(read(&reader, 3), sent);
        reports(&producer, 3);
    }
}

#[test]
fn watermarks_are_those_of_the_log() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    send_all(&producer, "t", &numbered("v", 5));
    reports(&producer, 5);
    let reader = reader(&broker);
    assert_eq!(reader.watermarks("t", 0, LIMIT).unwrap(), (0, 5));
    let error = reader.watermarks("t", 7, LIMIT).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownPartition, "{error}");
    assert_eq!((error.topic(), error.partition()), (Some("t"), Some(7)));
}

#[test]
fn an_offset_out_of_range_is_an_error_of_its_partition() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let reader = reader(&broker);
    reader.assign(&[("t", 0, 1_000)]).unwrap();
    let mut batch = Batch::with_capacity(10);
    until("the error", || reader.fill(&mut batch, 10, LOOK) > 0);
    let error = batch.iter().next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OffsetOutOfRange, "{error}");
    assert_eq!((error.topic(), error.partition()), (Some("t"), Some(0)));
    assert!(!error.is_fatal());
}

#[test]
fn a_missing_topic_is_none_and_is_not_made() {
    let broker = broker();
    broker.create_topic("here", 3).unwrap();
    let (reader, producer) = (reader(&broker), producer(&broker));
    assert_eq!(reader.partitions("here", LIMIT).unwrap(), Some(3));
    for _ in 0..3 {
        assert_eq!(reader.partitions("missing", LIMIT).unwrap(), None);
        assert_eq!(producer.partitions("missing", LIMIT).unwrap(), None);
    }
    let names: Vec<_> = reader
        .topics(LIMIT)
        .unwrap()
        .into_iter()
        .map(|topic| topic.name)
        .collect();
    assert_eq!(names, ["here"]);
}

#[test]
fn wake_ends_both_waits() {
    let broker = broker();
    let reader = reader(&broker);
    std::thread::scope(|scope| {
        let filling = scope.spawn(|| reader.fill(&mut Batch::with_capacity(1), 1, LIMIT * 10));
        let polling = scope.spawn(|| reader.poll_events(LIMIT * 10, &mut Seen::default()));
        until("both to end", || {
            reader.wake();
            std::thread::park_timeout(Duration::from_millis(1));
            filling.is_finished() && polling.is_finished()
        });
        assert_eq!(filling.join().unwrap(), 0);
    });
}

#[test]
fn a_wake_is_not_lost_when_no_call_is_blocked() {
    let broker = broker();
    let reader = reader(&broker);
    reader.wake();
    assert_eq!(reader.fill(&mut Batch::with_capacity(1), 1, LIMIT * 100), 0);
    reader.poll_events(LIMIT * 100, &mut Seen::default());
}

/// Has it told through a channel when records were rung for.
fn rung(reader: &Consumer) -> Receiver<()> {
    let (ring, rung) = sync_channel(1);
    // Full: a ring is waiting to be heard.
    let tell = move || ring.try_send(()).unwrap_or_default();
    reader.on_records(tell).unwrap();
    rung
}

/// Whether the callback can no longer run.
fn is_freed(rung: &Receiver<()>) -> bool {
    let end = std::iter::repeat_with(|| rung.recv_timeout(LIMIT)).find_map(Result::err);
    end == Some(RecvTimeoutError::Disconnected)
}

/// Takes what is there without waiting, until it finds nothing more.
fn drained(reader: &Consumer) -> usize {
    let mut batch = Batch::with_capacity(2);
    let mut taken = 0;
    loop {
        let filled = reader.fill(&mut batch, 2, Duration::ZERO);
        taken += filled;
        if filled < 2 {
            return taken;
        }
    }
}

#[test]
fn who_looks_only_when_it_is_rung_gets_every_record() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let (producer, reader) = (producer(&broker), reader(&broker));
    let rung = rung(&reader);
    reader.assign(&[("t", 0, 0)]).unwrap();
    for round in 0..20 {
        send_all(&producer, "t", &numbered(&format!("round {round}: "), 5));
        let mut taken = 0;
        while taken < 5 {
            rung.recv_timeout(LIMIT).unwrap();
            taken += drained(&reader);
        }
        assert_eq!(taken, 5);
        reports(&producer, 5);
    }
}

#[test]
fn a_wake_rings_also_when_there_is_nothing() {
    let broker = broker();
    let reader = reader(&broker);
    let rung = rung(&reader);
    reader.wake();
    rung.recv_timeout(LIMIT).unwrap();
    assert_eq!(drained(&reader), 0);
}

#[test]
fn another_ring_takes_the_place_of_the_first_which_is_freed() {
    let broker = broker();
    let reader = reader(&broker);
    let first = rung(&reader);
    let second = rung(&reader);
    reader.wake();
    second.recv_timeout(LIMIT).unwrap();
    assert!(is_freed(&first));
    assert!(reader.clone().close(LIMIT).wait(LIMIT));
    assert!(is_freed(&second));
    let error = reader.on_records(|| {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
}

#[test]
fn a_callback_that_panics_does_no_harm() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let (producer, reader) = (producer(&broker), reader(&broker));
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    reader
        .on_records(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            std::panic::panic_any("as the test wants");
        })
        .unwrap();
    reader.assign(&[("t", 0, 0)]).unwrap();
    send_all(&producer, "t", &numbered("v", 3));
    assert_eq!(read(&reader, 3), numbered("v", 3));
    assert!(calls.load(Ordering::Relaxed) > 0);
}

#[test]
fn a_paused_partition_goes_on_where_it_was() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    let reader = reader(&broker);
    let partition = [Partition {
        topic: "t".to_owned(),
        partition: 0,
    }];
    reader.assign(&[("t", 0, 0)]).unwrap();
    assert_eq!(reader.assignment().unwrap(), partition);
    send_all(&producer, "t", &numbered("a", 3));
    assert_eq!(read(&reader, 3), numbered("a", 3));
    reader.pause(&partition).unwrap();
    send_all(&producer, "t", &numbered("b", 3));
    reports(&producer, 6);
    assert_eq!(
        reader.fill(
            &mut Batch::with_capacity(10),
            10,
            Duration::from_millis(200)
        ),
        0
    );
    reader.resume(&partition).unwrap();
    assert_eq!(read(&reader, 3), numbered("b", 3));
}

#[test]
fn a_batch_holds_no_more_than_it_has_room_for() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    send_all(&producer, "t", &numbered("v", 10));
    reports(&producer, 10);
    let reader = reader(&broker);
    reader.assign(&[("t", 0, 0)]).unwrap();
    let mut batch = Batch::with_capacity(4);
    let mut left = 10;
    until("all records", || {
        let count = reader.fill(&mut batch, usize::MAX, LOOK);
        assert!(count <= batch.capacity() && count == batch.len());
        left -= count;
        left == 0
    });
    batch.clear();
    assert!(batch.is_empty());
    assert_eq!(reader.fill(&mut Batch::with_capacity(0), 10, LIMIT), 0);
}

#[test]
fn records_of_many_partitions_are_all_delivered() {
    let broker = broker();
    broker.create_topic("t", 8).unwrap();
    let producer = producer(&broker);
    let topic = producer.topic("t").unwrap();
    let reader = reader(&broker);
    let parts: Vec<_> = (0..8)
        .map(|partition| ("t".to_owned(), partition, 0))
        .collect();
    reader.assign(&parts).unwrap();
    for token in 0..4_000_u64 {
        let partition = i32::try_from(token % 8).unwrap();
        let value = token.to_string();
        let record = antiphon_kafka::Outgoing {
            topic: &topic,
            partition,
            key: None,
            value: Some(value.as_bytes()),
            headers: &[] as &[(&str, _)],
            token,
        };
        producer.send(&record).unwrap();
    }
    let mut seen: Vec<u64> = read(&reader, 4_000)
        .iter()
        .map(|value| value.parse().unwrap())
        .collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..4_000));
}

#[test]
fn a_consumer_needs_a_group() {
    let broker = broker();
    let error = Consumer::new(&properties(&broker)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.to_string().contains("group.id"), "{error}");
}
