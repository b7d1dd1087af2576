//! Everything that was measured, and what follows from it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    contender::{Contender, REFERENCE},
    machine::Machine,
    measured::{Measured, Runs},
    reached::{METRICS, Metric, Reached},
    setting::Setting,
    statistics::Spread,
    targets::{Target, targets},
};

/// One run of the tool.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) method: Method,
    /// Closed loops, one per number of requests in flight.
    pub(crate) levels: Vec<Comparison>,
    pub(crate) shapes: Vec<Comparison>,
}

/// How it was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Method {
    pub(crate) rounds: usize,
    pub(crate) warmup_seconds: f64,
    pub(crate) duration_seconds: f64,
    /// What the ratios are to; ratios are medians of each round's ratio.
    pub(crate) reference: Contender,
}

/// All contenders under one load.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Comparison {
    pub(crate) setting: Setting,
    /// Requests a second that were offered in an open loop.
    pub(crate) offered_rate: Option<f64>,
    pub(crate) contenders: Vec<Measured>,
    /// The raw loop with the highest median rate.
    pub(crate) best_raw: Option<Contender>,
    /// Goals for Antiphon.
    pub(crate) targets: Vec<Target>,
    /// Runs that failed, and why.
    pub(crate) failures: Vec<String>,
}

impl Comparison {
    pub(super) fn new(
        setting: Setting,
        offered_rates: &[f64],
        runs: Vec<(Contender, Runs)>,
        failures: Vec<String>,
    ) -> Self {
        let best = best_raw(&runs);
        let of = |wanted| runs.iter().find(|(one, _)| Some(*one) == wanted);
        let (reference, best_runs) = (of(Some(REFERENCE)), of(best));
        let contenders: Vec<_> = runs
            .iter()
            .map(|(contender, rounds)| Measured {
                contender: *contender,
                figures: figures(rounds),
                to_reference: ratios(rounds, reference),
                to_best_raw: ratios(rounds, best_runs),
                requester_threads: threads(rounds, |r| &r.requester_threads),
                responder_threads: threads(rounds, |r| &r.responder_threads),
                rounds: rounds.clone(),
            })
            .collect();
        let ours = contenders
            .iter()
            .find(|one| one.contender == Contender::Antiphon);
        let is_level = setting.name == "closed-loop";
        Self {
            targets: ours
                .filter(|_| is_level)
                .map(|ours| targets(setting.in_flight, ours))
                .unwrap_or_default(),
            offered_rate: Spread::of(offered_rates.iter().copied()).map(|rate| rate.median),
            setting,
            contenders,
            best_raw: best,
            failures,
        }
    }

    pub(crate) fn of(&self, contender: Option<Contender>) -> Option<&Measured> {
        let mut all = self.contenders.iter();
        all.find(|one| Some(one.contender) == contender)
    }

    /// `100 in flight`, or the shape before it.
    pub(crate) fn title(&self) -> String {
        let in_flight = format!("{} in flight", self.setting.in_flight);
        match self.setting.name {
            "closed-loop" => in_flight,
            _ => format!("{}, {in_flight}", self.setting.about),
        }
    }
}

fn values(rounds: &Runs, metric: &Metric) -> impl Iterator<Item = Option<f64>> {
    rounds.iter().map(|run| run.as_ref().map(metric.of))
}

fn figures(rounds: &Runs) -> BTreeMap<&'static str, Spread> {
    let of = |metric: &Metric| Some((metric.key, Spread::of(values(rounds, metric).flatten())?));
    METRICS.iter().filter_map(of).collect()
}

fn ratios(rounds: &Runs, to: Option<&(Contender, Runs)>) -> BTreeMap<&'static str, Spread> {
    let Some((_, to)) = to else {
        return BTreeMap::new();
    };
    let of = |metric: &Metric| {
        let pairs = values(rounds, metric).zip(values(to, metric));
        Some((metric.key, Spread::of_ratios(pairs)?))
    };
    METRICS.iter().filter_map(of).collect()
}

fn best_raw(runs: &[(Contender, Runs)]) -> Option<Contender> {
    let raw = runs.iter().filter(|(contender, _)| contender.is_raw());
    let rates = raw.filter_map(|(contender, rounds)| {
        let rates = rounds.iter().flatten().map(|run| run.rate);
        Some((Spread::of(rates)?.median, *contender))
    });
    rates.max_by(|a, b| a.0.total_cmp(&b.0)).map(|best| best.1)
}

fn threads(
    rounds: &Runs,
    of: fn(&Reached) -> &BTreeMap<&'static str, f64>,
) -> BTreeMap<&'static str, f64> {
    let mut all: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for (name, us) in rounds.iter().flatten().flat_map(of) {
        all.entry(*name).or_default().push(*us);
    }
    let medians = all.into_iter();
    medians
        .filter_map(|(name, us)| Some((name, Spread::of(us)?.median)))
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn run(rate: f64, p50_us: f64) -> Option<Reached> {
        Some(Reached {
            rate,
            p50_us,
            requester_us: 10.0,
            responder_us: 10.0,
            ..Reached::default()
        })
    }

    /// Three rounds in which the first raw loop is faster in the median, and Antiphon failed once.
    pub(in super::super) fn example() -> Comparison {
        let runs = vec![
            (
                Contender::RawOwn5,
                vec![run(100.0, 10.0), run(200.0, 20.0), run(50.0, 5.0)],
            ),
            (
                Contender::RawOwn1,
                vec![run(90.0, 9.0), run(90.0, 9.0), run(90.0, 9.0)],
            ),
            (
                Contender::Antiphon,
                vec![run(80.0, 12.0), run(180.0, 20.0), None],
            ),
        ];
        let failures = vec!["round 3, antiphon: it <broke>".to_owned()];
        Comparison::new(Setting::level(100, 100, 1), &[], runs, failures)
    }

    #[test]
    fn the_best_raw_loop_is_that_of_the_highest_median_rate() {
        assert_eq!(example().best_raw, Some(Contender::RawOwn5));
    }

    #[test]
    fn ratios_are_medians_over_the_rounds_that_have_both() {
        let example = example();
        let ours = example.of(Some(Contender::Antiphon));
        let rate = ours.and_then(|ours| ours.to_reference.get("rate").copied());
        let expected = Spread {
            median: 0.85,
            min: 0.8,
            max: 0.9,
        };
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let rate = rate.unwrap_or_else(|| panic!("no ratio"));
        assert!(close(rate.median, expected.median), "{rate:?}");
        assert!(close(rate.min, expected.min) && close(rate.max, expected.max));
    }

    #[test]
    fn goals_of_the_level_are_met_or_missed() {
        let targets = example().targets;
        let met: Vec<_> = targets
            .iter()
            .map(|target| (target.metric, target.met_must, target.met_aim))
            .collect();
        let expected = [
            ("rate", true, false),
            ("p50", true, true),
            ("requester_cpu", true, true),
            ("responder_cpu", true, true),
        ];
        assert_eq!(met, expected);
    }

    #[test]
    fn a_level_without_goals_has_none() {
        let runs = vec![
            (REFERENCE, vec![run(1.0, 1.0)]),
            (Contender::Antiphon, vec![run(1.0, 1.0)]),
        ];
        let odd = Comparison::new(Setting::level(7, 100, 1), &[], runs, Vec::new());
        assert!(odd.targets.is_empty());
        assert!(odd.of(Some(Contender::Rdkafka)).is_none());
    }
}
