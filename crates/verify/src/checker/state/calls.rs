//! Calls: how each was begun, how it ended, and what came of it elsewhere.

use crate::{
    checker::rows::{NONE, Row, Rows},
    history::{CallId, CallKind, Certainty, Outcome},
};

/// All calls.
pub(in crate::checker) type Calls = Rows<CallId, Call>;

/// One call.
#[derive(Debug)]
pub(in crate::checker) struct Call {
    pub(in crate::checker) id: CallId,
    pub(in crate::checker) asked: Option<Asked>,
    /// The first end, if there are several.
    pub(in crate::checker) ended: Option<Ended>,
    /// How many runs of handlers were begun for it.
    pub(in crate::checker) starts: u32,
    pub(in crate::checker) effects: u32,
    /// The latest of its correlation ids, which names the one before.
    pub(in crate::checker) last_id: Row,
}

/// How a call was begun.
#[derive(Clone, Copy, Debug)]
pub(in crate::checker) struct Asked {
    pub(in crate::checker) at: u64,
    pub(in crate::checker) process: Row,
    pub(in crate::checker) timeout: u64,
    pub(in crate::checker) nonce: u64,
    pub(in crate::checker) kind: CallKind,
    pub(in crate::checker) topics: u32,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(in crate::checker) struct Ended {
    pub(in crate::checker) at: u64,
    /// What was said of execution; a success says that it ran.
    pub(in crate::checker) executed: Certainty,
    pub(in crate::checker) success: bool,
}

impl Asked {
    /// When it has to have ended.
    pub(in crate::checker) fn deadline(&self) -> u64 {
        self.at.saturating_add(self.timeout)
    }
}

impl Call {
    pub(in crate::checker) fn new(id: CallId) -> Self {
        Self {
            id,
            asked: None,
            ended: None,
            starts: 0,
            effects: 0,
            last_id: NONE,
        }
    }

    pub(in crate::checker) fn is(&self, wanted: impl FnOnce(CallKind) -> bool) -> bool {
        self.asked.is_some_and(|asked| wanted(asked.kind))
    }
}

impl Ended {
    pub(in crate::checker) fn new(at: u64, outcome: &Outcome) -> Self {
        let (success, executed) = match outcome {
            Outcome::Ok(_) | Outcome::Gathered { complete: true, .. } => (true, Certainty::Yes),
            Outcome::Gathered { executed, .. } => (false, executed.unwrap_or(Certainty::Maybe)),
            Outcome::Error { executed, .. } => (false, *executed),
        };
        Self {
            at,
            executed,
            success,
        }
    }
}

/// A name of the way in which a call ended.
pub(in crate::checker) fn name(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Ok(_) => "ok",
        Outcome::Gathered { complete: true, .. } => "gathered",
        Outcome::Gathered { .. } => "below_minimum",
        Outcome::Error { kind, .. } => kind,
    }
}
