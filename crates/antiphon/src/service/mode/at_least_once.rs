//! At least once: a request is done when its reply has been acknowledged, so a crash repeats work
//! and loses none.

use std::sync::Arc;

use antiphon_proto::{Executed, ReplyMode, RequestHead, Status, mutant};

use super::{Arrival, Decision};
use crate::service::env::ServiceEnv;

#[derive(Debug)]
pub(crate) struct AtLeastOnce {
    env: Arc<ServiceEnv>,
}

impl AtLeastOnce {
    pub(crate) fn new(env: &Arc<ServiceEnv>) -> Self {
        Self {
            env: Arc::clone(env),
        }
    }

    /// Decides about a request, in the order that the protocol gives, and counts refusals.
    pub(crate) fn admit(&self, request: &Arrival<'_, '_>) -> Decision {
        if !request.address_allowed {
            return Decision::Skip;
        }
        let expired = request.left.is_some_and(|left| left.is_zero());
        if expired && !mutant!("expired_request_is_run") {
            self.env.metrics.expired.increment(1);
            // An earlier delivery may have run, so `No` would be wrong.
            let status = Status::deadline_exceeded("the request had expired when it was read");
            let no = mutant!("expired_says_no");
            return Decision::Answer(status.with_executed(if no {
                Executed::No
            } else {
                Executed::Maybe
            }));
        }
        if let Some(refusal) = unsupported(request.head) {
            let requester = request.head.fields.requester;
            self.env
                .refused("unsupported", requester, refusal.message());
            return Decision::Answer(refusal);
        }
        Decision::Run
    }
}

/// Streams and batches are refused: a single reply would be a wrong answer.
fn unsupported(head: &RequestHead<'_>) -> Option<Status> {
    let what = match head.fields.mode {
        _ if head.fields.batch.is_some() => "batches",
        ReplyMode::Stream => "streams",
        _ => return None,
    };
    Some(Status::unimplemented(format!("{what} are not served here")).with_executed(Executed::No))
}
