use std::fmt;

use super::PartitionOffset;

/// What a consumer commits last.
///
/// Asked before each try: a group that rebalances refuses commits, and a partition that goes
/// meanwhile is somebody else's, who may have come further.
pub struct LastOffsets(Box<dyn FnMut() -> Vec<PartitionOffset> + Send>);

impl LastOffsets {
    /// `ask` names what may be committed of the partitions that are owned when it is called.
    pub fn new(ask: impl FnMut() -> Vec<PartitionOffset> + Send + 'static) -> Self {
        Self(Box::new(ask))
    }

    /// Nothing is to be committed.
    pub fn none() -> Self {
        Self::new(Vec::new)
    }

    /// What is to be committed now.
    pub fn ask(&mut self) -> Vec<PartitionOffset> {
        (self.0)()
    }
}

impl Default for LastOffsets {
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Debug for LastOffsets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastOffsets").finish_non_exhaustive()
    }
}
