//! The correlation table as a client uses it: what waits in a slot, what a call gets in the end,
//! and the failures of sends that end calls.

use std::{sync::Arc, task::Waker, time::Duration};

use antiphon_proto::{Executed, Status, Table, Tick, mutant};

use super::{
    gather::Collector,
    mailbox::Mailbox,
    reply::{PlainReply, Reply},
};
use crate::{
    error::{RequestError, RequestErrorKind},
    transport::{Delivery, DeliverySink, TransportError},
};

/// The correlation table of a client.
pub(crate) type Calls = Table<Waiter, Outcome>;

/// What occupies a slot of the table: a call that waits for one reply, or a mailbox that takes
/// several.
///
/// Sixteen bytes, so that a slot stays small.
pub(crate) enum Waiter {
    Single(Waker),
    Gather(Box<Mailbox<Collector>>),
}

/// What a call ended with. Sixteen bytes, for the slot's sake.
pub(crate) enum Outcome {
    Plain(PlainReply),
    Boxed(Box<BoxedOutcome>),
}

/// Every outcome but the common one.
pub(crate) enum BoxedOutcome {
    Single(Result<Reply, Failure>),
    Gather(GatherOutcome),
}

const _: () = assert!(size_of::<Outcome>() <= 16 && size_of::<Waiter>() <= 16);

/// A gather that takes no more replies: complete, or failed with what it has.
pub(crate) struct GatherOutcome {
    pub(crate) mailbox: Box<Mailbox<Collector>>,
    pub(crate) failure: Option<Failure>,
}

/// Why a call ended without a success.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// A responder answered with an error.
    Status(Status),
    /// The reply was for this call, and its protocol header is unreadable.
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
    /// Ends the call, with what a gather has so far. What stays behind is only to be woken.
    pub(crate) fn fail(&mut self, failure: Failure) -> Outcome {
        match self.take_mailbox() {
            Some(mailbox) => Outcome::gather(mailbox, Some(failure)),
            None => Outcome::single(Err(failure)),
        }
    }

    /// Takes a gather's mailbox out and leaves its waker.
    pub(crate) fn take_mailbox(&mut self) -> Option<Box<Mailbox<Collector>>> {
        let Self::Gather(mailbox) = self else {
            return None;
        };
        let waker = mailbox.take_waker();
        let left = Self::Single(waker.unwrap_or_else(|| Waker::noop().clone()));
        match std::mem::replace(self, left) {
            Self::Gather(mailbox) => Some(mailbox),
            Self::Single(_) => None,
        }
    }

    pub(crate) fn wake(self) {
        match self {
            Self::Single(waker) => waker.wake(),
            Self::Gather(mut mailbox) => {
                if let Some(waker) = mailbox.take_waker() {
                    waker.wake();
                }
            }
        }
    }
}

impl Outcome {
    pub(crate) fn single(result: Result<Reply, Failure>) -> Self {
        Self::Boxed(Box::new(BoxedOutcome::Single(result)))
    }

    pub(crate) fn gather(mailbox: Box<Mailbox<Collector>>, failure: Option<Failure>) -> Self {
        let outcome = GatherOutcome { mailbox, failure };
        Self::Boxed(Box::new(BoxedOutcome::Gather(outcome)))
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
                &format!("the protocol header of the reply is unreadable: {why}"),
            ),
            Failure::SendFailed {
                error,
                possibly_persisted,
            } => Self::from_send(error, possibly_persisted),
            Failure::TimedOut => maybe(K::TimedOut, "no reply within the deadline"),
            Failure::ReplyPathLost(cause) => {
                maybe(K::ReplyPathLost, "the reply topic is no longer readable").with_source(cause)
            }
            Failure::Closed => maybe(K::Closed, "the client was closed while the call waited"),
        }
    }
}

/// Ends the calls whose request was not, or perhaps not, stored. Successes are not reported: the
/// reply shows them.
pub(crate) struct FailedSends(pub(crate) Arc<Calls>);

impl DeliverySink for FailedSends {
    fn wants_success(&self) -> bool {
        false
    }

    fn delivered(&self, batch: &mut dyn Iterator<Item = Delivery>) {
        for Delivery { token, result } in batch {
            let Err(failure) = result else { continue };
            // A call that has ended has given up its slot; the token then finds nothing.
            let woken = self.0.fail_token(token, |waiter| {
                waiter.fail(Failure::SendFailed {
                    possibly_persisted: failure.possibly_persisted
                        && !mutant!("no_on_possibly_persisted"),
                    error: failure.error,
                })
            });
            if let Some(waiter) = woken {
                waiter.wake();
            }
        }
    }

    fn fault(&self, error: TransportError) {
        tracing::debug!(%error, "request producer");
    }
}

/// The client's clock in the table's unit.
pub(crate) fn tick(elapsed: Duration) -> Tick {
    Tick::from_millis(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}
