//! Waiting for something to become true. The only place that sleeps.

use std::time::{Duration, Instant};

use crate::reason::Attempt;

/// How long to rest between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks again and again until `look` finds something; after `limit`, an error that names `what` was waited for.
///
/// `look` is called at least once, and once more after the limit, so a slow machine cannot turn "it was there" into a
/// failure.
///
/// # Errors
///
/// The limit passed first.
pub fn eventually<T>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> Attempt<T> {
    let deadline = Instant::now() + limit;
    loop {
        let last_look = Instant::now() >= deadline;
        if let Some(found) = look() {
            return Ok(found);
        }
        if last_look {
            return Err(timed_out(what, limit));
        }
        std::thread::sleep(PAUSE);
    }
}

/// [`eventually`] for a `look` that awaits; runs on tokio's timer.
///
/// # Errors
///
/// The limit passed first.
///
/// # Cancel safety
///
/// Holds nothing itself: dropping it drops the look that is under way.
pub async fn eventually_async<T, F: Future<Output = Option<T>>>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> F,
) -> Attempt<T> {
    let deadline = Instant::now() + limit;
    loop {
        let last_look = Instant::now() >= deadline;
        if let Some(found) = look().await {
            return Ok(found);
        }
        if last_look {
            return Err(timed_out(what, limit));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The sentence for a wait that was in vain.
fn timed_out(what: &str, limit: Duration) -> String {
    format!("waited {limit:?} in vain until {what}")
}
