//! Calls: I1 to I7, and I11.

use super::story::*;
use crate::history::{
    CallKind, Certainty, Delivery, Event, ExecutionId, Facts, MissingFacts, Outcome, Role,
};

const HELD: [&str; 0] = [];

fn story() -> Story {
    Story::new()
}

#[test]
fn a_call_that_is_answered_is_fine() {
    let story = story().answered(1).answers(commit(2)).asks(Event::Exit);
    assert_eq!(story.violated(), HELD);
}

#[test]
fn i1_a_call_ends_exactly_once() {
    assert_eq!(story().answered(1).asks(ok(1)).violated(), ["I1"], "twice");
    assert_eq!(
        story().answered(1).without(is_invoke).violated(),
        ["I1"],
        "never begun"
    );
    let open = story().read(1);
    assert_eq!(open.clone().asks(Event::Exit).violated(), ["I1"], "never");
    assert_eq!(
        open.clone().at(9_000).asks(Event::Ready).violated(),
        ["I1"],
        "and lives on"
    );

    assert_eq!(
        open.clone().nemesis(killed("requester-1", 1)).violated(),
        HELD
    );
    assert_eq!(open.clone().violated(), HELD, "its time is not over");
    let killed_later = open
        .nemesis(killed("requester-1", 2))
        .at(9_000)
        .asks(Event::Ready);
    assert_eq!(
        killed_later.violated(),
        ["I1"],
        "another life of it was killed"
    );
}

fn is_invoke(event: &Event) -> bool {
    matches!(event, Event::Invoke { .. })
}

#[test]
fn i2_a_reply_is_that_of_its_call() {
    let got = |change: fn(&mut Facts)| {
        let mut facts = facts(1);
        change(&mut facts);
        let mut reply = reply(1, "worker");
        reply.facts = Some(facts);
        let story = story().answered(2).answered(1).without(is_end_of_1);
        story.asks(ends(1, Outcome::Ok(reply))).violated()
    };
    assert_eq!(got(|_| ()), HELD);
    assert_eq!(got(|facts| facts.nonce += 1), ["I2"]);
    assert_eq!(got(|facts| facts.genuine = false), ["I2"]);
    assert_eq!(got(|facts| facts.call = call(2)), ["I2"]);

    let mut unreadable = reply(1, "worker");
    unreadable.facts = None;
    let other = |outcome| {
        story()
            .answered(2)
            .answered(1)
            .without(is_end_of_1)
            .asks(outcome)
    };
    assert_eq!(other(ends(1, Outcome::Ok(unreadable))).violated(), ["I2"]);
    let mut of_other = reply(1, "worker");
    of_other.id = id(2);
    assert_eq!(other(ends(1, Outcome::Ok(of_other))).violated(), ["I2"]);
}

fn is_end_of_1(event: &Event) -> bool {
    matches!(event, Event::Complete { call: one, .. } if *one == call(1))
}

#[test]
fn i3_a_reply_was_made_by_a_handler_that_ran() {
    let phantom = story().answered(1).without(|event| *event == started(1));
    // It is a success without a run, too.
    assert_eq!(phantom.clone().violated(), ["I3", "I4"]);
    let elsewhere = phantom.answers(started_as(1, ExecutionId::new(2, 1, 99), "work"));
    assert_eq!(elsewhere.violated(), ["I3"]);
    let of_killed = story().answered(1).nemesis(killed("responder-2", 1));
    assert_eq!(of_killed.violated(), HELD);
}

#[test]
fn i4_no_means_no_and_yes_means_yes() {
    let ended = |executed, ran: bool| {
        let story = story().asks(invoke(1)).asks(sent(1));
        let story = story.asks(error(1, "rejected", executed));
        // However much later.
        let story = if ran {
            story.at(60_000).answers(started(1))
        } else {
            story
        };
        story.violated()
    };
    assert_eq!(ended(Certainty::No, true), ["I4"]);
    assert_eq!(ended(Certainty::Yes, false), ["I4"]);
    assert_eq!(ended(Certainty::No, false), HELD);
    assert_eq!(ended(Certainty::Yes, true), HELD);
    assert_eq!(ended(Certainty::Maybe, true), HELD);
    assert_eq!(ended(Certainty::Maybe, false), HELD);
}

