//! How near to the raw loop Antiphon has to come, and would like to.

use serde::Serialize;

use super::measured::Measured;

/// Ratios to [the reference](super::contender::REFERENCE): of the rate at least, of the others at most.
struct Goals {
    in_flight: usize,
    rate: Goal,
    p50: Goal,
    requester_cpu: Goal,
    responder_cpu: Goal,
}

/// What must be, and what is aimed at.
struct Goal(f64, f64);

const GOALS: &[Goals] = &[
    Goals {
        in_flight: 1,
        rate: Goal(0.90, 0.95),
        p50: Goal(1.10, 1.05),
        requester_cpu: Goal(1.25, 1.11),
        responder_cpu: Goal(1.25, 1.00),
    },
    Goals {
        in_flight: 100,
        rate: Goal(0.75, 0.94),
        p50: Goal(1.35, 1.14),
        requester_cpu: Goal(1.45, 1.20),
        responder_cpu: Goal(1.40, 1.06),
    },
    Goals {
        in_flight: 1_000,
        rate: Goal(0.80, 0.97),
        p50: Goal(1.25, 1.05),
        requester_cpu: Goal(1.30, 1.13),
        responder_cpu: Goal(1.30, 1.10),
    },
    Goals {
        in_flight: 10_000,
        rate: Goal(0.80, 1.00),
        p50: Goal(1.25, 0.98),
        requester_cpu: Goal(1.30, 1.13),
        responder_cpu: Goal(1.30, 1.10),
    },
];

/// One goal and what was reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Target {
    pub(crate) metric: &'static str,
    pub(crate) ratio: f64,
    pub(crate) must: f64,
    pub(crate) aim: f64,
    pub(crate) met_must: bool,
    pub(crate) met_aim: bool,
}

/// The goals of a level, where there are any and the reference ran too.
pub(super) fn targets(in_flight: usize, measured: &Measured) -> Vec<Target> {
    let goals = GOALS.iter().find(|goals| goals.in_flight == in_flight);
    let of = |goals: &Goals| {
        [
            ("rate", &goals.rate),
            ("p50", &goals.p50),
            ("requester_cpu", &goals.requester_cpu),
            ("responder_cpu", &goals.responder_cpu),
        ]
        .into_iter()
        .filter_map(|(metric, goal)| target(metric, goal, measured))
        .collect()
    };
    goals.map(of).unwrap_or_default()
}

fn target(metric: &'static str, Goal(must, aim): &Goal, measured: &Measured) -> Option<Target> {
    let ratio = measured.to_reference.get(metric)?.median;
    let met = |goal: f64| {
        if metric == "rate" {
            ratio >= goal
        } else {
            ratio <= goal
        }
    };
    Some(Target {
        metric,
        ratio,
        must: *must,
        aim: *aim,
        met_must: met(*must),
        met_aim: met(*aim),
    })
}
