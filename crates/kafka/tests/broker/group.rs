//! Receiving in a group.

use std::collections::BTreeSet;

use antiphon_kafka::{Batch, Consumer, EmbeddedBroker, ErrorKind, Partition};

use crate::support::{
    LIMIT, LOOK, Seen, broker, numbered, producer, properties, read, reports, send_all, until,
};

fn member(broker: &EmbeddedBroker, strategy: &str) -> Consumer {
    let mut properties = properties(broker);
    properties
        .set("group.id", "workers")
        .set("auto.offset.reset", "earliest");
    properties.set("partition.assignment.strategy", strategy);
    let member = Consumer::new(&properties).unwrap();
    member.subscribe(&["t"]).unwrap();
    member
}

fn numbers(partitions: &[Partition]) -> BTreeSet<i32> {
    partitions.iter().map(|held| held.partition).collect()
}

#[test]
fn eager_members_share_the_partitions() {
    members_share_the_partitions("range");
}

#[test]
fn cooperative_members_share_the_partitions() {
    members_share_the_partitions("cooperative-sticky");
}

fn members_share_the_partitions(strategy: &str) {
    let broker = broker();
    broker.create_topic("t", 4).unwrap();
    let (mut one_seen, mut other_seen) = (Seen::default(), Seen::default());
    let one = member(&broker, strategy);
    until("all partitions", || {
        one.poll_events(LOOK, &mut one_seen);
        one_seen.held.len() == 4
    });
    let other = member(&broker, strategy);
    until("two partitions each", || {
        one.poll_events(LOOK, &mut one_seen);
        other.poll_events(LOOK, &mut other_seen);
        one_seen.held.len() == 2 && other_seen.held.len() == 2
    });
    assert!(numbers(&one_seen.held).is_disjoint(&numbers(&other_seen.held)));
    assert!(one_seen.revocations > 0);
    assert_eq!(one.assignment().unwrap().len(), 2);
    assert!(!one.assignment_lost());

    let closing = other.close(LIMIT);
    until("all partitions again", || {
        one.poll_events(LOOK, &mut one_seen);
        one_seen.held.len() == 4
    });
    assert!(closing.wait(LIMIT));
    assert!(one_seen.errors.is_empty(), "{:?}", one_seen.errors);
}

#[test]
fn every_record_goes_through_the_work_queue_while_members_come_and_go() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    let one = member(&broker, "cooperative-sticky");
    let mut seen = Seen::default();
    let mut batch = Batch::with_capacity(100);
    let mut offsets = BTreeSet::new();
    let mut look = |consumer: &Consumer, seen: &mut Seen| {
        consumer.poll_events(LOOK, seen);
        consumer.fill(&mut batch, 100, LOOK);
        offsets.extend(batch.iter().map(|message| message.unwrap().offset()));
        offsets.len()
    };
    send_all(&producer, "t", &numbered("a", 500));
    until("the first records", || look(&one, &mut seen) >= 500);
    let other = member(&broker, "cooperative-sticky");
    let mut other_seen = Seen::default();
    send_all(&producer, "t", &numbered("b", 500));
    until("the second records", || {
        look(&other, &mut other_seen);
        look(&one, &mut seen) >= 1_000
    });
    // A record past the work queue would have come as an error.
    assert!(seen.errors.is_empty(), "{:?}", seen.errors);
    assert!(other_seen.errors.is_empty(), "{:?}", other_seen.errors);
}

#[test]
fn a_new_member_goes_on_after_what_was_committed() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    send_all(&producer, "t", &numbered("v", 10));
    reports(&producer, 10);
    let first = member(&broker, "range");
    assert_eq!(read(&first, 10).len(), 10);
    let partition = [Partition {
        topic: "t".to_owned(),
        partition: 0,
    }];
    let before = first.committed(&partition, LIMIT).unwrap();
    assert_eq!(before, [("t".to_owned(), 0, None)]);
    first.commit(&[("t", 0, 4)], LIMIT).unwrap();
    let after = first.committed(&partition, LIMIT).unwrap();
    assert_eq!(after, [("t".to_owned(), 0, Some(4))]);
    assert!(first.close(LIMIT).wait(LIMIT));

    let second = member(&broker, "range");
    assert_eq!(read(&second, 6), numbered("v", 10)[4..]);
}

#[test]
fn an_asynchronous_commit_is_told() {
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let producer = producer(&broker);
    send_all(&producer, "t", &numbered("v", 3));
    let member = member(&broker, "range");
    assert_eq!(read(&member, 3).len(), 3);
    member.commit_async(&[("t", 0, 3)]).unwrap();
    let mut seen = Seen::default();
    until("the commit", || {
        member.poll_events(LOOK, &mut seen);
        !seen.committed.is_empty()
    });
    assert_eq!(seen.committed, [("t".to_owned(), 0, 3)]);
}

/// With a cooperative assignor, as the embedded broker refuses commits while members join. That can
/// happen even so, when a member joins once more of its own accord: then the partition moves again.
#[test]
fn offsets_can_be_committed_while_partitions_are_taken_away() {
    let broker = broker();
    broker.create_topic("t", 2).unwrap();
    let one = member(&broker, "cooperative-sticky");
    let to_commit = [0, 1].map(|partition| ("t".to_owned(), partition, 7));
    let mut seen = Seen {
        to_commit: to_commit.to_vec(),
        ..Seen::default()
    };
    until("the partitions", || {
        one.poll_events(LOOK, &mut seen);
        seen.held.len() == 2
    });
    until("a commit that met nobody who joined", || {
        seen.refused = 0;
        let other = member(&broker, "cooperative-sticky");
        let mut other_seen = Seen::default();
        until("a partition to move", || {
            one.poll_events(LOOK, &mut seen);
            other.poll_events(LOOK, &mut other_seen);
            other_seen.held.len() == 1
        });
        if seen.refused == 0 {
            let moved = other_seen.held[0].partition;
            let committed = other.committed(&other_seen.held, LIMIT).unwrap();
            assert_eq!(committed, [("t".to_owned(), moved, Some(7))]);
            return true;
        }
        assert!(other.close(LIMIT).wait(LIMIT));
        until("both partitions", || {
            one.poll_events(LOOK, &mut seen);
            seen.held.len() == 2
        });
        false
    });
}

#[test]
fn a_handler_that_panics_does_not_hold_up_the_group() {
    struct Panics;
    impl antiphon_kafka::ConsumerEvents for Panics {
        fn assigned(&mut self, _: &Consumer, _: &[Partition]) {
            std::panic::panic_any("as the test wants");
        }
        fn error(&mut self, _: antiphon_kafka::Error) {}
    }
    let broker = broker();
    broker.create_topic("t", 1).unwrap();
    let member = member(&broker, "range");
    until("the panic", || {
        let poll = std::panic::AssertUnwindSafe(|| member.poll_events(LOOK, &mut Panics));
        std::panic::catch_unwind(poll).is_err()
    });
    assert_eq!(member.assignment().unwrap().len(), 1);
}

#[test]
fn a_subscription_needs_names() {
    let broker = broker();
    let member = member(&broker, "range");
    assert_eq!(
        member.subscribe(&[]).unwrap_err().kind(),
        ErrorKind::InvalidConfig
    );
    assert_eq!(
        member.subscribe(&["a\0b"]).unwrap_err().kind(),
        ErrorKind::InvalidConfig
    );
}
