//! The calls of a requester, drawn from dice, and their pace.

use std::{ops::Range, sync::Arc, time::Duration};

use antiphon_load::{Source, series};
use rand::Rng;
use tokio_util::sync::CancellationToken;

use super::{caller::Caller, mix::Mix};

/// How fast calls are made.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Range of the pauses between two calls.
    pub pause: Range<Duration>,
    /// Most calls in flight at once.
    pub in_flight: usize,
    /// Most calls altogether.
    pub calls: u64,
}

/// Makes calls until `stop` is cancelled or all calls of the pace are made, and waits for their ends.
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
    let mut drawn = Drawn {
        caller,
        mix,
        pause: &pace.pause,
        left: pace.calls,
        random,
    };
    series(&mut drawn, pace.in_flight, stop).await;
}

/// Each pause and each call is drawn from the same dice, in turn: the same seed makes the same
/// calls.
struct Drawn<'a, R> {
    caller: &'a Arc<Caller>,
    mix: &'a Mix,
    pause: &'a Range<Duration>,
    left: u64,
    random: &'a mut R,
}

impl<R: Rng> Source for Drawn<'_, R> {
    fn pause(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        Some(self.random.random_range(self.pause.clone()))
    }

    fn call(&mut self) -> impl Future<Output = ()> + Send + 'static {
        let (caller, call) = (Arc::clone(self.caller), self.mix.draw(self.random));
        async move {
            // The outcome is in the history.
            caller.call(call).await;
        }
    }
}
