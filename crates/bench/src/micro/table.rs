//! The correlation table, with one call, a thousand and a million pending.

use std::{
    hint::black_box,
    task::Waker,
    time::{Duration, Instant},
};

use antiphon_proto::{
    CorrelationId, Delivery, InstanceId, NewCall, Status, Step, Table, TableConfig, Taken, Tick,
};
use bytes::Bytes;
use criterion::{BenchmarkId, Criterion};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};

pub(super) const MANY: usize = 1_000_000;
const PENDING: [usize; 3] = [1, 1_000, MANY];

/// How many steps of one kind are timed together: a look at the clock takes as long as a step.
const BATCH: usize = 256;

const REPLY: [u8; 100] = [b'x'; 100];

/// As large as what the client keeps: a waker, and two kinds of boxed results.
pub(super) type Calls = Table<Waker, Ending>;

#[derive(Debug)]
pub(super) enum Ending {
    Reply(Box<Bytes>),
    #[expect(dead_code, reason = "makes an ending as large as the client's")]
    Failed(Box<Status>),
}

/// So many pending calls, of which any one may end next.
struct Pending {
    calls: Calls,
    ids: Vec<CorrelationId>,
    random: SmallRng,
}

pub(super) fn bench(criterion: &mut Criterion) -> Result<(), String> {
    let mut group = criterion.benchmark_group("table");
    for count in PENDING {
        let mut pending = Pending::new(count)?;
        group.bench_function(
            BenchmarkId::new("complete, take, insert", count),
            |bencher| {
                bencher.iter(|| pending.turn());
            },
        );
        group.bench_function(BenchmarkId::new("sweep", count), |bencher| {
            bencher.iter(|| pending.sweep());
        });
        // A step of a single call is too short for the clock.
        if count >= BATCH {
            for (name, step) in STEPS {
                group.bench_function(BenchmarkId::new(*name, count), |bencher| {
                    bencher.iter_custom(|times| pending.time(times, *step));
                });
            }
        }
    }
    group.finish();
    Ok(())
}

/// Which of the three steps of a call is timed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Timed {
    Complete,
    Take,
    Insert,
}

const STEPS: &[(&str, Timed)] = &[
    ("insert", Timed::Insert),
    ("complete", Timed::Complete),
    ("take", Timed::Take),
];

/// A table in which so many calls wait, and their ids as they are given out.
pub(super) fn full(count: usize, mut keep: impl FnMut(CorrelationId)) -> Result<Calls, String> {
    let calls = Table::new(TableConfig {
        instance: InstanceId::new(7),
        max_entries: 2_000_000,
        max_bytes: u64::MAX,
    });
    for _ in 0..count {
        keep(insert(&calls)?);
    }
    Ok(calls)
}

impl Pending {
    fn new(count: usize) -> Result<Self, String> {
        let mut ids = Vec::with_capacity(count);
        Ok(Self {
            calls: full(count, |id| ids.push(id))?,
            ids,
            random: SmallRng::seed_from_u64(1),
        })
    }

    /// One call ends, and another begins.
    fn turn(&mut self) {
        let at = self.random.random_range(0..self.ids.len());
        complete(&self.calls, self.ids[at]);
        take(&self.calls, self.ids[at]);
        if let Ok(id) = insert(&self.calls) {
            self.ids[at] = id;
        }
    }

    /// Nothing is due: what is measured is the search.
    fn sweep(&self) -> usize {
        let late = |_, _: &_, _: &mut _| Ending::Reply(Box::default());
        self.calls
            .sweep(black_box(Tick::from_millis(1)), late, drop)
    }

    /// How long so many steps of one kind take, on calls chosen at random.
    fn time(&mut self, times: u64, timed: Timed) -> Duration {
        let mut left = usize::try_from(times).unwrap_or(usize::MAX);
        let mut took = Duration::ZERO;
        while left > 0 {
            let batch = left.min(BATCH);
            let chosen = self.choose(batch);
            took += self.batch(&chosen, timed);
            left -= batch;
        }
        took
    }

    /// The ids are at hand, as they are when a reply has brought one.
    fn batch(&mut self, chosen: &[usize], timed: Timed) -> Duration {
        let ids: Vec<_> = chosen.iter().map(|at| self.ids[*at]).collect();
        let mut new = Vec::with_capacity(chosen.len());
        let mut clock = Clock::default();
        clock.measure(timed == Timed::Complete, || {
            for id in &ids {
                complete(&self.calls, *id);
            }
        });
        clock.measure(timed == Timed::Take, || {
            for id in &ids {
                take(&self.calls, *id);
            }
        });
        clock.measure(timed == Timed::Insert, || {
            new.extend(chosen.iter().filter_map(|_| insert(&self.calls).ok()));
        });
        for (at, id) in chosen.iter().zip(new) {
            self.ids[*at] = id;
        }
        clock.0
    }

    /// None twice: a call ends once.
    fn choose(&mut self, count: usize) -> Vec<usize> {
        let share = self.ids.len() / count;
        let random = &mut self.random;
        (0..count)
            .map(|turn| turn * share + random.random_range(0..share))
            .collect()
    }
}

#[derive(Default)]
struct Clock(Duration);

impl Clock {
    fn measure(&mut self, counts: bool, work: impl FnOnce()) {
        let began = Instant::now();
        work();
        if counts {
            self.0 += began.elapsed();
        }
    }
}

fn insert(calls: &Calls) -> Result<CorrelationId, String> {
    let call = NewCall {
        deadline: Tick::from_millis(1_000_000),
        bytes: 100,
        ..NewCall::default()
    };
    calls
        .insert(call, Waker::noop().clone())
        .map_err(|full| full.limit.to_string())
}

fn complete(calls: &Calls, id: CorrelationId) {
    let reply =
        |_: &mut Waker| Step::Finish(Ending::Reply(Box::new(Bytes::copy_from_slice(&REPLY))));
    match calls.handle_reply(black_box(id), reply) {
        Delivery::Finished(waker) => waker.wake(),
        other => unreachable!("a pending call took no reply: {other:?}"),
    }
}

fn take(calls: &Calls, id: CorrelationId) {
    match calls.poll(black_box(id)) {
        Taken::Done(Ending::Reply(reply)) => drop(black_box(reply)),
        other => unreachable!("a completed call has no reply: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn as_many_are_pending_after_a_measurement_as_before() -> Result<(), String> {
        let mut pending = Pending::new(1_000)?;
        for (_, step) in STEPS {
            assert!(pending.time(600, *step) > Duration::ZERO);
        }
        pending.turn();
        assert_eq!(pending.sweep(), 0);
        assert_eq!(pending.calls.len(), 1_000);
        Ok(())
    }

    #[test]
    fn no_call_is_chosen_twice() -> Result<(), String> {
        let mut pending = Pending::new(1_000)?;
        let chosen = pending.choose(BATCH);
        let different: HashSet<_> = chosen.iter().collect();
        assert_eq!(different.len(), BATCH);
        Ok(())
    }
}
