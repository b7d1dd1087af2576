//! What was measured as tables for a terminal.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{Table, presets};

use super::{
    contender::{Contender, REFERENCE},
    measured::Measured,
    reached::METRICS,
    report::Comparison,
    statistics::Spread,
};

/// One load: figures, ratios, goals, failures.
pub(super) fn comparison(of: &Comparison) -> String {
    let mut text = format!("{}\n{}\n", of.title(), figures(of));
    if let Some(rate) = of.offered_rate {
        text += &format!("offered: {rate:.0}/s\n");
    }
    let to_reference = format!("ratio to {} (min..max of the rounds)", REFERENCE.title());
    text += &ratios(of, &to_reference, |one| &one.to_reference);
    if let Some(best) = of.best_raw.filter(|best| *best != REFERENCE) {
        let to_best = format!("ratio to the best raw loop, {}", best.title());
        text += &ratios(of, &to_best, |one| &one.to_best_raw);
    }
    text += &goals(of);
    for failure in &of.failures {
        text += &format!("failed: {failure}\n");
    }
    text
}

/// CPU per request by what the threads are for.
pub(super) fn account(of: &Comparison) -> String {
    let sides = [
        ("requester", requester_threads as fn(&Measured) -> &Threads),
        ("responder", responder_threads),
    ];
    let tables = sides.map(|(side, threads)| {
        let groups: BTreeSet<_> = of
            .contenders
            .iter()
            .flat_map(|c| threads(c).keys())
            .collect();
        let mut table = table(
            [format!("{side}, CPU us per request")].into_iter().chain(
                of.contenders
                    .iter()
                    .map(|one| one.contender.title().to_owned()),
            ),
        );
        for group in groups {
            let us = |one: &Measured| {
                let us = threads(one).get(group);
                us.map_or_else(|| "-".to_owned(), |us| format!("{us:.2}"))
            };
            table.add_row(
                [(*group).to_owned()]
                    .into_iter()
                    .chain(of.contenders.iter().map(us)),
            );
        }
        format!("{table}\n")
    });
    tables.concat()
}

/// All shapes in one table: the best raw loop and Antiphon.
pub(super) fn shapes(all: &[Comparison]) -> String {
    let mut table = table(
        [
            "shape",
            "in flight",
            "best raw loop",
            "rate/s raw, Antiphon",
            "ratio",
            "p50 ms raw, Antiphon",
            "ratio",
            "p99 ratio",
            "CPU ratio requester, responder",
        ]
        .map(str::to_owned),
    );
    for one in all {
        let (raw, ours) = (one.of(one.best_raw), one.of(Some(Contender::Antiphon)));
        let both = |key: &str| {
            let [raw, ours] = [raw, ours].map(|of| of.map_or_else(dash, |of| figure(of, key)));
            format!("{raw}, {ours}")
        };
        let ratio = |key| ours.map_or_else(dash, |ours| spread(ours.to_best_raw.get(key)));
        table.add_row([
            one.setting.about.to_owned(),
            one.setting.in_flight.to_string(),
            one.best_raw.map_or_else(dash, |raw| raw.title().to_owned()),
            both("rate"),
            ratio("rate"),
            both("p50"),
            ratio("p50"),
            ratio("p99"),
            format!("{}, {}", ratio("requester_cpu"), ratio("responder_cpu")),
        ]);
    }
    let failures = all.iter().flat_map(|one| {
        let failures = one.failures.iter();
        failures.map(|failure| format!("failed: {}: {failure}\n", one.title()))
    });
    format!("{table}\n{}", failures.collect::<String>())
}

type Threads = BTreeMap<&'static str, f64>;

fn requester_threads(of: &Measured) -> &Threads {
    &of.requester_threads
}

fn responder_threads(of: &Measured) -> &Threads {
    &of.responder_threads
}

fn table(header: impl IntoIterator<Item = String>) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_header(header.into_iter().collect::<Vec<_>>());
    table
}

fn headed(first: &str) -> Table {
    let titles = METRICS.iter().map(|metric| metric.title.to_owned());
    table([first.to_owned()].into_iter().chain(titles))
}

fn figures(of: &Comparison) -> Table {
    let mut table = headed("median of the rounds");
    for one in &of.contenders {
        let cells = METRICS.iter().map(|metric| figure(one, metric.key));
        table.add_row([one.contender.title().to_owned()].into_iter().chain(cells));
    }
    table
}

fn ratios(
    of: &Comparison,
    title: &str,
    to: fn(&Measured) -> &BTreeMap<&'static str, Spread>,
) -> String {
    let with_ratios: Vec<_> = of.contenders.iter().filter(|c| !to(c).is_empty()).collect();
    if with_ratios.is_empty() {
        return String::new();
    }
    let mut table = headed(title);
    for one in with_ratios {
        let cells = METRICS.iter().map(|metric| spread(to(one).get(metric.key)));
        table.add_row([one.contender.title().to_owned()].into_iter().chain(cells));
    }
    format!("{table}\n")
}

fn goals(of: &Comparison) -> String {
    if of.targets.is_empty() {
        return String::new();
    }
    let header = ["Antiphon", "ratio", "must", "", "aim", ""];
    let mut table = table(header.map(str::to_owned));
    for target in &of.targets {
        table.add_row([
            target.metric.to_owned(),
            format!("{:.2}", target.ratio),
            format!("{:.2}", target.must),
            met(target.met_must).to_owned(),
            format!("{:.2}", target.aim),
            met(target.met_aim).to_owned(),
        ]);
    }
    format!("{table}\n")
}

/// As a word: a colour alone would not do.
pub(super) fn met(yes: bool) -> &'static str {
    if yes { "met" } else { "missed" }
}

/// The median of a figure, in its unit.
pub(super) fn figure(of: &Measured, key: &str) -> String {
    let metric = METRICS.iter().find(|metric| metric.key == key);
    let shown = metric.and_then(|metric| Some(metric.text(of.figures.get(key)?.median)));
    shown.unwrap_or_else(dash)
}

/// `0.95 (0.91..0.99)`; of one round just the ratio.
pub(super) fn spread(of: Option<&Spread>) -> String {
    match of {
        None => dash(),
        Some(Spread { median, min, max }) if min == max => format!("{median:.2}"),
        Some(Spread { median, min, max }) => format!("{median:.2} ({min:.2}..{max:.2})"),
    }
}

pub(super) fn dash() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::{super::report::tests::example, *};

    #[test]
    fn a_level_shows_figures_ratios_goals_and_failures() {
        let text = comparison(&example());
        for part in [
            "100 in flight",
            "0.85 (0.80..0.90)",
            "missed",
            "met",
            "failed: round 3, antiphon",
        ] {
            assert!(text.contains(part), "no {part:?} in\n{text}");
        }
    }

    #[test]
    fn a_shape_that_lacks_a_contender_shows_a_dash() {
        let mut lame = example();
        lame.contenders.pop();
        let text = shapes(&[lame]);
        assert!(text.contains("100, -"), "{text}");
    }
}
