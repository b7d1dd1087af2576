//! The calls of a requester: their rate and kinds follow its orders.

use std::{sync::Arc, time::Duration};

use rand::{SeedableRng as _, rngs::SmallRng};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{job::Job, order::Order};
use crate::workload::{Caller, Mix, Pace, offer};

/// Most calls in flight of one requester.
const IN_FLIGHT: usize = 2_000;

/// Calls until it is stopped. Each order starts a new series of calls; calls in flight of the series before go on.
pub(super) struct Load {
    caller: Arc<Caller>,
    mix: Mix,
    rate: u32,
    seed: u64,
    stop: CancellationToken,
    series: JoinSet<()>,
}

impl Load {
    pub(super) fn start(caller: &Arc<Caller>, job: &Job) -> Self {
        let mut load = Self {
            caller: Arc::clone(caller),
            mix: mix(job),
            rate: job.rate,
            seed: job.seed,
            stop: CancellationToken::new(),
            series: JoinSet::new(),
        };
        load.begin();
        load
    }

    /// Carries out an order; `false` if the order is not for a load.
    pub(super) fn obey(&mut self, order: &Order) -> bool {
        match order {
            Order::Rate(rate) => self.rate = *rate,
            Order::Poison(share) => self.mix.misbehaving = *share,
            _ => return false,
        }
        self.stop.cancel();
        self.stop = CancellationToken::new();
        self.begin();
        true
    }

    /// Starts no more calls.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Returns when no call is left.
    pub(super) async fn ended(mut self) {
        while self.series.join_next().await.is_some() {}
    }

    fn begin(&mut self) {
        self.seed = self.seed.wrapping_add(1);
        let mut random = SmallRng::seed_from_u64(self.seed);
        let (caller, mix, stop) = (
            Arc::clone(&self.caller),
            self.mix.clone(),
            self.stop.clone(),
        );
        let pace = Pace {
            pause: Duration::ZERO..Duration::from_secs(2) / self.rate.max(1),
            in_flight: IN_FLIGHT,
            calls: u64::MAX,
        };
        self.series
            .spawn(async move { offer(&caller, &mix, &pace, &mut random, &stop).await });
    }
}

fn mix(job: &Job) -> Mix {
    let topics = &job.topics;
    let requests = [&topics.work, &topics.side].map(|topic| topic.as_str().into());
    Mix {
        requests: requests.to_vec(),
        scatter: requests.to_vec(),
        gather: Some((topics.panel.as_str().into(), 2)),
        scatters: 0.1,
        gathers: 0.1,
        keyed: 0.3,
        dropped: 0.01,
        misbehaving: 0.0,
        timeout: Duration::from_secs(5)..Duration::from_secs(10),
        work: Duration::from_millis(100)..Duration::from_millis(900),
    }
}
