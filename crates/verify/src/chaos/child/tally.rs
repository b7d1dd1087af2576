//! Counts what a process writes down, and kills it where it was told to.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};

use crate::history::{Certainty, Event, HistoryFile, Outcome, Recorder};

/// How its calls have ended so far, and what it holds. Printed once a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Status {
    /// With what they wanted.
    pub(crate) ok: u64,
    /// With an error that says that nothing ran.
    pub(crate) no: u64,
    /// With an error that nobody can say that of.
    pub(crate) maybe: u64,
    /// With an error that says that it ran.
    pub(crate) yes: u64,
    /// Handlers that ran.
    pub(crate) handled: u64,
    /// Calls or handlers that go on.
    pub(crate) in_flight: u64,
    /// Replies without acknowledgement.
    pub(crate) unacknowledged: u64,
}

impl Status {
    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            ok: self.ok + other.ok,
            no: self.no + other.no,
            maybe: self.maybe + other.maybe,
            yes: self.yes + other.yes,
            handled: self.handled + other.handled,
            in_flight: self.in_flight + other.in_flight,
            unacknowledged: self.unacknowledged + other.unacknowledged,
        }
    }

    /// What was done; nothing goes on any more.
    pub(crate) fn over(self) -> Self {
        Self {
            in_flight: 0,
            unacknowledged: 0,
            ..self
        }
    }

    /// Calls that have ended.
    pub(crate) fn ended(&self) -> u64 {
        self.ok + self.no + self.maybe + self.yes
    }
}

/// A history that is counted.
#[derive(Debug)]
pub(super) struct Tally {
    file: HistoryFile,
    ok: AtomicU64,
    no: AtomicU64,
    maybe: AtomicU64,
    yes: AtomicU64,
    handled: AtomicU64,
    /// At which kind of event it aborts, and after how many more.
    trap: Mutex<Option<(String, u32)>>,
}

impl Tally {
    pub(super) fn new(file: HistoryFile) -> Arc<Self> {
        Arc::new(Self {
            file,
            ok: AtomicU64::new(0),
            no: AtomicU64::new(0),
            maybe: AtomicU64::new(0),
            yes: AtomicU64::new(0),
            handled: AtomicU64::new(0),
            trap: Mutex::default(),
        })
    }

    /// Has this process abort right after the `nth` event of this kind from now on was written down.
    pub(super) fn abort_at(&self, kind: &str, nth: u32) {
        *self.trap.lock().unwrap_or_else(PoisonError::into_inner) = Some((kind.to_owned(), nth));
    }

    pub(super) fn status(&self, in_flight: u64, unacknowledged: u64) -> Status {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Status {
            ok: of(&self.ok),
            no: of(&self.no),
            maybe: of(&self.maybe),
            yes: of(&self.yes),
            handled: of(&self.handled),
            in_flight,
            unacknowledged,
        }
    }

    fn count(&self, event: &Event) {
        let counter = match event {
            Event::Started { .. } => &self.handled,
            Event::Complete { outcome, .. } => match certainty(outcome) {
                None => &self.ok,
                Some(Certainty::No) => &self.no,
                Some(Certainty::Maybe) => &self.maybe,
                Some(Certainty::Yes) => &self.yes,
            },
            _ => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn step_on_trap(&self, name: &str) {
        let mut trap = self.trap.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((kind, left)) = trap.as_mut()
            && kind == name
        {
            *left = left.saturating_sub(1);
            if *left == 0 {
                std::process::abort();
            }
        }
    }
}

impl Recorder for Tally {
    fn record(&self, event: Event) {
        self.count(&event);
        let name = name(&event);
        self.file.record(event);
        self.step_on_trap(name);
    }
}

/// What an outcome says about execution; none of a success.
pub(crate) fn certainty(outcome: &Outcome) -> Option<Certainty> {
    match outcome {
        Outcome::Ok(_) => None,
        Outcome::Gathered { executed, .. } => *executed,
        Outcome::Error { executed, .. } => Some(*executed),
    }
}

/// The events at which a responder can be killed.
fn name(event: &Event) -> &'static str {
    match event {
        Event::Received { .. } => "received",
        Event::Started { .. } => "started",
        Event::Effect { .. } => "effect",
        Event::Replied { .. } => "replied",
        Event::ReplyStored { .. } => "reply_stored",
        Event::Commit { .. } => "commit",
        _ => "",
    }
}
