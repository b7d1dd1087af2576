//! Errors of a call. Each says whether the work ran.

use std::{error::Error as StdError, fmt, sync::Arc};

use antiphon_proto::{CorrelationId, Executed, Status, mutant};

use crate::transport::{TransportError, TransportErrorKind};

/// Why a call did not end with a usable reply.
///
/// [`executed`](Self::executed) answers what a caller who thinks of trying again has to know;
/// [`kind`](Self::kind) says what happened. `Display` prints one level; the cause, where there is
/// one, is the `source()`.
#[derive(Debug)]
pub struct RequestError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: RequestErrorKind,
    executed: Executed,
    id: Option<CorrelationId>,
    topic: Option<Arc<str>>,
    partition: Option<i32>,
    detail: String,
    status: Option<Status>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What happened to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestErrorKind {
    /// The request itself is not valid: a reserved header, an illegal name, a value that does not
    /// encode, a minimum that can not be reached. Not executed.
    Invalid,
    /// The request is larger than a limit of the client, the broker or the topic. Not executed.
    TooLarge,
    /// The reply path was being rebuilt until the deadline, or was lost as the request was about
    /// to go out. Not executed.
    NotReady,
    /// A local limit is reached: calls in flight, bytes in flight, or the send queue. Not executed.
    Overloaded,
    /// The request topic does not exist. It is never created by a request. Not executed.
    UnknownTopic,
    /// The principal may not write to the request topic. Not executed.
    NotAuthorized,
    /// The deadline passed before the request was sent. Not executed.
    DeadlineBeforeSend,
    /// The request was not stored, and the brokers or the client said so. Not executed.
    Rejected,
    /// The request may or may not have been stored. Maybe executed.
    SendUnknown,
    /// No reply came within the deadline. Maybe executed.
    TimedOut,
    /// The call was given up by its caller or by a gather that had enough. Maybe executed.
    Cancelled,
    /// The responder answered with an error: see [`RequestError::status`].
    Status,
    /// A reply came and could not be decoded. Executed, unless it was the reply's own protocol
    /// header that could not be read: then maybe.
    Undecodable,
    /// The reply topic was deleted, truncated or is no longer readable. Maybe executed.
    ReplyPathLost,
    /// The client was closed: before the request was sent, or while the call waited.
    Closed,
    /// Fewer replies than the minimum arrived within the deadline: see
    /// [`GatherError`](crate::GatherError).
    BelowMinimum,
}

impl RequestErrorKind {
    /// A stable name, for labels and machine-readable output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::TooLarge => "too_large",
            Self::NotReady => "not_ready",
            Self::Overloaded => "overloaded",
            Self::UnknownTopic => "unknown_topic",
            Self::NotAuthorized => "not_authorized",
            Self::DeadlineBeforeSend => "deadline_before_send",
            Self::Rejected => "rejected",
            Self::SendUnknown => "send_unknown",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Status => "status",
            Self::Undecodable => "undecodable",
            Self::ReplyPathLost => "reply_path_lost",
            Self::Closed => "closed",
            Self::BelowMinimum => "below_minimum",
        }
    }
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
        self.0.source = Some(source.into());
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

/// Why a client or a service did not start.
#[derive(Debug)]
pub struct StartError {
    detail: String,
    kind: StartErrorKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What kept a client or a service from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StartErrorKind {
    /// A setting or a name is not valid.
    Config,
    /// The brokers could not be reached in time, or refused the credentials.
    Unreachable,
    /// A topic that is needed does not exist and may not be created.
    UnknownTopic,
    /// The principal lacks a right.
    NotAuthorized,
    /// Anything else.
    Other,
}

impl StartError {
    pub(crate) fn config(detail: impl Into<String>) -> Self {
        Self::of(StartErrorKind::Config, detail)
    }

    pub(crate) fn of(kind: StartErrorKind, detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            kind,
            source: None,
        }
    }

    pub(crate) fn transport(detail: impl Into<String>, source: TransportError) -> Self {
        use TransportErrorKind as T;
        let kind = match source.kind() {
            T::InvalidConfig => StartErrorKind::Config,
            T::TimedOut | T::Unreachable | T::Authentication => StartErrorKind::Unreachable,
            T::UnknownTopic | T::UnknownPartition => StartErrorKind::UnknownTopic,
            T::NotAuthorized => StartErrorKind::NotAuthorized,
            _ => StartErrorKind::Other,
        };
        Self {
            detail: detail.into(),
            kind,
            source: Some(Box::new(source)),
        }
    }

    /// What kept it from starting.
    pub fn kind(&self) -> StartErrorKind {
        self.kind
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl StdError for StartError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
