//! What is known of a run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::verdict::Verdict;
use crate::history::Entry;

/// What is known of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The row of the fault matrix, or the profile of the simulation.
    pub name: String,
    /// What everything random in it was made from.
    pub seed: u64,
    /// It ran in the simulator.
    pub simulated: bool,
    /// How much happened.
    pub totals: Totals,
    /// How the product stands to each invariant.
    pub verdicts: Vec<Verdict>,
    /// Whether the log has lost what it had acknowledged. That is not the product's fault.
    pub kafka_lost_acked: Verdict,
}

/// How much happened in a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Events of all processes.
    pub events: u64,
    /// Lives of processes.
    pub processes: u64,
    /// Calls that were begun.
    pub calls: u64,
    /// Calls that have ended, by how and by what was said of execution.
    pub outcomes: BTreeMap<String, BTreeMap<String, u64>>,
    /// Calls that have ended.
    pub ended: u64,
    /// Runs of handlers.
    pub executions: u64,
    /// Replies that the log has acknowledged.
    pub replies_stored: u64,
    /// Faults that were caused.
    pub faults: u64,
    /// With 95 % confidence, an invariant that held for all of this run's calls is broken for no
    /// more than this share of calls of the same kind: three, divided by the calls that ended. None if that says
    /// nothing.
    pub bound: Option<f64>,
}

/// What a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Nothing is wrong.
    Held,
    /// The product has broken an invariant.
    Violated,
    /// The log has lost what it had acknowledged; the product has done nothing wrong.
    KafkaLostAcked,
}

impl Report {
    /// What it comes to.
    pub fn conclusion(&self) -> Conclusion {
        if self.verdicts.iter().any(Verdict::is_violated) {
            Conclusion::Violated
        } else if self.kafka_lost_acked.is_violated() {
            Conclusion::KafkaLostAcked
        } else {
            Conclusion::Held
        }
    }

    /// Whether there is a violation, whose events a second look at the history would find.
    pub fn wants_events(&self) -> bool {
        self.conclusion() != Conclusion::Held
    }

    /// Adds an event to the violations that it has to do with. To be given the whole history once
    /// more, in any order, and then [`told`](Self::told).
    pub fn recall(&mut self, entry: &Entry) {
        for verdict in self.verdicts.iter_mut().chain([&mut self.kafka_lost_acked]) {
            if let Some(example) = verdict.counter_example() {
                example.recall(entry);
            }
        }
    }

    /// All events have been recalled: puts them in order.
    #[must_use]
    pub fn told(mut self) -> Self {
        for verdict in self.verdicts.iter_mut().chain([&mut self.kafka_lost_acked]) {
            if let Some(example) = verdict.counter_example() {
                example.told();
            }
        }
        self
    }
}
