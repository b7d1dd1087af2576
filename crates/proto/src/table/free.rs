use std::sync::atomic;

use crate::sync::{Mutex, lock, thread_local};

const SHARDS: usize = 8;

/// Indices of slots that were used and are free, in shards so that threads seldom meet.
#[derive(Debug, Default)]
pub(super) struct FreeList {
    shards: [Shard; SHARDS],
}

/// Alone on its cache lines: two, since they are fetched in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<Vec<u32>>);

impl FreeList {
    pub(super) fn put(&self, index: u32) {
        if let Some(shard) = self.shards.get(home()) {
            lock(&shard.0).push(index);
        }
    }

    /// From the thread's own shard.
    pub(super) fn take(&self) -> Option<u32> {
        self.shards
            .get(home())
            .and_then(|shard| lock(&shard.0).pop())
    }

    /// From whichever shard has one.
    pub(super) fn steal(&self) -> Option<u32> {
        self.shards
            .iter()
            .cycle()
            .skip(home() + 1)
            .take(SHARDS)
            .find_map(|shard| lock(&shard.0).pop())
    }
}

/// The shard of this thread, dealt out in turn.
fn home() -> usize {
    static NEXT: atomic::AtomicUsize = atomic::AtomicUsize::new(0);
    thread_local! {
        static HOME: usize = NEXT.fetch_add(1, atomic::Ordering::Relaxed) % SHARDS;
    }
    // A thread that is being torn down has no home any more, but may still drop a call.
    HOME.try_with(|home| *home).unwrap_or(0)
}
