//! The command: its exit codes, and what it says of input that it can not read.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const RUN: &str = r#"{"seed":1,"name":"by hand","simulated":true,"key":1,
    "allowed_topics":["work","web.replies"],"request_topics":[["work","workers"]],
    "delivery":"at_least_once","slack":250000,"clock_skew":5000000,"memory_limit":null,"min_ok":0,"min_in_flight":0,
    "min_ok_at_end":0}"#;

const REQUESTER: &str = r#"{"name":"requester-1","number":1,"incarnation":1,"role":"requester"}"#;

const INVOKE: &str = r#"{"at":1,"event":{"invoke":{"call":1,"nonce":2,"kind":"request","topics":["work"],"timeout":1000}}}"#;

const COMPLETE: &str = r#"{"at":1500,"event":{"complete":{"call":1,"outcome":{"error":{"kind":"timed_out","executed":"maybe"}}}}}"#;

const STORED: &str = r#"{"at":9,"event":{"reply_stored":{"id":"lost"}}}"#;
const REPLIED: &str = r#"{"at":8,"event":{"replied":{"id":"lost","to":{"topic":"web.replies","partition":0},"code":"OK"}}}"#;
const RANGE: &str = r#"{"at":99,"event":{"range":{"at":{"topic":"web.replies","partition":0},"first":0,"next":0}}}"#;

fn check(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_antiphon-verify"))
        .arg("check")
        .arg(directory)
        .args(arguments)
        .output()
        .unwrap()
}

fn history(lines: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("run.json"), RUN).unwrap();
    let text = format!("{REQUESTER}\n{}\n", lines.join("\n"));
    fs::write(directory.path().join("requester-1.1.jsonl"), text).unwrap();
    directory
}

#[test]
fn exit_codes_say_what_was_found() {
    let code = |lines: &[&str]| check(history(lines).path(), &[]).status.code();
    assert_eq!(code(&[INVOKE, COMPLETE]), Some(0));
    assert_eq!(code(&[INVOKE, COMPLETE, COMPLETE]), Some(1));
    assert_eq!(code(&[REPLIED, STORED, RANGE]), Some(3));
    assert_eq!(
        code(&[INVOKE, COMPLETE, COMPLETE, REPLIED, STORED, RANGE]),
        Some(1)
    );
    assert_eq!(code(&["{}"]), Some(2));
}

#[test]
fn a_report_is_text_or_json() {
    let history = history(&[INVOKE, COMPLETE, COMPLETE]);
    let text = String::from_utf8(check(history.path(), &[]).stdout).unwrap();
    assert!(text.contains("I1  VIOLATED"), "{text}");
    assert!(
        text.contains("call c0.0.1 has ended a second time"),
        "{text}"
    );
    let json = check(history.path(), &["-o", "json"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["verdicts"][0]["violations"], 1);
}

#[test]
fn what_can_not_be_read_is_named() {
    let bad = history(&[INVOKE, r#"{"at":2,"event":"explode"}"#]);
    let output = check(bad.path(), &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("requester-1.1.jsonl, line 3: unknown variant `explode`"),
        "{said}"
    );

    let nothing = check(Path::new("no/such/place"), &[]);
    let said = String::from_utf8(nothing.stderr).unwrap();
    assert_eq!(nothing.status.code(), Some(2));
    assert!(said.contains("no/such/place"), "{said}");
}
