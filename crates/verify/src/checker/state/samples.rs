//! What a process held, once a second.

/// Microseconds between two samples.
const SECOND: u64 = 1_000_000;

/// The samples of one life of a process.
#[derive(Debug)]
pub(in crate::checker) struct Samples {
    began: u64,
    taken: Vec<(u64, Option<u64>)>,
    last: Option<Held>,
}

/// What was held at the last sample.
#[derive(Clone, Copy, Debug)]
pub(in crate::checker) struct Held {
    pub(in crate::checker) at: u64,
    pub(in crate::checker) in_flight: u64,
    pub(in crate::checker) unacknowledged: u64,
}

impl Samples {
    pub(super) fn new(began: u64) -> Self {
        Self {
            began,
            taken: Vec::new(),
            last: None,
        }
    }

    pub(super) fn take(&mut self, memory: Option<u64>, held: Held) {
        self.taken.push((held.at, memory));
        self.last = Some(held);
    }

    pub(in crate::checker) fn last(&self) -> Option<Held> {
        self.last
    }

    /// Times and bytes of memory, of those that say it.
    pub(in crate::checker) fn memory(&self) -> Vec<(u64, u64)> {
        let memory = self.taken.iter();
        memory
            .filter_map(|(at, memory)| Some((*at, (*memory)?)))
            .collect()
    }

    /// How long the process can not have run between two moments: what a second between two
    /// samples took beyond a second.
    pub(in crate::checker) fn stalled(&self, from: u64, to: u64) -> u64 {
        let times = self.taken.iter().map(|(at, _)| *at);
        let starts = std::iter::once(self.began).chain(times.clone());
        starts
            .zip(times)
            .map(|(one, next)| {
                let beyond = next.saturating_sub(one).saturating_sub(SECOND);
                beyond.min(overlap((one, next), (from, to)))
            })
            .fold(0, u64::saturating_add)
    }
}

/// How long two stretches of time have in common.
pub(super) fn overlap(one: (u64, u64), other: (u64, u64)) -> u64 {
    one.1.min(other.1).saturating_sub(one.0.max(other.0))
}
