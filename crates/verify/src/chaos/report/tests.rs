use super::*;

fn example() -> ChaosReport {
    let second = |ok, maybe| Second {
        begun: ok + maybe,
        ok,
        maybe,
        ..Second::default()
    };
    let ruling = |id: &str, state, detail: &str| Ruling {
        id: id.into(),
        statement: "what has <to> hold".into(),
        state,
        detail: detail.into(),
        story: (state == State::Violated).then(|| "it <came> so".into()),
    };
    let row = RowReport {
        code: "F02".into(),
        title: "leaders are killed".into(),
        seconds: vec![second(10, 0), second(3, 4), second(10, 0)],
        faults: vec![Span {
            kind: "kill_leader".into(),
            detail: "partition 1 | 2".into(),
            from: 0.8,
            to: Some(1.9),
            evidence: Some("it moved".into()),
        }],
        healed: Some(2.0),
        verdicts: vec![
            ruling("I1", State::Held, "27 checked"),
            ruling("I4", State::Violated, "call c1.1.7 ran"),
        ],
        ..RowReport::default()
    };
    let unusable = RowReport {
        code: "F07".into(),
        title: "acknowledgements are lost".into(),
        problems: vec!["it had\nno effect".into()],
        ..RowReport::default()
    };
    ChaosReport {
        seed: 42,
        seconds: 60,
        rate: 200,
        kafka: "4.1.1".into(),
        rows: vec![row, unusable],
    }
}

#[test]
fn a_run_without_time_says_nothing_unless_it_found_something() {
    let [found, nothing] = example().rows.try_into().unwrap();
    let starved = |row: &RowReport| RowReport {
        starved: true,
        ..row.clone()
    };
    assert!(starved(&nothing).says_nothing());
    assert!(!nothing.says_nothing(), "it had its time");
    assert!(!starved(&found).says_nothing(), "a violation is one");
}

#[test]
fn a_violation_and_a_fault_without_effect_both_fail() {
    let report = example();
    assert!(!report.passed());
    assert_eq!(report.rows[0].word(), "violated");
    assert_eq!(report.rows[1].word(), "unusable");
    assert_eq!(report.rows[0].total().maybe, 4);
}

#[test]
fn the_text_says_what_is_wrong_and_with_which_seed() {
    let text = text(&example());
    for part in [
        "Seed 42",
        "| F02 | leaders are killed | 27 | 23 | 0 | 4 | 0 | 1 | violated |",
        "- I4 what has <to> hold: violated (call c1.1.7 ran)",
        "- **unusable**: it had no effect",
        "| 0.8 s | 1.9 s | kill_leader | partition 1 \\| 2 | it moved |",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
}

#[test]
fn the_page_needs_nothing_and_escapes_what_it_shows() {
    let page = page(&example());
    for part in [
        "0 of 2 rows held",
        "what has &lt;to&gt; hold",
        "<svg",
        "class=\"fault\"",
        "class=\"maybe\"",
        "class=\"healed\"",
        "id=\"F02\"",
        "it &lt;came&gt; so",
    ] {
        assert!(page.contains(part), "no {part:?}");
    }
    for outside in ["http://", "https://", "<script", "<link", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}
