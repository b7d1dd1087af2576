//! A requester's calls, one after the other or all at once.

use std::{ops::Range, sync::Arc, time::Duration};

use rand::Rng;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{caller::Caller, mix::Mix};

/// How fast calls are made.
#[derive(Clone, Debug)]
pub struct Pace {
    /// What the pauses between two calls lie in.
    pub pause: Range<Duration>,
    /// Most calls that are in flight at once; while there are as many, no new one is made.
    pub in_flight: usize,
    /// Most calls altogether.
    pub calls: u64,
}

/// Makes calls until `stop`, or until there have been enough, and waits for the end of each.
///
/// # Cancel safety
///
/// Dropping it drops the calls that are in flight.
pub async fn offer(
    caller: &Arc<Caller>,
    mix: &Mix,
    pace: &Pace,
    random: &mut impl Rng,
    stop: &CancellationToken,
) {
    let mut calls = JoinSet::new();
    for _ in 0..pace.calls {
        let pause = random.random_range(pace.pause.clone());
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = tokio::time::sleep(pause) => {}
        }
        while calls.len() >= pace.in_flight.max(1) {
            calls.join_next().await;
        }
        while calls.try_join_next().is_some() {}
        let (caller, call) = (Arc::clone(caller), mix.draw(random));
        calls.spawn(async move { caller.call(call).await });
    }
    while calls.join_next().await.is_some() {}
}
