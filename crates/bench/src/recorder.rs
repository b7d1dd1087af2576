//! Latencies that many tasks note at the same time, each thread in a histogram of its own.

use std::{
    cell::RefCell,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use hdrhistogram::Histogram;

use crate::result::{histogram, nanos};

type Shard = Arc<Mutex<Histogram<u64>>>;

thread_local! {
    /// This thread's histogram. A process has one recorder.
    static MINE: RefCell<Option<Shard>> = const { RefCell::new(None) };
}

/// What one process measures.
#[derive(Default)]
pub(crate) struct Recorder {
    measuring: AtomicBool,
    errors: AtomicU64,
    shards: Mutex<Vec<Shard>>,
}

impl Recorder {
    /// Whether what is noted counts.
    pub(crate) fn measure(&self, on: bool) {
        self.measuring.store(on, Ordering::Release);
    }

    /// One call that has ended.
    pub(crate) fn note(&self, replied: bool, took: Duration) {
        if !self.measuring.load(Ordering::Acquire) {
            return;
        }
        if !replied {
            self.errors.fetch_add(1, Ordering::Relaxed);
            return;
        }
        MINE.with_borrow_mut(|mine| {
            let shard = mine.get_or_insert_with(|| self.shard());
            // Nobody else wants this lock before the end.
            lock(shard).saturating_record(nanos(took));
        });
    }

    pub(crate) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    pub(crate) fn all(&self) -> Result<Histogram<u64>, String> {
        let mut all = histogram();
        for shard in lock(&self.shards).iter() {
            all.add(&*lock(shard)).map_err(|error| error.to_string())?;
        }
        Ok(all)
    }

    fn shard(&self) -> Shard {
        let shard = Arc::new(Mutex::new(histogram()));
        lock(&self.shards).push(Arc::clone(&shard));
        shard
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_measured_counts_and_all_threads_do() {
        let recorder = Recorder::default();
        recorder.note(true, Duration::from_millis(1));
        recorder.measure(true);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| recorder.note(true, Duration::from_millis(2)));
            }
        });
        recorder.note(false, Duration::ZERO);
        let all = recorder.all().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((all.len(), recorder.errors()), (3, 1));
        assert!(all.min() >= 1_900_000, "{}", all.min());
    }
}