#[test]
fn i4_a_responder_that_says_no_is_taken_at_its_word() {
    let said = |executed, ran: bool| {
        let story = story().lost(1);
        let story = if ran {
            story.other_answers(started(1))
        } else {
            story
        };
        story
            .answers(refused(1, "UNIMPLEMENTED", executed))
            .violated()
    };
    assert_eq!(said(Certainty::No, true), ["I4"]);
    assert_eq!(said(Certainty::Yes, false), ["I4"]);
    assert_eq!(said(Certainty::No, false), HELD);
    assert_eq!(said(Certainty::Maybe, true), HELD);
}

#[test]
fn i4_another_service_of_a_gather_may_run_what_one_refuses() {
    let kind = CallKind::Gather { min: 1, max: None };
    let gather = story().asks(invoke_of(1, kind, &["work"])).asks(sent(1));
    let refuses = refused(1, "UNIMPLEMENTED", Certainty::No);
    let other = gather
        .clone()
        .answers(started(1))
        .other_answers(refuses.clone());
    assert_eq!(other.violated(), HELD);
    assert_eq!(
        gather.answers(started(1)).answers(refuses).violated(),
        ["I4"]
    );
}

#[test]
fn i4_a_scatter_speaks_of_each_target() {
    let kind = CallKind::Scatter { min: 2 };
    let ended = |topic: &str| {
        let outcome = Outcome::Gathered {
            replies: Vec::new(),
            missing: vec![MissingFacts {
                topic: topic.into(),
                executed: Certainty::No,
            }],
            complete: false,
            executed: Some(Certainty::Maybe),
        };
        let story = story().asks(invoke_of(1, kind, &["work", "more"]));
        let story = story.answers(started(1)).at(1_001).asks(ends(1, outcome));
        story.violated()
    };
    assert_eq!(ended("work"), ["I4"]);
    assert_eq!(ended("more"), HELD);
}

#[test]
fn i5_no_call_ends_late_or_times_out_early() {
    let ended = |at: u64, kind| {
        let story = story().asks(invoke(1)).at(at);
        story.asks(error(1, kind, Certainty::Maybe))
    };
    assert_eq!(ended(999, "timed_out").violated(), ["I5"]);
    assert_eq!(ended(1_251, "timed_out").violated(), ["I5"]);
    assert_eq!(ended(1_000, "timed_out").violated(), HELD);
    assert_eq!(ended(1_250, "timed_out").violated(), HELD);
    assert_eq!(ended(999, "send_unknown").violated(), HELD);

    let paused = |process: &str| Event::Paused {
        process: process.into(),
        since: 900_000,
    };
    let late = ended(1_351, "timed_out").at(1_001);
    assert_eq!(late.clone().nemesis(paused("requester-1")).violated(), HELD);
    assert_eq!(
        late.clone()
            .at(999)
            .nemesis(paused("requester-1"))
            .violated(),
        ["I5"]
    );
    assert_eq!(late.nemesis(paused("responder-2")).violated(), ["I5"]);
}

#[test]
fn no_handler_is_begun_for_a_request_that_had_expired_when_it_was_read() {
    let read_at = |milliseconds: u64| {
        let story = story().asks(invoke(1)).asks(sent(1));
        let story = story.asks(error(1, "dropped", Certainty::Maybe));
        story.at(milliseconds).answers(received(1))
    };
    let begun = |story: Story| story.answers(started(1));
    // A second of time, five of skew, a quarter of slack.
    assert_eq!(begun(read_at(6_251)).violated(), ["I5"]);
    assert_eq!(begun(read_at(6_250)).violated(), HELD);
    let real = begun(read_at(6_251)).run(|run| run.simulated = false);
    assert_eq!(real.violated(), HELD, "it may have been stored late");
    assert_eq!(
        begun(read_at(6_250).at(9_000)).violated(),
        HELD,
        "it waited for its turn"
    );
    assert_eq!(read_at(6_251).violated(), HELD, "it is not begun");
    let paused = Event::Paused {
        process: "responder-2".into(),
        since: 3_000_000,
    };
    assert_eq!(
        begun(read_at(6_300)).nemesis(paused).violated(),
        HELD,
        "the clock was read before"
    );
    let clock = Event::FaultStart {
        fault: 1,
        kind: "clock_step".into(),
        detail: String::new(),
    };
    let effect = Event::FaultEffect {
        fault: 1,
        evidence: "it jumped".into(),
    };
    let wrong = begun(read_at(9_000)).nemesis(clock).nemesis(effect);
    assert_eq!(wrong.violated(), HELD);
}

