//! The rows of the fault matrix: who suffers what, and how often.

use std::ops::Range;

use rand::{Rng as _, rngs::SmallRng};

use antiphon_testbed::proxy::Way;

use super::act::Act;
use crate::history::Role;

/// A row of the fault matrix.
#[derive(Debug)]
pub struct Row {
    /// Its name: `F02`.
    pub code: &'static str,
    /// What happens in it.
    pub title: &'static str,
    /// Belongs to the selection for every change.
    pub short: bool,
    pub(super) faults: Option<Faults>,
}

/// The faults of a row. Times in milliseconds.
#[derive(Debug)]
pub(super) struct Faults {
    /// How long each lasts.
    pub(super) on: Range<u64>,
    /// The quiet time after it.
    pub(super) off: Range<u64>,
    /// How many there are, where there is time for so many.
    pub(super) at_most: usize,
    /// The fault with this number, from 0.
    pub(super) draw: fn(usize, &mut SmallRng) -> Act,
}

/// How many brokers, requesters and responders there are.
pub(super) const BROKERS: usize = 3;
pub(super) const REQUESTERS: usize = 3;
pub(super) const RESPONDERS: usize = 3;

/// Partitions of each request topic, and what row `F15` makes of them.
pub(super) const PARTITIONS: u32 = 3;
const GROWN: u32 = 6;

const HOUR: i64 = 3_600_000;

/// Where a responder is killed by itself: between any two of these an answer can get lost, or be made twice.
const POINTS: [&str; 6] = [
    "received",
    "started",
    "effect",
    "replied",
    "reply_stored",
    "commit",
];

/// All rows there are.
pub fn rows() -> &'static [Row] {
    ROWS
}

const fn row(
    code: &'static str,
    title: &'static str,
    on: Range<u64>,
    off: Range<u64>,
    draw: fn(usize, &mut SmallRng) -> Act,
) -> Row {
    Row {
        code,
        title,
        short: false,
        faults: Some(Faults {
            on,
            off,
            at_most: usize::MAX,
            draw,
        }),
    }
}

impl Row {
    const fn short(mut self) -> Self {
        self.short = true;
        self
    }

    const fn once(mut self) -> Self {
        if let Some(faults) = &mut self.faults {
            faults.at_most = 1;
        }
        self
    }
}

const ROWS: &[Row] = &[
    Row {
        code: "F01",
        title: "no fault",
        short: false,
        faults: None,
    },
    row(
        "F02",
        "leaders are killed",
        3_000..6_000,
        8_000..12_000,
        |_, random| {
            let partition = random.random_range(0..PARTITIONS as usize);
            Act::KillLeader { partition }
        },
    )
    .short(),
    row(
        "F03",
        "a broker freezes",
        5_000..40_000,
        8_000..12_000,
        |_, random| Act::FreezeBroker { node: node(random) },
    ),
    row(
        "F04",
        "two of three brokers are down",
        20_000..30_000,
        18_000..22_000,
        |_, random| Act::KillAllBut { node: node(random) },
    ),
    row(
        "F05",
        "the controller is killed",
        3_000..6_000,
        8_000..12_000,
        |_, _| Act::KillController,
    ),
    row(
        "F06",
        "clients and a broker are cut off",
        12_000..20_000,
        8_000..12_000,
        |count, random| {
            let ways = [Way::ToClient, Way::ToBroker, Way::Both];
            Act::Partition {
                node: node(random),
                way: ways[count % ways.len()],
                whom: [None, Some(Role::Requester), Some(Role::Responder)]
                    [random.random_range(0..3)],
            }
        },
    ),
    row(
        "F07",
        "answers of brokers are lost or late",
        8_000..12_000,
        5_000..8_000,
        |count, random| {
            let milliseconds = random.random_range(500..3_000);
            match count % 4 {
                2 => Act::HoldAcks { milliseconds },
                3 => Act::HoldReads { milliseconds },
                _ => Act::LoseAcks { share: 0.05 },
            }
        },
    )
    .short(),
    row(
        "F09",
        "requesters are killed",
        500..2_000,
        8_000..15_000,
        |_, random| Act::Kill {
            role: Role::Requester,
            at: random.random_range(0..REQUESTERS),
        },
    ),
    row(
        "F10",
        "requesters freeze for longer than their calls",
        11_000..15_000,
        8_000..12_000,
        |_, random| Act::Freeze {
            role: Role::Requester,
            at: random.random_range(0..REQUESTERS),
        },
    ),
    row(
        "F11",
        "responders are killed anywhere, and at each step",
        500..2_000,
        5_000..8_000,
        |_, random| {
            let at = random.random_range(0..RESPONDERS);
            match POINTS.get(random.random_range(0..=POINTS.len())) {
                Some(event) => Act::Abort {
                    at,
                    event,
                    nth: random.random_range(1..20),
                },
                None => Act::Kill {
                    role: Role::Responder,
                    at,
                },
            }
        },
    )
    .short(),
    row(
        "F12",
        "responders freeze until others have their partitions",
        12_000..18_000,
        8_000..12_000,
        |_, random| Act::Freeze {
            role: Role::Responder,
            at: random.random_range(0..RESPONDERS),
        },
    )
    .short(),
    row(
        "F13",
        "partitions move all the time",
        12_000..15_000,
        4_000..6_000,
        |_, _| Act::Churn,
    ),
    row(
        "F15",
        "request topics grow",
        1_000..2_000,
        5_000..6_000,
        |_, _| Act::Grow { partitions: GROWN },
    )
    .once(),
    row(
        "F18",
        "wall clocks are an hour off",
        10_000..14_000,
        6_000..10_000,
        |count, random| {
            let sign = if random.random() { 1 } else { -1 };
            Act::Clock {
                role: [Role::Responder, Role::Requester][count % 2],
                milliseconds: sign * HOUR,
            }
        },
    ),
    row(
        "F19",
        "handlers are slow",
        10_000..15_000,
        18_000..22_000,
        |_, _| Act::Slow { factor: 100 },
    ),
    row(
        "F20",
        "clients have 64 kB/s",
        10_000..15_000,
        15_000..20_000,
        |_, _| Act::Narrow {
            bytes_per_second: 64_000,
        },
    ),
    row(
        "F21",
        "poison, garbage, and what is too large",
        15_000..20_000,
        4_000..6_000,
        |_, _| Act::Poison { share: 0.01 },
    ),
    row(
        "F22",
        "somebody is hostile",
        15_000..20_000,
        4_000..6_000,
        |_, _| Act::Hostile,
    ),
    row(
        "F23",
        "three times the calls",
        15_000..20_000,
        12_000..16_000,
        |_, _| Act::Overload { factor: 3 },
    ),
    row(
        "F24",
        "everything is restarted, one after the other",
        500..1_000,
        4_000..6_000,
        |_, _| Act::RollingRestart,
    )
    .short(),
];

fn node(random: &mut SmallRng) -> usize {
    random.random_range(1..=BROKERS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_row_has_a_code_of_its_own() {
        let codes: BTreeSet<_> = rows().iter().map(|row| row.code).collect();
        assert_eq!(codes.len(), rows().len());
        assert!(rows().iter().any(|row| row.short));
    }
}
