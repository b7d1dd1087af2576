//! What can happen to a call.

/// What happened to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestErrorKind {
    /// The request itself is not valid: a reserved header, an illegal name, a value that does not
    /// encode, a minimum that cannot be reached. Not executed.
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
    /// The responder answered with an error: see [`RequestError::status`](crate::RequestError::status).
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
    /// A tower layer around the client failed with an error of its own. Maybe executed.
    Layer,
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
            Self::Layer => "layer",
        }
    }
}
