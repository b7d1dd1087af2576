//! Who owns what, and who may commit.

use std::collections::BTreeSet;

use super::*;
use crate::simulator::kafka::group::{Beat, Given, Groups, MemberId, Refused};

/// A group on a topic, with a clock.
struct Coordinator {
    groups: Groups,
    log: Log,
    dice: Dice,
    now: Duration,
}

impl Coordinator {
    fn new(protocol: Protocol) -> Self {
        Self {
            groups: Groups::new(protocol, 5 * SECOND),
            log: log(4),
            dice: Dice::new(1),
            now: Duration::ZERO,
        }
    }

    fn enter(&mut self) -> MemberId {
        let topics = BTreeSet::from(["t".into()]);
        let session = 2 * SECOND;
        self.groups.enter(&"g".into(), &topics, session, self.now)
    }

    fn join(&mut self, id: MemberId, owned: &BTreeSet<At>) -> bool {
        self.groups.join("g", id, owned.clone(), self.now)
    }

    fn after(&mut self, time: Duration) {
        self.now += time;
        self.groups.beat(&self.log, &mut self.dice, self.now);
    }

    fn given(&self, id: MemberId) -> Given {
        self.groups.given("g", id, 0).unwrap().unwrap()
    }

    fn beat(&mut self, id: MemberId) -> Beat {
        self.groups.heartbeat("g", id, &self.log, self.now)
    }

    fn commit(&mut self, id: MemberId, generation: u32, next: i64) -> Result<(), Refused> {
        let offsets = [(at(0), next)];
        self.groups.commit("g", id, generation, &offsets, &self.log)
    }
}

#[test]
fn a_cooperative_member_gets_what_another_has_only_after_it_was_given_up() {
    let mut group = Coordinator::new(Protocol::Cooperative);
    let one = group.enter();
    group.join(one, &BTreeSet::new());
    group.after(MS);
    let all = group.given(one).partitions;
    assert_eq!(all.len(), 4);
    let two = group.enter();
    group.join(two, &BTreeSet::new());
    assert_eq!(group.beat(one), Beat::Join);
    group.join(one, &all);
    group.after(MS);
    let kept = group.given(one).partitions;
    assert_eq!((kept.len(), group.given(two).partitions.len()), (2, 0));
    group.join(one, &kept);
    group.join(two, &BTreeSet::new());
    group.after(MS);
    assert_eq!(group.given(one).partitions, kept);
    assert_eq!(group.given(two).partitions.len(), 2);
}

#[test]
fn a_round_waits_for_all_members_up_to_its_limit_and_throws_the_rest_out() {
    let mut group = Coordinator::new(Protocol::Eager);
    let (one, two) = (group.enter(), group.enter());
    group.join(one, &BTreeSet::new());
    for _ in 0..4 {
        group.after(SECOND);
        assert_eq!(group.beat(two), Beat::Join);
        assert_eq!(group.groups.given("g", one, 0), Ok(None));
    }
    group.after(SECOND);
    assert_eq!(group.given(one).partitions.len(), 4);
    assert_eq!(group.beat(two), Beat::Unknown);
}

#[test]
fn a_member_that_is_not_heard_of_is_thrown_out_and_may_not_commit() {
    let mut group = Coordinator::new(Protocol::Cooperative);
    let one = group.enter();
    group.join(one, &BTreeSet::new());
    group.after(MS);
    let generation = group.given(one).generation;
    assert_eq!(group.commit(one, generation, 3), Ok(()));
    group.after(SECOND);
    assert_eq!(group.beat(one), Beat::Fine);
    group.after(2 * SECOND);
    assert_eq!(group.beat(one), Beat::Unknown);
    assert_eq!(group.commit(one, generation, 4), Err(Refused::Stale));
    assert_eq!(group.groups.position("g", &at(0)), Some(3));
}

#[test]
fn commits_of_an_earlier_generation_are_refused_and_of_a_round_that_goes_on_taken() {
    let mut group = Coordinator::new(Protocol::Cooperative);
    let one = group.enter();
    group.join(one, &BTreeSet::new());
    group.after(MS);
    let generation = group.given(one).generation;
    let two = group.enter();
    group.join(two, &BTreeSet::new());
    assert_eq!(group.commit(one, generation, 1), Ok(()));
    group.join(one, &BTreeSet::new());
    group.after(MS);
    assert_eq!(group.commit(one, generation, 2), Err(Refused::Stale));
}

#[test]
fn a_topic_that_is_deleted_takes_its_offsets_along_and_its_group_notices_later() {
    let mut group = Coordinator::new(Protocol::Cooperative);
    let one = group.enter();
    group.join(one, &BTreeSet::new());
    group.after(MS);
    let generation = group.given(one).generation;
    group.commit(one, generation, 7).unwrap();
    group.log.delete("t");
    group.groups.forget("t");
    group.groups.reshaped("t", group.now + SECOND);
    assert_eq!(group.groups.position("g", &at(0)), None);
    assert_eq!(group.beat(one), Beat::Fine);
    group.after(SECOND);
    assert_eq!(group.beat(one), Beat::Join);
    assert_eq!(group.commit(one, generation, 8), Ok(()));
    assert_eq!(group.groups.position("g", &at(0)), None);
}
