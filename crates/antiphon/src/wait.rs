//! Waiting for others to come to an end.

use std::time::Duration;

use tokio::sync::Notify;

/// Resolves when `holds` does; looks again whenever `rung` is.
///
/// # Cancel safety
/// Holds nothing; may be dropped and called again.
pub(crate) async fn until(rung: &Notify, holds: impl Fn() -> bool) {
    loop {
        let again = rung.notified();
        tokio::pin!(again);
        // Registered before the look, so that a ring in between is not missed.
        again.as_mut().enable();
        if holds() {
            return;
        }
        again.await;
    }
}

/// What the log's clients get to stop in: what is left, but something when a drain has taken the
/// whole deadline, and an end however long the caller would wait.
pub(crate) fn last_words(left: Duration) -> Duration {
    left.clamp(Duration::from_millis(500), Duration::from_secs(60))
}