#[test]
fn i5_a_gap_between_the_samples_of_a_real_process_excuses_as_much() {
    let late = |at: u64, simulated| {
        let story = story().run(|run| run.simulated = simulated);
        let story = story.asks(sample(None, 0, 0)).at(100).asks(invoke(1));
        let story = story.at(at).asks(error(1, "timed_out", Certainty::Maybe));
        story.at(3_000).asks(sample(None, 0, 0)).violated()
    };
    assert_eq!(late(2_900, false), HELD);
    assert_eq!(late(2_900, true), ["I5"]);
    let longer = story().run(|run| run.simulated = false);
    let longer = longer.asks(invoke(1)).at(1_500).asks(sample(None, 0, 0));
    let longer = longer
        .at(1_900)
        .asks(error(1, "timed_out", Certainty::Maybe));
    assert_eq!(longer.violated(), ["I5"], "the gap was half a second");
}

#[test]
fn i7_handlers_take_effect_as_often_as_promised() {
    let with = |delivery, effects: usize| {
        let story = story().run(|run| run.delivery = delivery).answered(1);
        let story = story.without(|event| *event == effect(1));
        (0..effects)
            .fold(story, |story, _| story.other_answers(effect(1)))
            .violated()
    };
    assert_eq!(with(Delivery::AtLeastOnce, 0), ["I7"]);
    assert_eq!(with(Delivery::AtLeastOnce, 2), HELD);
    assert_eq!(with(Delivery::AtMostOnce, 2), ["I7"]);
    assert_eq!(with(Delivery::AtMostOnce, 1), HELD);
    assert_eq!(with(Delivery::Deduplicated, 0), ["I7"]);
    assert_eq!(with(Delivery::Deduplicated, 2), ["I7"]);
    assert_eq!(with(Delivery::Deduplicated, 1), HELD);
}

#[test]
fn i7_a_call_without_success_may_have_no_effect() {
    assert_eq!(story().lost(1).violated(), HELD);
}

#[test]
fn i11_a_gather_keeps_its_rule() {
    let got = |min, max, services: &[&str], complete| {
        let kind = CallKind::Gather { min, max };
        let story = story().asks(invoke_of(1, kind, &["work"])).asks(sent(1));
        let story = story.answers(started(1)).answers(effect(1));
        let replies = services.iter().map(|service| reply(1, service)).collect();
        story.asks(gathered(1, replies, complete)).violated()
    };
    assert_eq!(got(1, None, &["a", "a"], true), ["I11"], "two votes");
    assert_eq!(got(2, None, &["a"], true), ["I11"], "below its minimum");
    assert_eq!(got(2, None, &["a", "b"], false), ["I11"], "enough");
    assert_eq!(
        got(1, Some(1), &["a", "b"], true),
        ["I11"],
        "above its maximum"
    );
    assert_eq!(got(2, Some(2), &["a", "b"], true), HELD);
    assert_eq!(got(2, None, &["a"], false), HELD);
}

#[test]
fn i11_one_service_may_answer_several_targets_of_a_scatter() {
    let kind = CallKind::Scatter { min: 2 };
    let got = |second: u64| {
        let story = story()
            .asks(invoke_of(1, kind, &["work", "more"]))
            .asks(sent(1));
        let also = Event::Sent {
            call: call(1),
            id: id(2),
            to: at("more", 0),
        };
        let story = story.asks(also).answers(started(1)).answers(effect(1));
        let mut other = reply(1, "a");
        other.id = id(second);
        story
            .asks(gathered(1, vec![reply(1, "a"), other], true))
            .violated()
    };
    assert_eq!(got(2), HELD);
    assert_eq!(got(1), ["I11"]);
}

#[test]
fn lives_of_a_process_are_told_apart() {
    let again = (Role::Requester, 1, 2);
    let story = story().read(1).nemesis(killed("requester-1", 1));
    assert_eq!(story.by(again, Event::Exit).violated(), HELD);
}
