//! The mailbox policy of a gather: one vote per service, and bounds on what is held.

use std::sync::Arc;

use antiphon_proto::{GatherRule, Status, Verdict, Vote, VoteLimits, Votes, decode_identity};

use super::{
    super::{
        mailbox::{Arrived, Policy},
        reply::Reply,
        stray::StrayKind,
    },
    GatherReply, Item, Missing,
};
use crate::{config::GatherConfig, error::RequestError};

/// Counts the replies of a gather.
pub(crate) struct Collector {
    /// The request topic.
    target: Arc<str>,
    votes: Votes,
    /// Error replies that were kept, at most `max_errors`; further ones are only counted.
    errors: u32,
    max_errors: u32,
    surplus_errors: u64,
}

impl Collector {
    pub(super) fn new(target: &Arc<str>, rule: GatherRule, limits: &GatherConfig) -> Self {
        let limits = VoteLimits {
            max_distinct: limits.max_responders,
            max_bytes: usize::try_from(limits.max_bytes).unwrap_or(usize::MAX),
        };
        Self {
            target: Arc::clone(target),
            votes: Votes::new(rule, limits),
            errors: 0,
            max_errors: limits.max_distinct,
            surplus_errors: 0,
        }
    }

    /// Replies beyond what was asked for, or beyond the limits.
    pub(super) fn surplus(&self) -> u64 {
        self.votes.surplus() + self.surplus_errors
    }

    /// Second votes of a service.
    pub(super) fn duplicates(&self) -> u64 {
        self.votes.duplicates()
    }

    /// Whether the minimum is reached.
    pub(super) fn is_satisfied(&self) -> bool {
        self.votes.is_satisfied()
    }

    /// One vote per service: instances of one group answer twice only after a redelivery.
    fn accept_reply(&mut self, arrived: &Arrived<'_>) -> Result<Item, StrayKind> {
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
            Vote::Counted => Ok(Ok(GatherReply {
                target: Arc::clone(&self.target),
                reply: Reply::with_head(id, record, head, headers),
            })),
            Vote::Duplicate => Err(StrayKind::Duplicate),
            Vote::Surplus => Err(StrayKind::Surplus),
        }
    }

    /// An error is no vote: another instance of the service may still answer.
    fn accept_error(&mut self, status: Status) -> Result<Item, StrayKind> {
        if self.errors >= self.max_errors {
            self.surplus_errors += 1;
            return Err(StrayKind::Surplus);
        }
        self.errors += 1;
        let target = Arc::clone(&self.target);
        let error = RequestError::status_reply(status).on(&target, None);
        Ok(Err(Missing { target, error }))
    }
}

impl Policy for Collector {
    type Item = Item;

    fn accept(&mut self, arrived: &Arrived<'_>) -> Result<Item, StrayKind> {
        match arrived.head.status() {
            Some(status) => self.accept_error(status),
            None => self.accept_reply(arrived),
        }
    }

    fn is_complete(&self) -> bool {
        self.votes.verdict() != Verdict::Open
    }
}
