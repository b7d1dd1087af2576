//! What waits in the correlation table, and what it gets in the end.

use std::{collections::VecDeque, sync::Arc, task::Waker};

use antiphon_proto::{Executed, Status, Votes, mutant};
use bytes::Bytes;

use super::{
    gather::Item,
    reply::{PlainReply, Reply},
};
use crate::{
    error::{RequestError, RequestErrorKind},
    transport::TransportError,
};

/// A live entry of the table: a call that waits for one reply, or one that collects several.
///
/// Sixteen bytes, so that a slot stays small.
pub(crate) enum Waiter {
    One(Waker),
    Many(Box<Collector>),
}

/// The replies of a gather as they come.
pub(crate) struct Collector {
    /// The request topic.
    pub(crate) target: Arc<str>,
    pub(crate) waker: Option<Waker>,
    pub(crate) votes: Votes,
    /// What the caller has not taken yet, in order of arrival.
    pub(crate) unread: VecDeque<Item>,
    /// Error replies that were kept, at most `max_errors`; further ones are only counted.
    pub(crate) errors: u32,
    pub(crate) max_errors: u32,
    pub(crate) surplus_errors: u64,
}

/// What a table entry ended with. Sixteen bytes, for the slot's sake.
pub(crate) enum Ending {
    Plain(PlainReply),
    Other(Box<Other>),
}

/// Every ending but the common one.
pub(crate) enum Other {
    One(Result<Reply, Failure>),
    Many(Ended),
}

const _: () = assert!(size_of::<Ending>() <= 16 && size_of::<Waiter>() <= 16);

/// A gather that takes no more replies: complete, or failed with what it has.
pub(crate) struct Ended {
    pub(crate) collector: Box<Collector>,
    pub(crate) failure: Option<Failure>,
}

/// Why a call ended without a success.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// A responder answered with an error.
    Status(Status),
    /// The reply was for us and its protocol header could not be read.
    Malformed(String),
    SendFailed {
        error: TransportError,
        possibly_persisted: bool,
    },
    TimedOut,
    ReplyPathLost(TransportError),
    Closed,
}

impl Waiter {
    /// Ends this entry, with what a gather has so far. What stays behind is only to be woken.
    pub(crate) fn fail(&mut self, failure: Failure) -> Ending {
        match self.take_collector() {
            Some(collector) => Ending::many(collector, Some(failure)),
            None => Ending::one(Err(failure)),
        }
    }

    /// Takes a gather's state out and leaves its waker.
    pub(crate) fn take_collector(&mut self) -> Option<Box<Collector>> {
        let Self::Many(collector) = self else {
            return None;
        };
        let waker = collector.waker.take();
        let left = Self::One(waker.unwrap_or_else(|| Waker::noop().clone()));
        match std::mem::replace(self, left) {
            Self::Many(collector) => Some(collector),
            Self::One(_) => None,
        }
    }

    pub(crate) fn wake(self) {
        match self {
            Self::One(waker) => waker.wake(),
            Self::Many(collector) => {
                if let Some(waker) = collector.waker {
                    waker.wake();
                }
            }
        }
    }
}

impl Ending {
    pub(crate) fn one(result: Result<Reply, Failure>) -> Self {
        Self::Other(Box::new(Other::One(result)))
    }

    pub(crate) fn many(collector: Box<Collector>, failure: Option<Failure>) -> Self {
        let ended = Ended { collector, failure };
        Self::Other(Box::new(Other::Many(ended)))
    }
}

impl From<Failure> for RequestError {
    fn from(failure: Failure) -> Self {
        use RequestErrorKind as K;
        let maybe = |kind, detail: &str| {
            let no = kind == K::TimedOut && mutant!("timeout_says_no")
                || kind == K::Closed && mutant!("closed_says_no");
            Self::new(
                kind,
                if no { Executed::No } else { Executed::Maybe },
                detail,
            )
        };
        match failure {
            Failure::Status(status) => Self::status_reply(status),
            Failure::Malformed(why) => maybe(
                K::Undecodable,
                &format!("the reply's protocol header can not be read: {why}"),
            ),
            Failure::SendFailed {
                error,
                possibly_persisted,
            } => Self::from_send(error, possibly_persisted),
            Failure::TimedOut => maybe(K::TimedOut, "no reply within the deadline"),
            Failure::ReplyPathLost(cause) => {
                maybe(K::ReplyPathLost, "the reply topic can no longer be read").with_source(cause)
            }
            Failure::Closed => maybe(K::Closed, "the client was closed while the call waited"),
        }
    }
}

/// An owned copy of borrowed bytes; null and empty are alike for a caller.
pub(crate) fn owned(value: Option<&[u8]>) -> Bytes {
    value.map_or_else(Bytes::new, Bytes::copy_from_slice)
}
