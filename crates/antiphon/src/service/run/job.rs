//! A request that waits for its handler.

use std::sync::Arc;

use antiphon_proto::{Status, mutant};
use bytes::Bytes;

use crate::service::{
    inner::{Inner, Place},
    request::{RequestId, RequestMeta},
    router::Route,
};

/// A request on its way to its handler, or to its refusal.
pub(crate) struct Job {
    pub(crate) ticket: Ticket,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    /// With the payload.
    Handle(Route, Bytes),
    Answer(Status),
}

/// One admitted request that is to be answered. Dropping it frees its place; unless the request
/// was finished, it will be delivered again.
pub(crate) struct Ticket {
    pub(crate) meta: Arc<RequestMeta>,
    _place: Place<Arc<Inner>>,
}

impl Ticket {
    pub(crate) fn new(inner: &Arc<Inner>, meta: Arc<RequestMeta>) -> Self {
        Self {
            meta,
            _place: Place::take(Arc::clone(inner)),
        }
    }

    /// Nothing of the request has to be done again.
    pub(crate) fn done(&self) {
        self.id().done();
    }

    /// A method of the ticket, so that a task which answers with it takes the ticket along as a
    /// whole, and with it the place.
    pub(crate) fn id(&self) -> RequestId<'_> {
        self.meta.id()
    }

    /// The request is left for the partition's next owner.
    pub(crate) fn leave(&self) {
        if mutant!("left_request_is_done") {
            return self.done();
        }
        self.meta.partition.leave();
    }
}
