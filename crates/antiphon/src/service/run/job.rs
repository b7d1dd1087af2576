//! A request on its way to its handler, or to its refusal.

use std::sync::Arc;

use antiphon_proto::{Status, mutant};
use bytes::Bytes;

use crate::{
    service::{
        capacity::{Capacity, HandlerPermit},
        request::{RequestId, RequestMeta},
        router::Route,
    },
    telemetry::propagation::TraceHeaders,
};

/// An admitted request, and what is to be done with it.
pub(crate) struct Job {
    pub(crate) ticket: Ticket,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    /// With the payload.
    Handle(Route, Bytes),
    Answer(Status),
}

/// One admitted request that is to be answered. Dropping it frees its permit; unless the request is
/// done, it will be delivered again.
pub(crate) struct Ticket {
    pub(crate) meta: Arc<RequestMeta>,
    _permit: HandlerPermit<Arc<Capacity>>,
}

impl Ticket {
    pub(crate) fn new(capacity: &Arc<Capacity>, meta: RequestMeta) -> Self {
        Self {
            meta: Arc::new(meta),
            _permit: HandlerPermit::take(Arc::clone(capacity)),
        }
    }

    /// A method of the ticket: a task that answers by it captures the whole ticket, and with it the
    /// permit.
    pub(crate) fn id(&self) -> RequestId<'_> {
        self.meta.id()
    }

    /// The same, with the trace of its handler.
    pub(crate) fn id_in<'a>(&'a self, trace: Option<&'a Arc<TraceHeaders>>) -> RequestId<'a> {
        RequestId { trace, ..self.id() }
    }

    /// The request is left to the partition's next owner.
    pub(crate) fn leave(&self) {
        let completion = &self.meta.completion;
        if mutant!("left_request_is_done") {
            return completion.part_done();
        }
        completion.leave();
    }
}
