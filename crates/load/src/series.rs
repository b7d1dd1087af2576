//! Calls that a source chooses one after the other.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::in_flight::InFlight;

/// Where the calls of a [`series`] come from: dice, a file, a list.
///
/// The two methods are called in turn, by one task, so what they draw from one generator of random
/// numbers depends on its seed alone.
pub trait Source {
    /// How long to wait before the next call; `None` if there is none.
    fn pause(&mut self) -> Option<Duration>;

    /// The next call. It records its own outcome.
    fn call(&mut self) -> impl Future<Output = ()> + Send + 'static;
}

/// Makes the calls of a source, each a task of its own, at most `in_flight` at once, until the
/// source has no more or `stop` is cancelled. Then waits for the end of each.
///
/// A stop ends a pause. A call whose pause is over is still made, and waits for its place.
///
/// ```
/// use std::time::Duration;
/// use antiphon_load::{Source, series};
/// use tokio_util::sync::CancellationToken;
///
/// struct Lines(std::vec::IntoIter<&'static str>);
///
/// impl Source for Lines {
///     fn pause(&mut self) -> Option<Duration> {
///         (!self.0.as_slice().is_empty()).then_some(Duration::ZERO)
///     }
///
///     fn call(&mut self) -> impl Future<Output = ()> + Send + 'static {
///         let line = self.0.next();
///         async move { println!("{line:?}") }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut lines = Lines(vec!["one", "two", "three"].into_iter());
/// series(&mut lines, 2, &CancellationToken::new()).await;
/// assert!(lines.pause().is_none());
/// # }
/// ```
///
/// # Cancel safety
///
/// Dropping it drops the calls that are in flight.
pub async fn series(source: &mut impl Source, in_flight: usize, stop: &CancellationToken) {
    let mut calls = InFlight::new(in_flight);
    while let Some(pause) = source.pause() {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = sleep(pause) => {}
        }
        calls.room().await;
        calls.start(source.call());
    }
    calls.drain().await;
}
