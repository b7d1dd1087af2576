//! Faults: when each began, and whether it was seen to take effect.

use std::sync::Arc;

use crate::checker::rows::Rows;

/// All faults, by what names their occurrences.
pub(in crate::checker) type Faults = Rows<u64, Fault>;

/// One occurrence of a fault.
#[derive(Debug, Default)]
pub(in crate::checker) struct Fault {
    pub(in crate::checker) name: u64,
    pub(in crate::checker) kind: Option<Arc<str>>,
    pub(in crate::checker) started: Option<u64>,
    pub(in crate::checker) took_effect: bool,
}

impl Fault {
    pub(in crate::checker) fn new(name: u64) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }
}
