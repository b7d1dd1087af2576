use super::Limit;
use crate::sync::{AtomicU64, Ordering};

/// The word holds entries in its upper bits and bytes in these lower bits, so one atomic step checks both limits.
const BYTE_BITS: u32 = 40;
const BYTE_MASK: u64 = (1 << BYTE_BITS) - 1;
const ONE_ENTRY: u64 = 1 << BYTE_BITS;

/// The largest counts that the word holds.
pub(super) const MAX_ENTRIES: u32 = (1 << (u64::BITS - BYTE_BITS)) - 1;
pub(super) const MAX_BYTES: u64 = BYTE_MASK;

/// Counts entries and bytes. Neither count ever exceeds its limit.
#[derive(Debug)]
pub(super) struct Budget {
    held: AtomicU64,
    max_entries: u64,
    max_bytes: u64,
}

impl Budget {
    pub(super) fn new(max_entries: u32, max_bytes: u64) -> Self {
        Self {
            held: AtomicU64::new(0),
            max_entries: u64::from(max_entries.min(MAX_ENTRIES)),
            max_bytes: max_bytes.min(MAX_BYTES),
        }
    }

    /// Adds one entry of this number of bytes, or changes nothing.
    pub(super) fn reserve(&self, bytes: u32) -> Result<(), Limit> {
        let mut exceeded = Limit::Entries;
        let more = |held: u64| {
            let bytes = (held & BYTE_MASK) + u64::from(bytes);
            if held >> BYTE_BITS >= self.max_entries {
                exceeded = Limit::Entries;
                return None;
            }
            if bytes > self.max_bytes {
                exceeded = Limit::Bytes;
                return None;
            }
            Some((held & !BYTE_MASK) + ONE_ENTRY + bytes)
        };
        // SeqCst: either the caller that failed to reserve sees the freed room, or the releaser sees that caller's
        // waiting flag.
        let reserved = self
            .held
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        reserved.map(|_| ()).map_err(|_| exceeded)
    }

    /// Removes one entry that was reserved with this number of bytes.
    pub(super) fn release(&self, bytes: u32) {
        self.held
            .fetch_sub(ONE_ENTRY + u64::from(bytes), Ordering::SeqCst);
    }

    pub(super) fn entries(&self) -> u32 {
        u32::try_from(self.held.load(Ordering::Acquire) >> BYTE_BITS).unwrap_or(u32::MAX)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.held.load(Ordering::Acquire) & BYTE_MASK
    }
}

#[cfg(all(test, not(antiphon_shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_named_and_a_refusal_keeps_nothing() {
        let budget = Budget::new(2, 10);
        assert_eq!(budget.reserve(11), Err(Limit::Bytes));
        assert_eq!(budget.reserve(10), Ok(()));
        assert_eq!(budget.reserve(1), Err(Limit::Bytes));
        assert_eq!(budget.reserve(0), Ok(()));
        assert_eq!(budget.reserve(0), Err(Limit::Entries));
        assert_eq!((budget.entries(), budget.bytes()), (2, 10));
        budget.release(10);
        budget.release(0);
        assert_eq!((budget.entries(), budget.bytes()), (0, 0));
    }

    #[test]
    fn limits_above_the_largest_count_are_lowered_to_it() {
        let budget = Budget::new(u32::MAX, u64::MAX);
        for _ in 0..256 {
            assert_eq!(budget.reserve(u32::MAX), Ok(()));
        }
        assert_eq!(budget.reserve(u32::MAX), Err(Limit::Bytes));
        assert_eq!(budget.bytes(), 256 * u64::from(u32::MAX));
        assert_eq!(budget.entries(), 256);
    }
}
