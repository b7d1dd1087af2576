//! Where events go while a run goes on.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::event::{Entry, Event, ProcessId};

/// Takes down what one process does. Never waits, and never fails: a history that can not be
/// written ends the run.
pub trait Recorder: Send + Sync + fmt::Debug {
    /// Takes one event down, with the time of now.
    fn record(&self, event: Event);
}

/// Keeps the events of all processes of a simulation, in order.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Vec<Entry>>>);

impl Memory {
    /// What has been taken down so far; afterwards there is nothing.
    pub fn take(&self) -> Vec<Entry> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes one event of a process down.
    pub fn record(&self, at: u64, process: &Arc<ProcessId>, event: Event) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let process = Arc::clone(process);
        entries.push(Entry { at, process, event });
    }
}
