//! Runs as a whole: I12 to I19.

use super::story::*;
use crate::{
    checker::{Conclusion, Invariant, Ruling},
    history::{Certainty, Event, Outcome, Role},
};

const HELD: [&str; 0] = [];

fn story() -> Story {
    Story::new()
}

#[test]
fn i12_there_are_no_streams() {
    let report = story().answered(1).report();
    let streams = report
        .verdicts
        .iter()
        .find(|one| one.invariant == Invariant::I12);
    let Some(Ruling::NotApplicable { why }) = streams.map(|one| &one.ruling) else {
        panic!("{streams:?}");
    };
    assert_eq!(why, "the product has no streams");
}

#[test]
fn i13_nothing_stays_behind_at_an_orderly_end() {
    let left = |in_flight, unacknowledged| {
        let story = story().answers(sample(None, 5, 5));
        story.answers(sample(None, in_flight, unacknowledged))
    };
    assert_eq!(left(1, 0).answers(Event::Exit).violated(), ["I13"]);
    assert_eq!(left(0, 1).answers(Event::Exit).violated(), ["I13"]);
    assert_eq!(left(0, 0).answers(Event::Exit).violated(), HELD);
    assert_eq!(
        left(1, 1).nemesis(killed("responder-2", 1)).violated(),
        HELD
    );
}

#[test]
fn i13_memory_is_within_its_limit_and_stays_flat() {
    let with = |simulated, memory: fn(u64) -> u64| {
        let story = story().run(|run| {
            run.memory_limit = Some(300 << 20);
            run.simulated = simulated;
        });
        (0..200)
            .fold(story, |story, second| {
                story
                    .at(second * 1_000)
                    .answers(sample(Some(memory(second)), 0, 0))
            })
            .violated()
    };
    assert_eq!(with(false, |_| 200 << 20), HELD);
    assert_eq!(
        with(false, |second| if second == 9 {
            301 << 20
        } else {
            1 << 20
        }),
        ["I13"]
    );
    assert_eq!(with(false, |second| (50 + second) << 20), ["I13"]);
    assert_eq!(
        with(true, |second| (50 + second) << 20),
        HELD,
        "there is no memory to look at"
    );
}

#[test]
fn i14_nothing_is_written_outside_the_allowed_topics() {
    let exists = |name: &str| {
        let (name, partitions) = (name.into(), 1);
        story().truth(Event::Topic { name, partitions }).violated()
    };
    assert_eq!(exists("wrok"), ["I14"]);
    assert_eq!(exists("work"), HELD);
    assert_eq!(exists("__consumer_offsets"), HELD);
    let sent = |topic| story().asks(invoke(1)).asks(sent_to(1, topic)).violated();
    assert_eq!(sent("wrok"), ["I14"]);
    assert_eq!(sent("more"), HELD);
    let replied = |topic| {
        let (id, to) = (id(1), at(topic, 0));
        story().answers(Event::Replied {
            id,
            to,
            code: "OK".into(),
            executed: None,
            facts: None,
        })
    };
    assert_eq!(replied("__consumer_offsets").violated(), ["I14"]);
    assert_eq!(replied("web.replies").violated(), HELD);
}

#[test]
fn i16_each_requester_that_lives_ends_with_successes() {
    let healed = story()
        .run(|run| run.min_ok_at_end = 2)
        .answered(1)
        .nemesis(Event::Healed);
    assert_eq!(healed.clone().answered(2).answered(3).violated(), HELD);
    assert_eq!(
        healed.clone().answered(2).violated(),
        ["I16"],
        "one was before"
    );
    let broken = healed.clone().answered(2).lost(3).answered(4);
    assert_eq!(broken.violated(), ["I16"], "not in a row");
    let asked = healed
        .clone()
        .answered(2)
        .asks(invoke(3))
        .answers(started(3));
    let asked = asked.asks(ends(
        3,
        Outcome::Error {
            kind: "status".into(),
            executed: Certainty::Yes,
            code: Some("INTERNAL".into()),
        },
    ));
    assert_eq!(
        asked.answered(4).violated(),
        HELD,
        "a handler's error interrupts nothing"
    );
    let dead = healed.nemesis(killed("requester-1", 1));
    assert_eq!(dead.clone().violated(), HELD);
    assert_eq!(
        dead.by((Role::Requester, 1, 2), Event::Ready).violated(),
        ["I16"]
    );
    let before = story().run(|run| run.min_ok_at_end = 2).asks(Event::Exit);
    assert_eq!(
        before.nemesis(Event::Healed).violated(),
        HELD,
        "it was gone before"
    );
}

