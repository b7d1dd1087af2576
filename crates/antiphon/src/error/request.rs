//! The error of a call. It says whether the work ran.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use antiphon_proto::{Code, CorrelationId, Executed, Status, mutant};

use super::RequestErrorKind;
use crate::transport::{TransportError, TransportErrorKind};

/// Why a call did not end with a usable reply.
///
/// [`executed`](Self::executed) tells a caller whether a retry could repeat the work;
/// [`kind`](Self::kind) says what happened. `Display` prints one level; the cause, where there is
/// one, is the `source()`.
///
/// In a handler, `?` turns it into a [`Status`]: see [`From`](#impl-From<RequestError>-for-Status).
///
/// ```
/// use std::time::Duration;
///
/// use antiphon::{Client, Reply, RequestError};
///
/// /// Sends again what did not run, or what the service asks to send again.
/// async fn ask(client: &Client) -> Result<Reply, RequestError> {
///     let mut pause = Duration::from_millis(50);
///     for _ in 0..3 {
///         match client.request("orders").value("7").send().await {
///             Err(error) if error.is_retryable() => {
///                 tokio::time::sleep(error.retry_after().unwrap_or(pause)).await;
///                 pause *= 2;
///             }
///             outcome => return outcome,
///         }
///     }
///     client.request("orders").value("7").send().await
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RequestError(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: RequestErrorKind,
    executed: Executed,
    id: Option<CorrelationId>,
    topic: Option<Arc<str>>,
    partition: Option<i32>,
    detail: String,
    status: Option<Status>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl RequestError {
    pub(crate) fn new(
        kind: RequestErrorKind,
        executed: Executed,
        detail: impl Into<String>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            executed,
            id: None,
            topic: None,
            partition: None,
            detail: detail.into(),
            status: None,
            source: None,
        }))
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(RequestErrorKind::Invalid, Executed::No, detail)
    }

    pub(crate) fn closed() -> Self {
        Self::new(
            RequestErrorKind::Closed,
            Executed::No,
            "the client is closed",
        )
    }

    pub(crate) fn not_ready(detail: &str) -> Self {
        Self::new(RequestErrorKind::NotReady, Executed::No, detail)
    }

    pub(crate) fn too_late(detail: &str) -> Self {
        Self::new(RequestErrorKind::DeadlineBeforeSend, Executed::No, detail)
    }

    pub(crate) fn unknown_topic(topic: &str) -> Self {
        let detail = format!("the topic {topic} does not exist, and a request never creates one");
        Self::new(RequestErrorKind::UnknownTopic, Executed::No, detail)
    }

    pub(crate) fn status_reply(status: Status) -> Self {
        let mut error = Self::new(
            RequestErrorKind::Status,
            status.executed(),
            format!("the responder answered {status}"),
        );
        error.0.status = Some(status);
        if mutant!("service_error_says_no") {
            error.0.executed = Executed::No;
        }
        error
    }

    /// A send that failed, at once or in its delivery report.
    pub(crate) fn from_send(error: TransportError, possibly_persisted: bool) -> Self {
        let kind = match (possibly_persisted, error.kind()) {
            (true, _) => RequestErrorKind::SendUnknown,
            (_, TransportErrorKind::QueueFull) => RequestErrorKind::Overloaded,
            (_, TransportErrorKind::TooLarge) => RequestErrorKind::TooLarge,
            (_, TransportErrorKind::UnknownTopic | TransportErrorKind::UnknownPartition) => {
                RequestErrorKind::UnknownTopic
            }
            (_, TransportErrorKind::NotAuthorized) => RequestErrorKind::NotAuthorized,
            (_, TransportErrorKind::TimedOut) => RequestErrorKind::DeadlineBeforeSend,
            (_, TransportErrorKind::Closed) => RequestErrorKind::Closed,
            _ => RequestErrorKind::Rejected,
        };
        let executed = if possibly_persisted {
            Executed::Maybe
        } else {
            Executed::No
        };
        let detail = match kind {
            RequestErrorKind::SendUnknown => "the request may or may not have been stored",
            RequestErrorKind::Overloaded => "the local send queue is full",
            RequestErrorKind::TooLarge => "the request is too large",
            RequestErrorKind::UnknownTopic => "the request topic is not there",
            RequestErrorKind::NotAuthorized => "not allowed to write to the request topic",
            RequestErrorKind::DeadlineBeforeSend => "the request could not be sent in time",
            RequestErrorKind::Closed => "the client is closed",
            _ => "the request was not stored",
        };
        Self::new(kind, executed, detail).with_source(error)
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into().into());
        self
    }

    pub(crate) fn on(mut self, topic: &Arc<str>, partition: Option<i32>) -> Self {
        self.0.topic = Some(Arc::clone(topic));
        self.0.partition = partition;
        self
    }

    pub(crate) fn with_id(mut self, id: CorrelationId) -> Self {
        self.0.id = Some(id);
        self
    }

    /// What happened.
    pub fn kind(&self) -> RequestErrorKind {
        self.0.kind
    }

    /// Whether a handler ran for this call.
    pub fn executed(&self) -> Executed {
        self.0.executed
    }

    /// The id on the wire; `None` when the call ended before it had one.
    pub fn correlation_id(&self) -> Option<CorrelationId> {
        self.0.id
    }

    /// The request topic.
    pub fn topic(&self) -> Option<&str> {
        self.0.topic.as_deref()
    }

    /// The partition that the request went to, when one had been chosen.
    pub fn partition(&self) -> Option<i32> {
        self.0.partition
    }

    /// The responder's error, for [`RequestErrorKind::Status`].
    pub fn status(&self) -> Option<&Status> {
        self.0.status.as_ref()
    }

    /// Whether sending the same request again is safe and may succeed.
    ///
    /// True when the work did not run and the cause may pass: a limit, a reply path that is being
    /// rebuilt, a request that was not stored in time, a responder that answered `UNAVAILABLE` or
    /// `RESOURCE_EXHAUSTED`. Also true when the responder itself asks for another try, by
    /// [`retry_after`](Self::retry_after). A `Maybe` is never retryable: only the caller knows
    /// whether the work may run twice.
    pub fn is_retryable(&self) -> bool {
        use RequestErrorKind as K;
        let may_pass = match self.kind() {
            K::NotReady | K::Overloaded | K::DeadlineBeforeSend | K::Rejected => true,
            K::Status => self.status().is_some_and(|status| {
                matches!(status.code(), Code::Unavailable | Code::ResourceExhausted)
            }),
            _ => false,
        };
        may_pass && self.executed() == Executed::No || self.retry_after().is_some()
    }

    /// How long the responder asks to wait before another try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.status().and_then(Status::retry_after)
    }

    /// Shorthand for `kind() == RequestErrorKind::TimedOut`.
    pub fn is_timeout(&self) -> bool {
        self.kind() == RequestErrorKind::TimedOut
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)?;
        let mut separator = " (";
        let mut field = |f: &mut fmt::Formatter<'_>, name: &str, value: &dyn fmt::Display| {
            let written = write!(f, "{separator}{name} {value}");
            separator = ", ";
            written
        };
        if let Some(topic) = &self.0.topic {
            field(f, "topic", topic)?;
        }
        if let Some(partition) = &self.0.partition {
            field(f, "partition", partition)?;
        }
        if let Some(id) = &self.0.id {
            field(f, "id", id)?;
        }
        field(f, "executed:", &self.0.executed)?;
        f.write_str(")")
    }
}

impl StdError for RequestError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}
