//! Processes, each life by itself: when it ran, what it held, what it reads.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::{
    reading::Desk,
    samples::{Samples, overlap},
};
use crate::history::{Outcome, ProcessId};

/// One life of one process.
#[derive(Debug)]
pub(in crate::checker) struct Process {
    pub(in crate::checker) id: Arc<ProcessId>,
    pub(in crate::checker) exited: Option<u64>,
    /// How many events it has written; the number of the present one.
    pub(in crate::checker) sequence: u64,
    pub(in crate::checker) last: u64,
    pub(in crate::checker) samples: Samples,
    pub(in crate::checker) streak: Streak,
    pub(in crate::checker) desk: Desk,
}

/// The successes in a row at the end of a requester, as far as they are wanted.
#[derive(Debug, Default)]
pub(in crate::checker) struct Streak {
    /// When each call was begun.
    begun: VecDeque<u64>,
}

/// What the nemesis did to processes.
#[derive(Debug, Default)]
pub(in crate::checker) struct Misfortunes {
    killed: HashMap<(String, u16), u64>,
    paused: HashMap<String, Vec<(u64, u64)>>,
}

impl Process {
    pub(in crate::checker) fn new(id: Arc<ProcessId>, at: u64) -> Self {
        Self {
            id,
            exited: None,
            sequence: 0,
            last: at,
            samples: Samples::new(at),
            streak: Streak::default(),
            desk: Desk::default(),
        }
    }

    /// As people call it.
    pub(in crate::checker) fn name(&self) -> String {
        format!("{}.{}", self.id.name, self.id.incarnation)
    }
}

impl Streak {
    pub(in crate::checker) fn take(&mut self, begun: u64, outcome: &Outcome, wanted: u64) {
        match outcome {
            Outcome::Ok(_) | Outcome::Gathered { complete: true, .. } => {
                self.begun.push_back(begun);
                if self.begun.len() as u64 > wanted {
                    self.begun.pop_front();
                }
            }
            outcome if is_as_asked(outcome) => {}
            _ => self.begun.clear(),
        }
    }

    /// How many of them were begun after `healed`.
    pub(in crate::checker) fn since(&self, healed: u64) -> u64 {
        self.begun.iter().filter(|begun| **begun >= healed).count() as u64
    }
}

/// What a handler says shows that requests and replies get through; what a caller gives up itself
/// shows nothing.
fn is_as_asked(outcome: &Outcome) -> bool {
    use crate::history::Certainty;
    match outcome {
        Outcome::Error {
            kind,
            executed,
            code,
        } => match &**kind {
            "dropped" | "closed" => true,
            "status" => *executed == Certainty::Yes || code.as_deref() == Some("INTERNAL"),
            _ => false,
        },
        Outcome::Gathered { missing, .. } => {
            missing.iter().any(|one| one.executed == Certainty::Yes)
        }
        Outcome::Ok(_) => false,
    }
}

impl Misfortunes {
    pub(in crate::checker) fn kill(&mut self, process: &str, incarnation: u16, at: u64) {
        let life = (process.to_owned(), incarnation);
        self.killed.entry(life).or_insert(at);
    }

    pub(in crate::checker) fn pause(&mut self, process: &str, since: u64, until: u64) {
        let pauses = self.paused.entry(process.to_owned()).or_default();
        pauses.push((since, until));
    }

    pub(in crate::checker) fn killed(&self, process: &ProcessId) -> Option<u64> {
        let life = (process.name.clone(), process.incarnation);
        self.killed.get(&life).copied()
    }

    /// How long a process was paused between two moments.
    pub(in crate::checker) fn paused(&self, process: &ProcessId, from: u64, to: u64) -> u64 {
        let pauses = self.paused.get(&process.name).into_iter().flatten();
        pauses
            .map(|(since, until)| overlap((*since, *until), (from, to)))
            .fold(0, u64::saturating_add)
    }
}
