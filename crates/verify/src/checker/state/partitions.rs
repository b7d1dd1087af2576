//! Partitions: what was read of each, what the log holds, and what is committed.

use std::sync::Arc;

use crate::{
    checker::{
        rows::{Row, Rows},
        spans::Spans,
    },
    history::At,
};

/// All partitions.
pub(in crate::checker) type Partitions = Rows<At, Partition>;

/// One partition.
#[derive(Debug)]
pub(in crate::checker) struct Partition {
    pub(in crate::checker) at: At,
    /// May be written to.
    pub(in crate::checker) allowed: bool,
    /// Offsets that were handed to some responder.
    pub(in crate::checker) received: Spans,
    /// Where its owners began.
    pub(in crate::checker) begins: Vec<Begin>,
    /// Offsets of requests, by the truth.
    pub(in crate::checker) requests: Spans,
    /// First and next offset, by the truth.
    pub(in crate::checker) range: Option<(i64, i64)>,
    /// What groups have committed, by the truth.
    pub(in crate::checker) committed: Vec<Committed>,
}

/// Where an owner of a partition began to read.
#[derive(Clone, Copy, Debug)]
pub(in crate::checker) struct Begin {
    pub(in crate::checker) process: Row,
    /// When it got the partition: it asked for the committed offset after that.
    pub(in crate::checker) assigned_at: u64,
    /// When it got its first record: it had asked before that.
    pub(in crate::checker) read_at: u64,
    pub(in crate::checker) offset: i64,
}

/// What a group has committed.
#[derive(Clone, Debug)]
pub(in crate::checker) struct Committed {
    pub(in crate::checker) group: Arc<str>,
    pub(in crate::checker) next: i64,
    pub(in crate::checker) at: u64,
}

impl Partition {
    pub(in crate::checker) fn new(at: At, allowed: bool) -> Self {
        Self {
            at,
            allowed,
            received: Spans::default(),
            begins: Vec::new(),
            requests: Spans::default(),
            range: None,
            committed: Vec::new(),
        }
    }
}
