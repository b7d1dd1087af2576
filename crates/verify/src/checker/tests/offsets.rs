//! I10: what is committed.

use super::story::*;
use crate::history::{Certainty, Event};

const HELD: [&str; 0] = [];

fn story() -> Story {
    Story::new().answers(assigned())
}

#[test]
fn a_commit_never_goes_back_within_an_assignment() {
    let twice = story().answered(0).answered(1).answers(commit(2));
    assert_eq!(twice.clone().answers(commit(1)).violated(), ["I10"]);
    assert_eq!(twice.clone().answers(commit(2)).violated(), HELD);
    // What was asked for before need not have come to pass.
    let again = twice
        .answers(revoked())
        .answers(assigned())
        .answers(received(0));
    let again = again
        .answers(started(0))
        .answers(replied(0))
        .answers(stored(0));
    assert_eq!(again.answers(commit(1)).violated(), HELD);
}

#[test]
fn a_commit_never_passes_what_was_read() {
    assert_eq!(story().answered(0).answers(commit(2)).violated(), ["I10"]);
    assert_eq!(story().answers(commit(1)).violated(), ["I10"]);
    assert_eq!(story().answered(0).answers(commit(1)).violated(), HELD);
}

#[test]
fn a_new_owner_begins_where_was_really_committed_or_further_on() {
    let began = |offset: u64| {
        let story = story()
            .answered(5)
            .answers(commit(6))
            .other_answers(assigned());
        story.other_answers(received(offset)).violated()
    };
    assert_eq!(began(4), ["I10"]);
    assert_eq!(began(5), HELD, "the commit was lost");
    assert_eq!(began(6), HELD);
    // Both may have asked for the committed offset in either order.
    let at_once = Story::new().answers(assigned()).other_answers(assigned());
    let at_once = at_once.answers(received(5)).other_answers(received(4));
    assert_eq!(at_once.violated(), HELD);
    // Of two groups each begins where it likes.
    let groups = story()
        .answered(5)
        .other_answers(assigned())
        .other_answers(received(0));
    let groups = groups.run(|run| run.request_topics.push(("work".into(), "others".into())));
    assert_eq!(groups.violated(), HELD);
}

#[test]
fn nothing_is_committed_before_its_reply_is_acknowledged_or_given_up() {
    let running = story().read(0).answers(started(0)).answers(effect(0));
    assert_eq!(running.clone().answers(commit(1)).violated(), ["I10"]);
    let sent = running.answers(replied(0));
    assert_eq!(sent.clone().answers(commit(1)).violated(), ["I10"]);
    assert_eq!(
        sent.clone()
            .answers(commit(1))
            .answers(stored(0))
            .violated(),
        ["I10"]
    );
    assert_eq!(
        sent.clone()
            .answers(stored(0))
            .answers(commit(1))
            .violated(),
        HELD
    );
    assert_eq!(
        sent.clone()
            .answers(reply_failed(0))
            .answers(stored(0))
            .answers(commit(1))
            .violated(),
        HELD
    );
    assert_eq!(sent.violated(), HELD, "it is not committed");
}

#[test]
fn no_reply_is_given_up_while_its_caller_waits() {
    let sent = story().read(0).answers(started(0)).answers(replied(0));
    let failed = sent.answers(reply_failed(0));
    assert_eq!(failed.clone().answers(commit(1)).violated(), ["I10"]);
    let late = failed.clone().asks(error(0, "dropped", Certainty::Maybe));
    assert_eq!(
        late.at(1_001).answers(commit(1)).violated(),
        HELD,
        "nobody waits for it any more"
    );
    let gone = Event::TopicGone {
        name: "web.replies".into(),
    };
    let gone = failed.nemesis(gone).answers(commit(1));
    assert_eq!(gone.violated(), HELD, "it has nowhere to go");
}

