use std::collections::HashMap;

use super::Metadata;
use crate::sync::{Mutex, lock};

/// The metadata of the few calls that have some, kept out of the slots so that other calls do not pay for it.
#[derive(Debug, Default)]
pub(super) struct MetadataBySlot {
    by_slot: Mutex<HashMap<u32, Note>>,
}

#[derive(Debug)]
struct Note {
    generation: u32,
    metadata: Metadata,
}

impl MetadataBySlot {
    pub(super) fn put(&self, slot: u32, generation: u32, metadata: Metadata) {
        let note = Note {
            generation,
            metadata,
        };
        lock(&self.by_slot).insert(slot, note);
    }

    /// Drops the metadata after the lock is released.
    pub(super) fn remove(&self, slot: u32) {
        let removed = lock(&self.by_slot).remove(&slot);
        drop(removed);
    }

    /// The metadata of the call with this generation. The slot may hold a later call by now; its metadata is not
    /// returned.
    pub(super) fn get(&self, slot: u32, generation: u32) -> Option<Metadata> {
        let by_slot = lock(&self.by_slot);
        by_slot
            .get(&slot)
            .filter(|note| note.generation == generation)
            .map(|note| Metadata::clone(&note.metadata))
    }
}
