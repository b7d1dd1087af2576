//! What was said, and can only be judged when all is known.

use crate::{
    checker::rows::Row,
    history::{Certainty, ExecutionId},
};

/// A reply that a caller got.
#[derive(Clone, Copy, Debug)]
pub(in crate::checker) struct Answered {
    pub(in crate::checker) call: Row,
    pub(in crate::checker) id: Row,
    pub(in crate::checker) execution: ExecutionId,
    pub(in crate::checker) at: u64,
}

/// What a responder's error, or a gather, says about execution.
#[derive(Clone, Copy, Debug)]
pub(in crate::checker) struct Claim {
    pub(in crate::checker) by: Claimant,
    pub(in crate::checker) executed: Certainty,
    pub(in crate::checker) at: u64,
}

/// Who says something about execution, and of what.
#[derive(Clone, Copy, Debug)]
pub(in crate::checker) enum Claimant {
    /// A responder, of the request with this id.
    Responder {
        /// Who.
        process: Row,
        /// Of which request.
        id: Row,
    },
    /// A requester, of one topic of a scatter.
    Target {
        /// Of which call.
        call: Row,
        /// On which topic.
        topic: Row,
    },
}

/// A call that ended later than it should have, if its process ran all the time.
#[derive(Clone, Copy, Debug)]
pub(in crate::checker) struct Late {
    pub(in crate::checker) call: Row,
    pub(in crate::checker) at: u64,
}