#[test]
fn an_acknowledgement_before_a_redelivery_is_not_one_of_it() {
    let story = story().answered(0).answers(revoked()).answers(assigned());
    let story = story.answers(received(0)).answers(started(0));
    assert_eq!(story.clone().answers(commit(1)).violated(), ["I10"]);
    assert_eq!(
        story
            .answers(replied(0))
            .answers(stored(0))
            .answers(commit(1))
            .violated(),
        HELD
    );
}

#[test]
fn a_call_to_two_topics_is_two_requests() {
    let begins = |story: Story| {
        let received = Event::Received {
            call: Some(call(0)),
            id: Some(id(7)),
            from: at("more", 0),
            offset: 0,
        };
        let started = Event::Started {
            call: call(0),
            execution: execution(7),
            id: id(7),
            topic: Some("more".into()),
        };
        story.answers(received).answers(started)
    };
    let fails = refused(7, "INTERNAL", Certainty::Maybe);
    let one_runs = begins(story().read(0).answers(started(0)));
    let other_is_done = one_runs.answers(fails.clone()).answers(stored(7));
    assert_eq!(other_is_done.answers(commit(1)).violated(), ["I10"]);
    let other_runs = begins(story().answered(0));
    assert_eq!(other_runs.answers(commit(1)).violated(), HELD);
    let gone = Event::TopicGone {
        name: "web.replies".into(),
    };
    let refused = begins(story().read(0).nemesis(gone)).answers(fails);
    assert_eq!(
        refused.answers(commit(1)).violated(),
        HELD,
        "the address of the one was refused, and the other is not acknowledged yet"
    );
}

#[test]
fn no_request_is_passed_over() {
    let silent = story().read(0);
    assert_eq!(silent.clone().answers(commit(1)).violated(), ["I10"]);
    let late = silent.clone().asks(error(0, "dropped", Certainty::Maybe));
    assert_eq!(
        late.at(1_001).answers(commit(1)).violated(),
        HELD,
        "it has expired"
    );
    let refused = refused(0, "UNIMPLEMENTED", Certainty::No);
    let refuses = silent.clone().answers(refused).answers(stored(0));
    assert_eq!(refuses.answers(commit(1)).violated(), HELD);
    let gone = Event::TopicGone {
        name: "web.replies".into(),
    };
    let gone = silent.nemesis(gone).answers(commit(1));
    assert_eq!(gone.violated(), HELD, "its address was refused");
    let foreign = Event::Received {
        call: None,
        id: None,
        from: at("work", 0),
        offset: 0,
    };
    let foreign = story().answers(foreign).answers(commit(1));
    assert_eq!(foreign.violated(), HELD, "it is no request of the run");
}

#[test]
fn no_request_is_committed_that_nobody_was_given() {
    let read = |n: u64| story().answered(n).answers(commit(offset(n) + 1));
    let held = |story: Story| story.truth(request_record(0)).truth(request_record(1));
    assert_eq!(held(read(1)).truth(committed(2)).violated(), ["I10"]);
    assert_eq!(held(read(0)).truth(committed(1)).violated(), HELD);
    let skipped = held(read(1)).truth(committed(2)).report();
    let text = skipped.to_string();
    assert!(
        text.contains("from offset 0 to 0 are committed, and nobody was given them"),
        "{text}"
    );
}

#[test]
fn a_partition_whose_records_begin_anew_is_another_one() {
    let story = story().read(5).answered(6).answered(0);
    assert_eq!(story.clone().answers(commit(1)).violated(), HELD);
    assert_eq!(story.read(1).answers(commit(2)).violated(), ["I10"]);
}

#[test]
fn what_a_group_has_committed_never_goes_back() {
    let story = story()
        .answered(0)
        .answered(1)
        .answers(commit(2))
        .truth(committed(2));
    assert_eq!(story.clone().truth(committed(1)).violated(), ["I10"]);
    assert_eq!(story.truth(committed(2)).violated(), HELD);
}
