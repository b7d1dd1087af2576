//! Named points at which a process can die.

use crate::history::Event;

/// Between which two steps. A responder's are c1 to c6, a requester's k3 and k5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Point {
    /// c1: a request was received, its handler has not begun.
    Received,
    /// c2: a handler has begun, and has had no effect.
    Started,
    /// c3: the effect is there, the reply is not.
    Effect,
    /// c4: the reply was handed over, and has not left.
    Replied,
    /// c4: the reply is in the log, its acknowledgement is on the way.
    ReplyInLog,
    /// c5: the reply is acknowledged, its request not committed.
    Acknowledged,
    /// c6: the offset is committed.
    Committed,
    /// k3: a request was handed over, and has not left.
    Sent,
    /// k3: the request is in the log, and nobody has answered it.
    RequestInLog,
    /// k5: the reply was read, its caller has not seen it.
    Seen,
}

impl Point {
    pub(crate) const RESPONDER: &[Self] = &[
        Self::Received,
        Self::Started,
        Self::Effect,
        Self::Replied,
        Self::ReplyInLog,
        Self::Acknowledged,
        Self::Committed,
    ];

    pub(crate) const REQUESTER: &[Self] = &[Self::Sent, Self::RequestInLog, Self::Seen];

    /// The point that a process is at when it has told of this.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        Some(match event {
            Event::Received { .. } => Self::Received,
            Event::Started { .. } => Self::Started,
            Event::Effect { .. } => Self::Effect,
            Event::Replied { .. } => Self::Replied,
            Event::ReplyStored { .. } => Self::Acknowledged,
            Event::Sent { .. } => Self::Sent,
            Event::Seen { .. } => Self::Seen,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Received => "c1_received",
            Self::Started => "c2_started",
            Self::Effect => "c3_effect",
            Self::Replied => "c4_replied",
            Self::ReplyInLog => "c4_reply_in_log",
            Self::Acknowledged => "c5_acknowledged",
            Self::Committed => "c6_committed",
            Self::Sent => "k3_sent",
            Self::RequestInLog => "k3_request_in_log",
            Self::Seen => "k5_seen",
        }
    }
}
