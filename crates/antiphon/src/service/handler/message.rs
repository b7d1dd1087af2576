//! What a handler gets and returns: the request with its context, and the reply.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::{codec::Encoded, service::request::RequestMeta, telemetry::propagation};

/// A request, as a handler gets it.
///
/// ```
/// use antiphon::service::{Inbound, Reply};
///
/// async fn echo(request: Inbound) -> Reply {
///     let partition = request.context.partition().to_string();
///     Reply::new(request.value).header("partition", partition)
/// }
/// ```
#[derive(Debug)]
pub struct Inbound {
    /// The requester, the deadline, the headers.
    pub context: Context,
    /// The payload.
    pub value: Bytes,
}

/// A reply, as a handler returns it.
///
/// ```
/// use antiphon::service::Reply;
///
/// async fn page() -> Reply {
///     Reply::new("<p>hello</p>").content_type("text/html").header("cache-control", "no-store")
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reply {
    value: Bytes,
    headers: Vec<(String, Bytes)>,
    content_type: Option<Cow<'static, str>>,
    message_type: Option<Cow<'static, str>>,
}

impl Reply {
    /// A reply with this payload.
    pub fn new(value: impl Into<Bytes>) -> Self {
        Self {
            value: value.into(),
            ..Self::default()
        }
    }

    /// Adds an application header. A name that belongs to the protocol makes the reply an
    /// `INTERNAL` error.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the media type of the payload.
    #[must_use]
    pub fn content_type(mut self, media_type: impl Into<Cow<'static, str>>) -> Self {
        self.content_type = Some(media_type.into());
        self
    }

    /// Sets the application's name for the type of the payload.
    #[must_use]
    pub fn message_type(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.message_type = Some(name.into());
        self
    }

    pub(crate) fn into_encoded(self) -> Encoded {
        Encoded {
            value: self.value,
            headers: self.headers,
            content_type: self.content_type,
            message_type: self.message_type,
        }
    }
}

impl From<Encoded> for Reply {
    fn from(encoded: Encoded) -> Self {
        Self {
            value: encoded.value,
            headers: encoded.headers,
            content_type: encoded.content_type,
            message_type: encoded.message_type,
        }
    }
}

impl<T: Into<Bytes>> From<T> for Reply {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// What a handler knows about the request besides its payload.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon::{Context, Status};
///
/// async fn report(cx: Context) -> Result<String, Status> {
///     if cx.remaining().is_some_and(|left| left < Duration::from_millis(50)) {
///         return Err(Status::deadline_exceeded("no time left for a report"));
///     }
///     Ok(format!("attempt {} of {}", cx.attempt(), cx.requester().unwrap_or("?")))
/// }
/// ```
pub struct Context(Arc<RequestMeta>);

impl Context {
    pub(crate) fn new(meta: Arc<RequestMeta>) -> Self {
        Self(meta)
    }

    /// The id by which the requester matches the reply, as it is on the wire.
    pub fn correlation_id(&self) -> &[u8] {
        &self.0.correlation_id
    }

    /// The request topic.
    pub fn topic(&self) -> &str {
        &self.0.partition().at().topic
    }

    /// The partition that the request came from.
    pub fn partition(&self) -> i32 {
        self.0.partition().at().partition
    }

    /// The request's offset. Together with topic and partition it names the request, also when it
    /// is delivered again.
    pub fn offset(&self) -> i64 {
        self.0.offset
    }

    /// The record's key.
    pub fn key(&self) -> Option<&Bytes> {
        self.0.key.as_ref()
    }

    /// The first header of this name, if it has a value. The protocol's own headers are left out.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        let mut all = self.headers().iter();
        let found = all.find(|(n, _)| n == name.as_bytes())?;
        found.1.as_ref()
    }

    /// All application headers, in order: names may be any bytes, values may be null.
    pub fn headers(&self) -> &[(Bytes, Option<Bytes>)] {
        &self.0.headers
    }

    /// The requester, as `<client group>/<instance>/<incarnation>`.
    pub fn requester(&self) -> Option<&str> {
        self.0.requester.as_deref()
    }

    /// The operation that the request names.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// Which attempt of the requester this is, from 1 on.
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// How long the requester still waits; `None` when the request has no deadline.
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.0.deadline?;
        let now = self.0.partition().env().clock.elapsed();
        Some(deadline.saturating_sub(now))
    }

    /// True when the requester has stopped waiting, or the service is being closed.
    pub fn is_cancelled(&self) -> bool {
        self.stopping().is_cancelled() || self.remaining().is_some_and(|left| left.is_zero())
    }

    /// Resolves when [`is_cancelled`](Self::is_cancelled) becomes true: for handlers that can stop
    /// early.
    ///
    /// # Cancel safety
    /// Holds nothing; may be dropped and called again.
    pub async fn cancelled(&self) {
        match self.remaining() {
            Some(left) => {
                let _ = tokio::time::timeout(left, self.stopping().cancelled()).await;
            }
            None => self.stopping().cancelled().await,
        }
    }

    /// The `traceparent` of the trace that the request belongs to
    /// ([W3C Trace Context](https://www.w3.org/TR/trace-context/)). Calls that the handler makes on
    /// its own task carry the trace on by themselves.
    pub fn traceparent(&self) -> Option<&str> {
        self.0
            .trace
            .as_deref()
            .map(|trace| trace.traceparent.as_str())
    }

    /// Makes a future part of the request's trace, for a task that the handler spawns:
    /// `tokio::spawn(cx.in_trace(work))`.
    ///
    /// ```
    /// use antiphon::{Client, Context, service::State};
    ///
    /// async fn order(cx: Context, State(audit): State<Client>) {
    ///     let note = async move { audit.request("audit").value("ordered").await };
    ///     tokio::spawn(cx.in_trace(note));
    /// }
    /// ```
    pub fn in_trace<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        propagation::traced(self.0.trace.clone(), future)
    }

    /// Another handle on the same request.
    pub(crate) fn shared(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    pub(crate) fn meta(&self) -> &RequestMeta {
        &self.0
    }

    fn stopping(&self) -> &CancellationToken {
        &self.0.partition().env().stopping
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field(
                "correlation_id",
                &self.0.correlation_id.escape_ascii().to_string(),
            )
            .field("topic", &self.topic())
            .field("partition", &self.partition())
            .field("offset", &self.offset())
            .field("operation", &self.operation())
            .finish_non_exhaustive()
    }
}
