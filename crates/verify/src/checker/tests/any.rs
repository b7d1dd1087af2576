//! Whatever a history says, the checker stays upright.

use proptest::prelude::*;

use super::story::*;
use crate::{
    checker::{check, check_directory},
    history::{CallId, CallKind, Certainty, Event, ExecutionId, Outcome, RecordKind, ReplyFacts},
};

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..4_u64, Just(u64::MAX), Just(i64::MAX as u64)]
}

fn place() -> impl Strategy<Value = i64> {
    prop_oneof![-1..4_i64, Just(i64::MIN), Just(i64::MAX)]
}

fn certainty() -> impl Strategy<Value = Certainty> {
    prop_oneof![
        Just(Certainty::No),
        Just(Certainty::Maybe),
        Just(Certainty::Yes)
    ]
}

fn kind() -> impl Strategy<Value = CallKind> {
    prop_oneof![
        Just(CallKind::Request),
        (0..3_u32).prop_map(|min| CallKind::Scatter { min }),
        (0..3_u32, prop::option::of(0..3_u32)).prop_map(|(min, max)| CallKind::Gather { min, max }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let reply = (0..3_u64).prop_map(|n| ReplyFacts {
        id: id(n),
        facts: Some(facts(n)),
        responder: None,
    });
    let replies = prop::collection::vec(reply.clone(), 0..3);
    let gathered = (replies, any::<bool>(), prop::option::of(certainty()));
    prop_oneof![
        reply.prop_map(Outcome::Ok),
        gathered.prop_map(|(replies, complete, executed)| Outcome::Gathered {
            replies,
            missing: Vec::new(),
            complete,
            executed,
        }),
        certainty().prop_map(|executed| Outcome::Error {
            kind: "timed_out".into(),
            executed,
            code: None,
        }),
    ]
}

fn of_calls() -> impl Strategy<Value = Event> {
    let invoke = (0..3_u64, kind(), number()).prop_map(|(n, kind, timeout)| Event::Invoke {
        call: call(n),
        nonce: n * 10,
        kind,
        topics: vec!["work".into()],
        timeout,
    });
    prop_oneof![
        invoke,
        (0..3_u64).prop_map(sent),
        (0..3_u64, outcome()).prop_map(|(n, outcome)| ends(n, outcome)),
        number().prop_map(|n| Event::Started {
            call: CallId(n),
            execution: ExecutionId(n),
            id: id(n % 3),
            topic: None,
        }),
        (0..3_u64).prop_map(effect),
        (0..3_u64).prop_map(replied),
        (0..3_u64, certainty()).prop_map(|(n, executed)| refused(n, "INTERNAL", executed)),
        (0..3_u64).prop_map(stored),
        (0..3_u64).prop_map(reply_failed),
    ]
}

fn of_offsets() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(assigned()),
        (0..3_u64, place()).prop_map(|(n, offset)| Event::Received {
            call: Some(call(n)),
            id: Some(id(n)),
            from: at("work", 0),
            offset,
        }),
        place().prop_map(commit),
        place().prop_map(committed),
        (place(), place()).prop_map(|(first, next)| range("work", first, next)),
        (0..3_u64, place()).prop_map(|(n, offset)| Event::Record {
            at: at("work", 0),
            offset,
            kind: RecordKind::Request(call(n)),
            id: Some(id(n)),
        }),
        (0..3_u64).prop_map(reply_record),
    ]
}

fn of_runs() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Exit),
        Just(Event::Healed),
        Just(killed("requester-1", 1)),
        number().prop_map(|since| Event::Paused {
            process: "requester-1".into(),
            since,
        }),
        (number(), number()).prop_map(|(memory, held)| sample(Some(memory), held, held)),
        (0..2_u64).prop_map(fault),
        (0..2_u64).prop_map(took_effect),
    ]
}

proptest! {
    #[test]
    fn any_events_are_judged(
        events in prop::collection::vec((number(), prop_oneof![of_calls(), of_offsets(), of_runs()]), 0..60),
        simulated in any::<bool>(),
    ) {
        let story = Story::new().run(|run| {
            run.simulated = simulated;
            run.memory_limit = Some(2);
            run.min_ok_at_end = 1;
            run.min_in_flight = 1;
        });
        let mut story = events.into_iter().fold(story, |story, (_, event)| story.asks(event));
        for (place, entry) in story.entries.iter_mut().enumerate() {
            // Times that jump, some of them as far as they can.
            if place % 7 == 0 { entry.at = u64::MAX - entry.at; }
        }
        let report = check(&story.run, &story.entries);
        prop_assert!(!report.to_string().is_empty());
        prop_assert!(serde_json::to_string(&report).is_ok());
    }

    #[test]
    fn any_lines_are_read_or_refused(
        lines in prop::collection::vec(prop_oneof![
            "\\PC*",
            of_calls().prop_map(|event| line(&event)),
            of_runs().prop_map(|event| line(&event)),
            (of_offsets().prop_map(|event| line(&event)), any::<prop::sample::Index>()).prop_map(cut),
        ], 0..8),
        bytes in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let run = serde_json::to_vec(&Story::new().run).unwrap();
        std::fs::write(directory.path().join("run.json"), run).unwrap();
        let whose = r#"{"name":"a","number":1,"incarnation":1,"role":"requester"}"#;
        let mut text = [&[whose.to_owned()], &lines[..]].concat().join("\n").into_bytes();
        text.extend(bytes);
        std::fs::write(directory.path().join("a.1.jsonl"), text).unwrap();
        match check_directory(directory.path(), |_| ()) {
            Ok(report) => prop_assert!(!report.to_string().is_empty()),
            Err(error) => prop_assert!(error.to_string().contains("a.1.jsonl, line "), "{error}"),
        }
    }
}

fn line(event: &Event) -> String {
    let event = serde_json::to_string(event).unwrap();
    format!("{{\"at\":1,\"event\":{event}}}")
}

fn cut((line, at): (String, prop::sample::Index)) -> String {
    line.chars().take(at.index(line.len() + 1)).collect()
}

#[test]
fn a_directory_without_a_run_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let error = check_directory(directory.path(), |_| ()).unwrap_err();
    assert!(error.to_string().contains("run.json"), "{error}");
    std::fs::write(directory.path().join("run.json"), b"{\"seed\":1}").unwrap();
    let error = check_directory(directory.path(), |_| ())
        .unwrap_err()
        .to_string();
    assert!(error.contains("run.json: missing field"), "{error}");
}
