//! What comes of a request: what its handler said, a panic, or a refusal.

use std::{any::Any, sync::Arc, time::Duration};

use antiphon_proto::{AddressRefusal, Executed, Status, mutant};

use super::{
    core::{Origin, ServiceCore},
    envelope::ReplyAt,
    handler::Response,
    outgoing::Destination,
};

/// What a handler came to, or its panic.
pub(super) type Outcome = Result<Result<Response, Status>, Panic>;

pub(super) type Panic = Box<dyn Any + Send>;

/// Answers; returns when the handler had ended.
pub(super) fn end(
    core: &Arc<ServiceCore>,
    origin: &Origin<'_>,
    to: Option<Destination>,
    outcome: Outcome,
    begun: Duration,
) -> Duration {
    let now = core.clock.elapsed();
    core.metrics.duration.record(now.saturating_sub(begun));
    let result = match outcome {
        Ok(Ok(response)) => {
            core.metrics.handled.increment(1);
            Ok(response)
        }
        Ok(Err(status)) => {
            core.metrics.failed.increment(1);
            Err(status)
        }
        Err(panic) => {
            core.metrics.panicked.increment(1);
            let text = panic_text(&*panic);
            let at = origin.partition.at();
            tracing::error!(topic = %at.topic, partition = at.partition, panic = text, "a handler panicked");
            let status = Status::internal("the handler panicked");
            let no = mutant!("panic_says_no");
            Err(status.with_executed(if no { Executed::No } else { Executed::Maybe }))
        }
    };
    core.finish(origin, to, result);
    now
}

/// Ends a request whose reply may not be written where it should go.
pub(super) fn refuse(
    core: &ServiceCore,
    origin: &Origin<'_>,
    reply: Option<&ReplyAt>,
    refusal: &AddressRefusal,
) {
    let detail = match reply {
        Some(reply) => format!("{refusal}: {} {:?}", reply.topic, reply.partition),
        None => refusal.to_string(),
    };
    core.refused("reply_address", None, &detail);
    origin.done();
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("not a text")
}
