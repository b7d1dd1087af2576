use std::{fmt, sync::Arc};

/// An error of the log or of the way to it.
#[derive(Clone, Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    message: Arc<str>,
    topic: Option<Arc<str>>,
    partition: Option<i32>,
}

/// What went wrong, as far as a caller would act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The local send queue is full.
    QueueFull,
    /// The record is larger than a limit of the producer, the broker or the topic.
    TooLarge,
    /// The topic does not exist.
    UnknownTopic,
    /// The topic has no such partition.
    UnknownPartition,
    /// The principal may not do this.
    NotAuthorized,
    /// The brokers did not accept the credentials.
    Authentication,
    /// No broker answered in time.
    TimedOut,
    /// No connection to a broker.
    Unreachable,
    /// The position is no longer, or not yet, in the log.
    OffsetOutOfRange,
    /// A setting is wrong.
    InvalidConfig,
    /// The client has been closed.
    Closed,
    /// The client can not go on and must be made anew.
    Fatal,
    /// Anything else.
    Other,
}

impl TransportError {
    /// An error with a text for people.
    pub fn new(kind: TransportErrorKind, message: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            topic: None,
            partition: None,
        }
    }

    /// Adds where it happened.
    #[must_use]
    pub fn at(mut self, topic: impl Into<Arc<str>>, partition: Option<i32>) -> Self {
        self.topic = Some(topic.into());
        self.partition = partition;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// The topic it happened on, where one is known.
    pub fn topic(&self) -> Option<&str> {
        self.topic.as_deref()
    }

    /// The partition it happened on, where one is known.
    pub fn partition(&self) -> Option<i32> {
        self.partition
    }

    /// True when a subscription that met this error delivers nothing any more.
    pub fn is_lost(&self) -> bool {
        use TransportErrorKind as K;
        matches!(
            self.kind,
            K::Fatal
                | K::OffsetOutOfRange
                | K::UnknownTopic
                | K::UnknownPartition
                | K::NotAuthorized
                | K::Closed
        )
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match (&self.topic, self.partition) {
            (Some(topic), Some(partition)) => write!(f, " (topic {topic}, partition {partition})"),
            (Some(topic), None) => write!(f, " (topic {topic})"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for TransportError {}