#[test]
fn i16_each_group_reaches_the_end_of_its_partitions() {
    let end = |events: &[Event]| {
        let story = story().nemesis(Event::Healed).answered(0);
        let told = events.iter().cloned();
        told.fold(story, Story::truth).violated()
    };
    assert_eq!(end(&[range("work", 0, 1)]), ["I16"]);
    assert_eq!(end(&[range("work", 0, 2), committed(1)]), ["I16"]);
    assert_eq!(end(&[range("work", 0, 1), committed(1)]), HELD);
    assert_eq!(end(&[range("work", 1, 1)]), HELD, "there is nothing in it");
    let replies = [range("web.replies", 0, 1), reply_record(0)];
    assert_eq!(end(&replies), HELD, "no group reads it");
}

#[test]
fn i17_a_run_puts_something_to_the_test() {
    let wants = || story().run(|run| (run.min_ok, run.min_in_flight) = (1, 1));
    assert_eq!(wants().violated(), ["I17"], "no success");
    assert_eq!(wants().answered(1).violated(), HELD);
    let during = |story: Story| story.asks(invoke(1)).nemesis(fault(1));
    let ends = |story: Story| {
        let story = story.asks(sent(1)).answers(received(1)).answers(started(1));
        story.answers(effect(1)).asks(ok(1))
    };
    assert_eq!(ends(during(wants())).violated(), ["I17"], "no effect");
    assert_eq!(
        ends(during(wants()).nemesis(took_effect(1))).violated(),
        HELD
    );
    let idle = wants()
        .answered(1)
        .nemesis(fault(1))
        .nemesis(took_effect(1));
    assert_eq!(idle.violated(), ["I17"], "nothing was in flight");
    let dead = wants()
        .answered(1)
        .asks(invoke(2))
        .nemesis(killed("requester-1", 1));
    let dead = dead.nemesis(fault(1)).nemesis(took_effect(1));
    assert_eq!(dead.violated(), ["I17"], "its process was dead");
}

#[test]
fn i19_the_log_keeps_what_it_has_acknowledged() {
    let held = |events: &[Event]| {
        let told = events.iter().cloned();
        told.fold(story().answered(1), Story::truth)
    };
    let lost = held(&[range("web.replies", 0, 1)]);
    assert_eq!(lost.violated(), ["I19"]);
    assert_eq!(lost.report().conclusion(), Conclusion::KafkaLostAcked);
    let kept = held(&[range("web.replies", 0, 2), reply_record(1)]);
    assert_eq!(kept.violated(), HELD);
    let twice = held(&[range("web.replies", 0, 2), reply_record(1)]).answers(stored(1));
    assert_eq!(
        twice.violated(),
        ["I19"],
        "two were acknowledged, and one is there"
    );
    assert_eq!(
        held(&[range("web.replies", 1, 2)]).violated(),
        HELD,
        "it has expired"
    );
    let gone = Event::TopicGone {
        name: "web.replies".into(),
    };
    assert_eq!(lost.nemesis(gone).violated(), HELD, "it was deleted");
    let silent = story().answered(1).report().kafka_lost_acked.ruling;
    assert!(matches!(silent, Ruling::NotApplicable { .. }), "{silent:?}");
}

#[test]
fn what_the_product_breaks_counts_more_than_what_the_log_lost() {
    let story = story()
        .answered(1)
        .asks(ok(1))
        .truth(range("web.replies", 0, 1));
    assert_eq!(story.report().conclusion(), Conclusion::Violated);
}
