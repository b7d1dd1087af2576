//! Opens the reply path, and opens it again when it is lost.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Matcher, Opener, Replies};
use crate::transport::{LastOffsets, TransportError};

/// Pause between two tries to reopen the path: short at first, never longer than a second.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long one try may take.
const OPEN: Duration = Duration::from_secs(5);

/// How long a subscription that was replaced may take to close.
const CLOSE: Duration = Duration::from_secs(5);

/// Owns the path's life. It ends with the client: see [`run`](Self::run).
pub(crate) struct Supervisor {
    opener: Box<dyn Opener>,
    replies: Replies,
    /// A lost subscription takes its sender with it, so the supervisor keeps one of its own.
    faults: mpsc::Sender<TransportError>,
    lost: mpsc::Receiver<TransportError>,
}

impl Supervisor {
    pub(crate) fn new(opener: Box<dyn Opener>, replies: Replies) -> Self {
        let (faults, lost) = mpsc::channel(1);
        Self {
            opener,
            replies,
            faults,
            lost,
        }
    }

    /// Opens the path. When this returns, no reply can be missed.
    pub(crate) async fn open(&self, timeout: Duration) -> Result<(), TransportError> {
        let path = &self.replies.path;
        let matcher = Matcher::new(
            self.replies.clone(),
            self.faults.clone(),
            path.next_opening(),
        );
        let opening = self
            .opener
            .open(path.partition(), Box::new(matcher), timeout);
        if let Some(before) = path.replace(opening.await?) {
            drop(before.close(LastOffsets::none(), CLOSE));
        }
        Ok(())
    }

    /// Waits for the path to be lost and reopens it, until `closing` is cancelled.
    pub(crate) async fn run(mut self, closing: CancellationToken) {
        loop {
            let cause = tokio::select! {
                biased;
                cause = self.lost.recv() => cause,
                () = closing.cancelled() => return,
            };
            // The supervisor holds a sender, so the channel stays open.
            let Some(cause) = cause else { return };
            let path = &self.replies.path;
            if !path.is_lost() {
                continue;
            }
            tracing::warn!(%cause, topic = %path.topic, partition = path.partition(), "reply path lost; reopening it");
            tokio::select! {
                biased;
                () = self.reopen() => {}
                () = closing.cancelled() => return,
            }
        }
    }

    async fn reopen(&self) {
        let path = &self.replies.path;
        let mut pause = FIRST_PAUSE;
        loop {
            let reopened = async {
                path.move_to(self.opener.prepare(path.partition()).await?);
                self.open(OPEN).await
            };
            match reopened.await {
                Ok(()) => {
                    tracing::info!(topic = %path.topic, partition = path.partition(), "reply path ready again");
                    return;
                }
                Err(error) => tracing::warn!(%error, "reply path not ready yet"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
