//! What came of a run, for people: a page, and a text.

mod chart;
mod html;
mod markdown;
mod timeline;

use std::{path::PathBuf, time::Duration};

pub(super) use self::timeline::Timeline;
pub use self::timeline::{Second, Span};
pub use self::{html::page, markdown::text};

/// One row as it went.
#[derive(Clone, Debug, Default)]
pub struct RowReport {
    /// `F02`.
    pub code: String,
    /// What happened in it.
    pub title: String,
    /// Second by second.
    pub seconds: Vec<Second>,
    /// What the nemesis did.
    pub faults: Vec<Span>,
    /// When all faults were over, in seconds.
    pub healed: Option<f64>,
    /// How the product stands to each invariant.
    pub verdicts: Vec<Ruling>,
    /// Why the run does not count, whatever the verdicts: a fault without effect, a process that ended by itself, a
    /// machine that had no time.
    pub problems: Vec<String>,
    /// The machine gave the run no time; one of the problems says for how long.
    pub starved: bool,
    /// How long it took, all in all.
    pub took: Duration,
    /// Where its histories are, if they were kept.
    pub kept: Option<PathBuf>,
}

/// How a run stands to one invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// `I4`.
    pub id: String,
    /// What has to hold.
    pub statement: String,
    /// How it stands.
    pub state: State,
    /// How much was looked at, or what is wrong.
    pub detail: String,
    /// The events that have to do with what is wrong.
    pub story: Option<String>,
}

/// How an invariant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It holds.
    Held,
    /// It does not.
    Violated,
    /// There was nothing to look at.
    NotApplicable,
}

impl State {
    /// In a word or two.
    pub fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Violated => "violated",
            Self::NotApplicable => "nothing to see",
        }
    }
}

/// All rows of a run.
#[derive(Clone, Debug)]
pub struct ChaosReport {
    /// What everything random in it was made from.
    pub seed: u64,
    /// Seconds of load of each row.
    pub seconds: u64,
    /// Calls a second.
    pub rate: u32,
    /// Which Kafka.
    pub kafka: String,
    /// The rows, in the order in which they ran.
    pub rows: Vec<RowReport>,
}

impl RowReport {
    /// Whether nothing is wrong with the product, and nothing with the run.
    pub fn passed(&self) -> bool {
        self.problems.is_empty() && self.violated().next().is_none()
    }

    /// Nothing that it shows is of the product: it was starved, and nothing is violated.
    pub fn says_nothing(&self) -> bool {
        self.starved && self.violated().next().is_none()
    }

    /// The invariants that do not hold.
    pub fn violated(&self) -> impl Iterator<Item = &Ruling> {
        self.verdicts
            .iter()
            .filter(|one| one.state == State::Violated)
    }

    /// All seconds together.
    pub fn total(&self) -> Second {
        self.seconds
            .iter()
            .fold(Second::default(), |sum, one| Second {
                begun: sum.begun + one.begun,
                ok: sum.ok + one.ok,
                no: sum.no + one.no,
                maybe: sum.maybe + one.maybe,
                yes: sum.yes + one.yes,
                in_flight: sum.in_flight.max(one.in_flight),
            })
    }

    /// What it comes to, in a word.
    pub fn word(&self) -> &'static str {
        match (self.violated().next(), self.problems.first()) {
            (Some(_), _) => "violated",
            (None, Some(_)) => "unusable",
            (None, None) => "held",
        }
    }
}

impl ChaosReport {
    /// Whether all rows passed.
    pub fn passed(&self) -> bool {
        self.rows.iter().all(RowReport::passed)
    }
}

#[cfg(test)]
mod tests;
