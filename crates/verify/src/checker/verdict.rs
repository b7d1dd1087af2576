//! What was found about one invariant.

use std::collections::HashSet;

use serde::Serialize;

use super::{invariant::Invariant, subject::Subject};
use crate::history::{Entry, Event};

/// How a run stands to one invariant.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Which.
    pub invariant: Invariant,
    /// How.
    #[serde(flatten)]
    pub ruling: Ruling,
}

/// How a run stands to an invariant.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "ruling", rename_all = "snake_case")]
pub enum Ruling {
    /// It holds.
    Held {
        /// How many calls, replies, offsets and so on were looked at.
        checked: u64,
        /// For how many of them the history does not say enough.
        unknown: u64,
    },
    /// It does not hold.
    Violated {
        /// How often.
        violations: u64,
        /// The earliest.
        first: Box<CounterExample>,
    },
    /// There was nothing to look at.
    NotApplicable {
        /// Why.
        why: String,
    },
}

/// A violation, as far as it can be told.
#[derive(Clone, Debug, Serialize)]
pub struct CounterExample {
    /// When, in microseconds since the run began.
    pub at: u64,
    /// What is wrong.
    pub wrong: String,
    /// The events that have to do with it, in the order of their times.
    pub events: Vec<Told>,
    /// How many events from the middle of them are left out.
    pub left_out: usize,
    #[serde(skip)]
    pub(super) subject: Subject,
}

/// An event that has to do with a violation.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// Microseconds since the run began.
    pub at: u64,
    /// Whose: name and incarnation.
    pub process: String,
    /// What happened.
    pub event: Event,
}

/// Most events at the beginning, and as many at the end, that are told of a violation.
const TOLD: usize = 30;

impl CounterExample {
    pub(super) fn new(at: u64, wrong: String, subject: Subject) -> Self {
        Self {
            at,
            wrong,
            events: Vec::new(),
            left_out: 0,
            subject,
        }
    }

    pub(super) fn recall(&mut self, entry: &Entry) {
        if !self.subject.concerns(entry) {
            return;
        }
        let process = &entry.process;
        self.events.push(Told {
            at: entry.at,
            process: format!("{}.{}", process.name, process.incarnation),
            event: entry.event.clone(),
        });
        if self.events.len() > 64 * TOLD {
            self.settle();
        }
    }

    /// All has been recalled: only those misfortunes are of interest that befell who is in the
    /// story, and while it went on.
    pub(super) fn told(&mut self) {
        self.settle();
        let others = self.events.iter().filter(|told| !told.is_misfortune());
        let who: HashSet<String> = others.clone().map(|told| told.process.clone()).collect();
        let from = others.clone().map(|told| told.at).min().unwrap_or(0);
        let to = others.map(|told| told.at).max().unwrap_or(u64::MAX);
        self.events.retain(|told| match &told.event {
            Event::Killed {
                process,
                incarnation,
            } => {
                let victim = format!("{process}.{incarnation}");
                who.contains(&victim) && (from..=to).contains(&told.at)
            }
            Event::Paused { process, since } => {
                let is_victim = |name: &String| {
                    let name = name.strip_prefix(process.as_str());
                    name.is_some_and(|rest| rest.starts_with('.'))
                };
                who.iter().any(is_victim) && *since <= to && told.at >= from
            }
            _ => true,
        });
    }

    /// In the order of time, and without the middle of a long story.
    fn settle(&mut self) {
        self.events.sort_by_key(|told| told.at);
        let middle = TOLD..self.events.len().saturating_sub(TOLD);
        if middle.start < middle.end {
            self.left_out += middle.len();
            self.events.drain(middle);
        }
    }
}

impl Told {
    fn is_misfortune(&self) -> bool {
        matches!(self.event, Event::Killed { .. } | Event::Paused { .. })
    }
}

impl Verdict {
    /// Whether the invariant is broken.
    pub fn is_violated(&self) -> bool {
        matches!(self.ruling, Ruling::Violated { .. })
    }

    pub(super) fn counter_example(&mut self) -> Option<&mut CounterExample> {
        match &mut self.ruling {
            Ruling::Violated { first, .. } => Some(first),
            _ => None,
        }
    }
}
