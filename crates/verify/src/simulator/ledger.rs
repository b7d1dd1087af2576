//! The history of a run, with the run's own time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::time::Instant;

use super::point::Point;
use crate::history::{Entry, Event, Memory, ProcessId, Role, micros};

/// Takes down what all processes of a run do. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Ledger(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    memory: Memory,
    began: Instant,
    nemesis: Arc<ProcessId>,
    truth: Arc<ProcessId>,
    died: Mutex<BTreeMap<Point, u32>>,
    faults: AtomicU64,
}

impl Ledger {
    /// Begins now, by the runtime's clock.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            memory: Memory::default(),
            began: Instant::now(),
            nemesis: Arc::new(watcher("nemesis", 0, Role::Nemesis)),
            truth: Arc::new(watcher("truth", 1, Role::Truth)),
            died: Mutex::default(),
            faults: AtomicU64::new(0),
        }))
    }

    /// Microseconds since the run began.
    pub(crate) fn now(&self) -> u64 {
        micros(self.0.began.elapsed())
    }

    pub(crate) fn began(&self) -> Instant {
        self.0.began
    }

    pub(crate) fn record(&self, process: &Arc<ProcessId>, event: Event) {
        self.0.memory.record(self.now(), process, event);
    }

    pub(crate) fn by_nemesis(&self, event: Event) {
        self.record(&self.0.nemesis, event);
    }

    pub(crate) fn by_truth(&self, event: Event) {
        self.record(&self.0.truth, event);
    }

    /// Names the next fault, whose beginning is taken down.
    pub(crate) fn fault(&self, kind: &str, detail: String) -> u64 {
        let fault = self.0.faults.fetch_add(1, Ordering::Relaxed) + 1;
        self.by_nemesis(Event::FaultStart {
            fault,
            kind: kind.into(),
            detail,
        });
        fault
    }

    pub(crate) fn took_effect(&self, fault: u64, evidence: &str) {
        self.by_nemesis(Event::FaultEffect {
            fault,
            evidence: evidence.to_owned(),
        });
    }

    pub(crate) fn died_at(&self, point: Point) {
        let mut died = self.0.died.lock().unwrap_or_else(PoisonError::into_inner);
        *died.entry(point).or_default() += 1;
    }

    /// How often a process died where.
    pub(crate) fn deaths(&self) -> BTreeMap<Point, u32> {
        let died = self.0.died.lock().unwrap_or_else(PoisonError::into_inner);
        died.clone()
    }

    pub(crate) fn take(&self) -> Vec<Entry> {
        self.0.memory.take()
    }
}

fn watcher(name: &str, number: u16, role: Role) -> ProcessId {
    ProcessId {
        name: name.to_owned(),
        number,
        incarnation: 1,
        role,
    }
}
