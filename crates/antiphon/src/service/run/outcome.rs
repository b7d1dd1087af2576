//! What comes of a request: what its handler said, a panic, or a refusal.

use std::{any::Any, sync::Arc, time::Duration};

use antiphon_proto::{AddressRefusal, Executed, Status, mutant};

use crate::service::{
    handler::message::Reply,
    inner::Inner,
    reply::Destination,
    request::{ReplyAt, RequestId},
};

/// What a handler came to, or its panic.
pub(crate) type Outcome = Result<Result<Reply, Status>, Panic>;

pub(crate) type Panic = Box<dyn Any + Send>;

/// Answers; returns when the handler had ended.
pub(crate) fn end(
    inner: &Arc<Inner>,
    id: &RequestId<'_>,
    to: Option<Destination>,
    outcome: Outcome,
    begun: Duration,
) -> Duration {
    let now = inner.clock.elapsed();
    inner.metrics.duration.record(now.saturating_sub(begun));
    let result = match outcome {
        Ok(Ok(reply)) => {
            inner.metrics.handled.increment(1);
            Ok(reply)
        }
        Ok(Err(status)) => {
            inner.metrics.failed.increment(1);
            Err(status)
        }
        Err(panic) => {
            inner.metrics.panicked.increment(1);
            let text = panic_text(&*panic);
            let at = id.partition.at();
            tracing::error!(topic = %at.topic, partition = at.partition, panic = text, "a handler panicked");
            let status = Status::internal("the handler panicked");
            let no = mutant!("panic_says_no");
            Err(status.with_executed(if no { Executed::No } else { Executed::Maybe }))
        }
    };
    inner.finish(id, to, result);
    now
}

/// Ends a request whose reply may not be written where it should go.
pub(crate) fn refuse(
    inner: &Inner,
    id: &RequestId<'_>,
    reply: Option<&ReplyAt>,
    refusal: &AddressRefusal,
) {
    let detail = match reply {
        Some(reply) => format!("{refusal}: {} {:?}", reply.topic, reply.partition),
        None => refusal.to_string(),
    };
    inner.refused("reply_address", None, &detail);
    id.done();
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("not a text")
}
