//! One page that shows everything and needs nothing: no script, no network.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{ChaosReport, RowReport, Ruling, State, chart};

const STYLE: &str = include_str!("style.css");
const TITLE: &str = "Antiphon: faults on three brokers";

/// All of it, as a page.
pub fn page(report: &ChaosReport) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (TITLE) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (TITLE) }
                    p.lead { (lead(report)) }
                }
                main {
                    (legend())
                    (overview(report))
                    @for row in &report.rows { (section(row)) }
                    (method(report))
                }
            }
        }
    };
    page.into_string()
}

fn lead(report: &ChaosReport) -> String {
    let held = report.rows.iter().filter(|row| row.passed()).count();
    format!(
        "{held} of {} rows held. Seed {}, {} s of load for each, {} calls a second, Apache Kafka {}.",
        report.rows.len(),
        report.seed,
        report.seconds,
        report.rate,
        report.kafka
    )
}

fn legend() -> Markup {
    let kinds = [
        ("ok", "ended with what was wanted"),
        ("no", "error: not executed"),
        ("maybe", "error: maybe executed"),
        ("yes", "error: executed"),
        ("fault", "a fault"),
    ];
    html! {
        ul.legend {
            @for (class, what) in kinds { li { span class={ "key " (class) } aria-hidden="true" {} " " (what) } }
        }
    }
}

fn overview(report: &ChaosReport) -> Markup {
    html! {
        div.wide {
            table {
                thead { tr {
                    @for name in ["row", "", "calls", "ok", "no", "maybe", "yes", "faults", "verdict"] { th { (name) } }
                } }
                tbody { @for row in &report.rows { (overview_row(row)) } }
            }
        }
    }
}

fn overview_row(row: &RowReport) -> Markup {
    let total = row.total();
    html! {
        tr {
            td { a href={ "#" (row.code) } { (row.code) } }
            td { (row.title) }
            @for count in [total.begun, total.ok, total.no, total.maybe, total.yes] { td.number { (count) } }
            td.number { (row.faults.len()) }
            td class=(row.word()) { (row.word()) }
        }
    }
}

fn section(row: &RowReport) -> Markup {
    html! {
        section id=(row.code) {
            h2 { (row.code) " " (row.title) }
            @for problem in &row.problems { p.unusable { "Unusable: " (problem) } }
            figure { (chart::time_line(row)) }
            (verdicts(&row.verdicts))
            (faults(row))
            @if let Some(kept) = &row.kept { p { "Histories and logs: " code { (kept.display()) } } }
        }
    }
}

fn verdicts(all: &[Ruling]) -> Markup {
    let class = |state| match state {
        State::Held => "held",
        State::Violated => "violated",
        State::NotApplicable => "quiet",
    };
    html! {
        div.wide {
            table {
                tbody {
                    @for one in all {
                        tr {
                            td { (one.id) }
                            td { (one.statement) }
                            td class=(class(one.state)) { (one.state.word()) }
                            td { (one.detail) }
                        }
                    }
                }
            }
        }
        @for one in all {
            @if let Some(story) = &one.story {
                details { summary { "How " (one.id) " was violated" } pre { (story) } }
            }
        }
    }
}

fn faults(row: &RowReport) -> Markup {
    html! {
        @if !row.faults.is_empty() {
            details {
                summary { "What was done, and by what it was seen" }
                div.wide {
                    table {
                        thead { tr { @for name in ["from", "to", "fault", "to whom", "seen by"] { th { (name) } } } }
                        tbody {
                            @for fault in &row.faults {
                                tr {
                                    td.number { (format!("{:.1} s", fault.from)) }
                                    td.number { (fault.to.map_or_else(|| "–".to_owned(), |to| format!("{to:.1} s"))) }
                                    td { (fault.kind) }
                                    td { (fault.detail) }
                                    @match &fault.evidence {
                                        Some(evidence) => td { (evidence) },
                                        None => td.unusable { "nothing" },
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn method(report: &ChaosReport) -> Markup {
    html! {
        section {
            h2 { "Method" }
            p {
                "Three brokers, each a process of its own behind a proxy; three copies of each partition, two of which \
                 have to acknowledge. Requesters and responders are processes, too, and write down what they do and \
                 what the product hands to the log and gets from it. Requests, scatters and gathers run at the same \
                 time. After the last fault the load goes on, everything is drained, an independent reader reads all \
                 topics, and a checker compares what was promised with what is on record."
            }
            p {
                "All times and targets of faults come from the seed " code { (report.seed) } ". A row is unusable when \
                 a fault had no visible effect, when a process ended by itself, or when the machine had no time for \
                 the run."
            }
        }
    }
}
