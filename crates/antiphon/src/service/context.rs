use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::transport::{Clock, HeaderPairs};

/// What a handler knows about the request besides its payload.
pub struct Context {
    pub(crate) correlation_id: Bytes,
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Bytes>,
    pub(crate) headers: HeaderPairs,
    pub(crate) requester: Option<String>,
    pub(crate) operation: Option<String>,
    pub(crate) attempt: u32,
    /// On the service's clock.
    pub(crate) deadline: Option<Duration>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stopping: CancellationToken,
}

impl Context {
    /// The id that the requester matches its reply by, as it stands on the wire.
    pub fn correlation_id(&self) -> &Bytes {
        &self.correlation_id
    }

    /// The request topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The partition that the request came from.
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// The request's offset. Together with topic and partition it names the request, also when it
    /// is delivered again.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// The record's key.
    pub fn key(&self) -> Option<&Bytes> {
        self.key.as_ref()
    }

    /// The first header of this name, if it has a value. The protocol's own headers are not here.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        let mut all = self.headers.iter();
        let found = all.find(|(n, _)| n == name.as_bytes())?;
        found.1.as_ref()
    }

    /// All application headers, in order: names may be any bytes, values may be null.
    pub fn headers(&self) -> &[(Bytes, Option<Bytes>)] {
        &self.headers
    }

    /// Who asks, as `<client group>/<instance>/<incarnation>`.
    pub fn requester(&self) -> Option<&str> {
        self.requester.as_deref()
    }

    /// The operation that was asked for.
    pub fn operation(&self) -> Option<&str> {
        self.operation.as_deref()
    }

    /// Which attempt of the requester this is, from 1 on.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How long the requester still waits; `None` when it did not say.
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_sub(self.clock.elapsed()))
    }

    /// True when nobody waits for the reply any more, or the service is being closed.
    pub fn is_cancelled(&self) -> bool {
        self.stopping.is_cancelled() || self.remaining().is_some_and(|left| left.is_zero())
    }

    /// Resolves when [`is_cancelled`](Self::is_cancelled) becomes true: for handlers that can stop
    /// in the middle.
    ///
    /// # Cancel safety
    /// Holds nothing; may be dropped and called again.
    pub async fn cancelled(&self) {
        match self.remaining() {
            Some(left) => {
                let _ = tokio::time::timeout(left, self.stopping.cancelled()).await;
            }
            None => self.stopping.cancelled().await,
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("correlation_id", &self.correlation_id)
            .field("topic", &self.topic)
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}
