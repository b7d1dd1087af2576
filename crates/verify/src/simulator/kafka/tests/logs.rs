//! What a partition holds.

use super::*;
use crate::simulator::kafka::log::{Body, Look, New, Unwritable};

fn new(sequence: Option<(u64, u64)>) -> New {
    New {
        body: Arc::new(Body {
            key: None,
            value: None,
            headers: Vec::new(),
        }),
        timestamp: 0,
        sequence,
    }
}

#[test]
fn what_an_idempotent_producer_sends_again_is_stored_once() {
    let mut log = log(1);
    for _ in 0..2 {
        log.append(&at(0), &[new(Some((1, 0))), new(Some((1, 1)))], MS)
            .unwrap();
    }
    log.append(&at(0), &[new(Some((2, 0)))], MS).unwrap();
    assert_eq!(log.ends(&at(0)), Some((0, 3)));
}

#[test]
fn what_a_plain_producer_sends_again_is_stored_twice() {
    let mut log = log(1);
    for _ in 0..2 {
        log.append(&at(0), &[new(None)], MS).unwrap();
    }
    assert_eq!(log.ends(&at(0)), Some((0, 2)));
}

#[test]
fn a_partition_without_a_leader_is_neither_read_nor_written() {
    let mut log = log(1);
    log.append(&at(0), &[new(None)], MS).unwrap();
    log.move_leader(&at(0), SECOND);
    assert_eq!(
        log.append(&at(0), &[new(None)], MS),
        Err(Unwritable::NoLeader)
    );
    assert!(matches!(log.look(&at(0), 0, 9, MS), Look::NoLeader));
    log.append(&at(0), &[new(None)], SECOND).unwrap();
    assert!(matches!(log.look(&at(0), 0, 9, SECOND), Look::Records(records) if records.len() == 2));
}

#[test]
fn offsets_go_on_after_old_records_have_expired() {
    let mut log = log(1);
    log.append(&at(0), &[new(None), new(None), new(None)], MS)
        .unwrap();
    log.expire(&at(0), 2);
    assert!(matches!(log.look(&at(0), 1, 9, MS), Look::Expired(2)));
    log.append(&at(0), &[new(None)], MS).unwrap();
    assert_eq!(log.ends(&at(0)), Some((2, 4)));
}

#[test]
fn a_topic_that_is_made_anew_begins_at_zero_and_is_another_one() {
    let mut log = log(1);
    let before = log.shape("t");
    log.append(&at(0), &[new(None)], MS).unwrap();
    log.delete("t");
    assert!(matches!(log.look(&at(0), 1, 9, MS), Look::Missing));
    log.create("t", 1);
    assert_ne!(log.shape("t"), before);
    assert!(matches!(log.look(&at(0), 1, 9, MS), Look::PastEnd));
    assert_eq!(log.ends(&at(0)), Some((0, 0)));
}
