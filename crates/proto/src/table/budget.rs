use super::Limit;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// Counts entries and bytes, never beyond the limits.
#[derive(Debug)]
pub(super) struct Budget {
    entries: AtomicU32,
    bytes: AtomicU64,
    max_entries: u32,
    max_bytes: u64,
}

impl Budget {
    pub(super) fn new(max_entries: u32, max_bytes: u64) -> Self {
        Self {
            entries: AtomicU32::new(0),
            bytes: AtomicU64::new(0),
            max_entries,
            max_bytes,
        }
    }

    /// Makes room for one entry; returns the number of entries with it.
    pub(super) fn reserve(&self, bytes: u32) -> Result<u32, Limit> {
        let one_more = |entries: u32| (entries < self.max_entries).then(|| entries + 1);
        let before = self
            .entries
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        let before = before.map_err(|_| Limit::Entries)?;
        let more = |held: u64| {
            held.checked_add(u64::from(bytes))
                .filter(|held| *held <= self.max_bytes)
        };
        if self
            .bytes
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more)
            .is_err()
        {
            self.entries.fetch_sub(1, Ordering::AcqRel);
            return Err(Limit::Bytes);
        }
        Ok(before + 1)
    }

    pub(super) fn release(&self, bytes: u32) {
        self.bytes.fetch_sub(u64::from(bytes), Ordering::AcqRel);
        self.entries.fetch_sub(1, Ordering::AcqRel);
    }

    pub(super) fn entries(&self) -> u32 {
        self.entries.load(Ordering::Acquire)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Acquire)
    }
}
