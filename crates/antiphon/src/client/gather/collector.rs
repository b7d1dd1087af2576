//! The slot of a gather: what the matcher takes in, bounded, until its caller reads it.

use std::{collections::VecDeque, sync::Arc, task::Waker};

use antiphon_proto::{
    CorrelationId, GatherRule, ReplyHead, Step, Verdict, Vote, VoteLimits, Votes, decode_identity,
};

use super::{
    super::{
        core::Core,
        reply::Reply,
        stray::StrayKind,
        waiter::{Collector, Ending, Failure, Waiter},
    },
    GatherReply, Missing,
};
use crate::{error::RequestError, transport::Record};

impl Collector {
    pub(super) fn new(target: &Arc<str>, rule: GatherRule, core: &Core, waker: &Waker) -> Self {
        let limits = VoteLimits {
            max_distinct: core.config.gather.max_responders,
            max_bytes: usize::try_from(core.config.gather.max_bytes).unwrap_or(usize::MAX),
        };
        Self {
            target: Arc::clone(target),
            waker: Some(waker.clone()),
            votes: Votes::new(rule, limits),
            unread: VecDeque::new(),
            errors: 0,
            max_errors: limits.max_distinct,
            surplus_errors: 0,
        }
    }

    pub(super) fn surplus(&self) -> u64 {
        self.votes.surplus() + self.surplus_errors
    }
}

/// A reply whose headers have been read.
pub(crate) struct Arrived<'a> {
    pub(crate) id: CorrelationId,
    pub(crate) head: &'a ReplyHead<'a>,
    pub(crate) record: &'a Record<'a>,
    pub(crate) headers: &'a [(&'a [u8], Option<&'a [u8]>)],
}

/// What is left to do when a reply has been offered to a gather, once the slot's lock is free.
#[derive(Default)]
pub(crate) struct Afterwards {
    /// Somebody reads the replies as they come.
    pub(crate) wake: Option<Waker>,
    /// The reply was not kept.
    pub(crate) stray: Option<StrayKind>,
}

/// Takes a reply into a gather, where replies are matched.
pub(crate) fn accept(
    waiter: &mut Waiter,
    arrived: &Arrived<'_>,
    afterwards: &mut Afterwards,
) -> Step<Ending> {
    let Waiter::Many(collector) = waiter else {
        return Step::Keep;
    };
    let kept = match arrived.head.status() {
        Some(status) => collector.accept_error(Failure::Status(status)),
        None => collector.accept_reply(arrived),
    };
    if let Err(kind) = kept {
        afterwards.stray = Some(kind);
        return Step::Keep;
    }
    if collector.votes.verdict() == Verdict::Open {
        afterwards.wake = collector.waker.take();
        return Step::Keep;
    }
    match waiter.take_collector() {
        Some(collector) => Step::Finish(Ending::many(collector, None)),
        None => Step::Keep,
    }
}

impl Collector {
    /// One vote per service: instances of one group answer twice only after a redelivery.
    fn accept_reply(&mut self, arrived: &Arrived<'_>) -> Result<(), StrayKind> {
        let Arrived {
            id,
            head,
            record,
            headers,
        } = *arrived;
        let identity = head.fields.responder.and_then(decode_identity);
        let service = identity.map_or_else(String::new, |[service, _, _]| service);
        let bytes = record.value.map_or(0, <[u8]>::len);
        match self.votes.vote(&service, bytes) {
            Vote::Counted => {
                self.unread.push_back(Ok(GatherReply {
                    target: Arc::clone(&self.target),
                    reply: Reply::with_head(id, record, head, headers),
                }));
                Ok(())
            }
            Vote::Duplicate => Err(StrayKind::Duplicate),
            Vote::Surplus => Err(StrayKind::Surplus),
        }
    }

    /// An error is no vote: another instance of the service may still answer.
    fn accept_error(&mut self, failure: Failure) -> Result<(), StrayKind> {
        if self.errors >= self.max_errors {
            self.surplus_errors += 1;
            return Err(StrayKind::Surplus);
        }
        self.errors += 1;
        let target = Arc::clone(&self.target);
        let error = RequestError::from(failure).on(&target, None);
        self.unread.push_back(Err(Missing { target, error }));
        Ok(())
    }
}
