//! Whether a process runs, stands still or is dead, and where it is to die.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::{ledger::Ledger, point::Point};
use crate::history::{Event, ProcessId, Recorder};

/// One life of one process. What belongs to the process asks it before it acts.
#[derive(Debug)]
pub(crate) struct Life {
    process: Arc<ProcessId>,
    ledger: Ledger,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    dead: bool,
    /// Since when it stands still, in microseconds of the run.
    paused: Option<u64>,
    /// It dies when it has passed the point so many more times.
    doom: Option<(Point, u32)>,
}

impl Life {
    pub(crate) fn new(process: ProcessId, ledger: &Ledger) -> Arc<Self> {
        Arc::new(Self {
            process: Arc::new(process),
            ledger: ledger.clone(),
            state: Mutex::default(),
            changed: Notify::new(),
        })
    }

    pub(crate) fn process(&self) -> &Arc<ProcessId> {
        &self.process
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.state().dead
    }

    pub(crate) fn is_running(&self) -> bool {
        let state = self.state();
        !state.dead && state.paused.is_none()
    }

    /// It has come to its end; whatever it left running stops.
    pub(crate) fn end(&self) {
        self.state().dead = true;
        self.changed.notify_waiters();
    }

    /// At once, in the middle of whatever it does.
    pub(crate) fn kill(&self) {
        {
            let mut state = self.state();
            if state.dead {
                return;
            }
            state.dead = true;
        }
        self.ledger.by_nemesis(Event::Killed {
            process: self.process.name.clone(),
            incarnation: self.process.incarnation,
        });
        self.changed.notify_waiters();
    }

    /// Lets it die at a point that it has yet to come by.
    pub(crate) fn doom(&self, point: Point, times: u32) {
        self.state().doom = Some((point, times.max(1)));
    }

    /// It dies nowhere of itself any more.
    pub(crate) fn spare(&self) {
        self.state().doom = None;
    }

    /// The process is at this point; afterwards it may be dead.
    pub(crate) fn passed(&self, point: Point) {
        let left = {
            let mut state = self.state();
            let Some((at, times)) = state.doom.filter(|(at, _)| *at == point) else {
                return;
            };
            // It may come by here again: the dead finish the step that they are in.
            state.doom = (times > 1).then(|| (at, times - 1));
            times - 1
        };
        if left == 0 {
            self.ledger.died_at(point);
            let fault = self.ledger.fault(point.name(), self.to_string());
            self.kill();
            self.ledger.took_effect(fault, "it died there");
            self.ledger.by_nemesis(Event::FaultEnd { fault });
        }
    }

    pub(crate) fn pause(&self) {
        let mut state = self.state();
        if state.paused.is_none() {
            state.paused = Some(self.ledger.now());
        }
    }

    pub(crate) fn resume(&self) {
        let (since, dead) = {
            let mut state = self.state();
            (state.paused.take(), state.dead)
        };
        if let Some(since) = since
            && !dead
        {
            self.ledger.by_nemesis(Event::Paused {
                process: self.process.name.clone(),
                since,
            });
        }
        self.changed.notify_waiters();
    }

    /// Waits while it stands still. False: it is dead.
    pub(crate) async fn running(&self) -> bool {
        self.until(|state| state.dead || state.paused.is_none())
            .await;
        !self.is_dead()
    }

    pub(crate) async fn dead(&self) {
        self.until(|state| state.dead).await;
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if holds(&self.state()) {
                return;
            }
            changed.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The dead tell nothing; and what a process tells may be the last that it did.
impl Recorder for Life {
    fn record(&self, event: Event) {
        if self.is_dead() {
            return;
        }
        let point = Point::of(&event);
        self.ledger.record(&self.process, event);
        if let Some(point) = point {
            self.passed(point);
        }
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.process.name, self.process.incarnation)
    }
}
