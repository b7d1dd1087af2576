//! The same figures as text.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::super::{
    contender::{Contender, REFERENCE},
    measured::Measured,
    reached::METRICS,
    report::{Comparison, Report},
    text::{dash, figure, met, spread},
};

pub(super) fn goals(of: &Comparison) -> Markup {
    html! {
        @if !of.targets.is_empty() {
            div.wide {
                table {
                    caption { "Antiphon, ratio to " (REFERENCE.title()) }
                    thead { tr { th { "" } th { "ratio" } th { "must" } th { "aim" } } }
                    tbody {
                        @for target in &of.targets {
                            tr {
                                th scope="row" { (title(target.metric)) }
                                td { (format!("{:.2}", target.ratio)) }
                                td { (goal(target.must, target.met_must)) }
                                td { (goal(target.aim, target.met_aim)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn goal(goal: f64, reached: bool) -> Markup {
    html! { (format!("{goal:.2}")) " " span class=(met(reached)) { (met(reached)) } }
}

/// The unit does not belong to a ratio.
fn title(key: &str) -> &'static str {
    match key {
        "rate" => "rate",
        "p50" => "p50",
        "requester_cpu" => "CPU of the requester",
        "responder_cpu" => "CPU of the responder",
        _ => "p99",
    }
}

pub(super) fn figures(of: &Comparison) -> Markup {
    html! {
        div.wide {
            table {
                caption { "Medians; below them the ratio to " (REFERENCE.title()) ", and to the best raw loop"
                    @if let Some(best) = of.best_raw { ", " (best.title()) } }
                thead { tr { th { "" } @for metric in METRICS { th { (metric.title) } } } }
                tbody {
                    @for one in &of.contenders {
                        tr {
                            th scope="row" { (one.contender.title()) }
                            @for metric in METRICS {
                                td {
                                    (figure(one, metric.key))
                                    br; small { (spread(one.to_reference.get(metric.key))) }
                                    br; small { (spread(one.to_best_raw.get(metric.key))) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn shapes(all: &[Comparison]) -> Markup {
    html! {
        div.wide {
            table {
                thead {
                    tr {
                        th { "shape" } th { "in flight" } th { "best raw loop" }
                        th { "rate/s raw" } th { "rate/s Antiphon" } th { "ratio" }
                        th { "p50 ms raw" } th { "p50 ms Antiphon" } th { "ratio" } th { "p99 ratio" }
                        th { "CPU ratio, requester" } th { "CPU ratio, responder" }
                    }
                }
                tbody { @for one in all { (shape(one)) } }
            }
        }
    }
}

fn shape(of: &Comparison) -> Markup {
    let (raw, ours) = (of.of(of.best_raw), of.of(Some(Contender::Antiphon)));
    let value = |of: Option<&Measured>, key| of.map_or_else(dash, |of| figure(of, key));
    let ratio = |key| ours.map_or_else(dash, |ours| spread(ours.to_best_raw.get(key)));
    html! {
        tr {
            th scope="row" { (of.setting.about) }
            td { (of.setting.in_flight) }
            td { (of.best_raw.map_or("-", Contender::title)) }
            td { (value(raw, "rate")) } td { (value(ours, "rate")) } td { (ratio("rate")) }
            td { (value(raw, "p50")) } td { (value(ours, "p50")) } td { (ratio("p50")) }
            td { (ratio("p99")) }
            td { (ratio("requester_cpu")) } td { (ratio("responder_cpu")) }
        }
    }
}

/// CPU by what threads are for.
pub(super) fn account(report: &Report) -> Markup {
    html! {
        @if !report.levels.is_empty() {
            section {
                h2 { "Where the CPU goes" }
                p { "Microseconds per request, by what the threads are for." }
                @for level in &report.levels {
                    details { summary { (level.title()) }
                        (side(level, "requester", |one| &one.requester_threads))
                        (side(level, "responder", |one| &one.responder_threads))
                    }
                }
            }
        }
    }
}

fn side(
    of: &Comparison,
    name: &str,
    threads: fn(&Measured) -> &std::collections::BTreeMap<&'static str, f64>,
) -> Markup {
    let groups: BTreeSet<_> = of
        .contenders
        .iter()
        .flat_map(|c| threads(c).keys())
        .collect();
    html! {
        div.wide {
            table {
                caption { (name) }
                thead { tr { th { "" } @for one in &of.contenders { th { (one.contender.title()) } } } }
                tbody {
                    @for group in groups {
                        tr {
                            th scope="row" { (group) }
                            @for one in &of.contenders {
                                td { (threads(one).get(group).map_or_else(dash, |us| format!("{us:.2}"))) }
                            }
                        }
                    }
                }
            }
        }
    }
}
