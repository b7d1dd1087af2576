use std::collections::HashMap;

use super::Metadata;
use crate::sync::{Mutex, lock};

/// The metadata of the few calls that have some, beside the table.
#[derive(Debug, Default)]
pub(super) struct SideTable {
    by_slot: Mutex<HashMap<u32, Note>>,
}

#[derive(Debug)]
struct Note {
    generation: u32,
    metadata: Metadata,
}

impl SideTable {
    pub(super) fn put(&self, slot: u32, generation: u32, metadata: Metadata) {
        lock(&self.by_slot).insert(
            slot,
            Note {
                generation,
                metadata,
            },
        );
    }

    pub(super) fn remove(&self, slot: u32) {
        let removed = lock(&self.by_slot).remove(&slot);
        drop(removed);
    }

    /// What belongs to this very call; the slot may have passed on since the caller looked at it.
    pub(super) fn get(&self, slot: u32, generation: u32) -> Option<Metadata> {
        let by_slot = lock(&self.by_slot);
        by_slot
            .get(&slot)
            .filter(|note| note.generation == generation)
            .map(|note| Metadata::clone(&note.metadata))
    }
}
