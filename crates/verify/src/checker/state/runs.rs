//! Runs of handlers.

use crate::{
    checker::rows::{Map, Row},
    history::ExecutionId,
};

/// All runs of handlers.
pub(in crate::checker) type Runs = Map<ExecutionId, Execution>;

/// One run of a handler.
#[derive(Clone, Copy, Debug)]
pub(in crate::checker) struct Execution {
    pub(in crate::checker) call: Row,
    pub(in crate::checker) process: Row,
    /// The request's topic; the row is none where it is not known.
    pub(in crate::checker) topic: Row,
    /// When the request was read, as far as that is known.
    pub(in crate::checker) read_at: Option<u64>,
}
