//! The report itself.

use super::story::*;
use crate::history::Certainty;

/// A service refuses a request that another of its group has run.
fn refused_after_a_run() -> Story {
    let story = Story::new().answers(assigned()).read(1).answers(started(1));
    let story = story.nemesis(killed("responder-2", 1));
    let story = story.other_answers(assigned()).other_answers(received(1));
    let story = story.other_answers(refused(1, "UNIMPLEMENTED", Certainty::No));
    let story = story.other_answers(stored(1)).other_answers(commit(2));
    let story = story.asks(error(1, "status", Certainty::No));
    story.answered(2)
}

#[test]
fn a_violation_can_be_followed() {
    let report = refused_after_a_run().report().to_string();
    assert_eq!(
        report,
        include_str!("violation.txt").trim_end(),
        "\n{report}"
    );
}

#[test]
fn a_report_is_json() {
    let report = refused_after_a_run().report();
    let json: serde_json::Value = serde_json::to_value(&report).unwrap();
    assert_eq!(json["totals"]["outcomes"]["status"]["no"], 1);
    assert_eq!(json["verdicts"][0]["invariant"], "I1");
    assert_eq!(json["verdicts"][0]["ruling"], "held");
    assert_eq!(json["verdicts"][3]["ruling"], "violated");
    let first = &json["verdicts"][3]["first"]["events"][0];
    assert_eq!(first["process"], "requester-1.1");
    assert_eq!(json["kafka_lost_acked"]["ruling"], "not_applicable");
}

#[test]
fn a_long_story_is_told_without_its_middle() {
    let story = (0..500).fold(Story::new().answered(1), |story, _| {
        story.answers(started(1))
    });
    let report = story.asks(ok(1)).report().to_string();
    assert!(report.contains("begins c1.1.1"), "{report}");
    assert!(report.contains("… 449 more …"), "{report}");
    assert!(report.lines().count() < 100, "{report}");
}
