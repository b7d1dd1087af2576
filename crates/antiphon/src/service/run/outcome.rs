//! How a request ends: with the handler's result, a panic, or a refusal.

use std::{any::Any, time::Duration};

use antiphon_proto::{AddressRefusal, Executed, Status, mutant};

use crate::service::{
    env::ServiceEnv,
    handler::message::Reply,
    reply::{ReplySender, topics::Destination},
    request::{ReplyAt, RequestId},
};

/// A handler's result, or its panic.
pub(crate) type Outcome = Result<Result<Reply, Status>, Panic>;

pub(crate) type Panic = Box<dyn Any + Send>;

/// Answers a request whose handler ran since `started`; returns when the handler ended.
pub(crate) fn end(
    sender: &ReplySender,
    id: &RequestId<'_>,
    to: Option<Destination>,
    outcome: Outcome,
    started: Duration,
) -> Duration {
    let env = sender.env();
    let now = env.clock.elapsed();
    env.metrics.duration.record(now.saturating_sub(started));
    let result = match outcome {
        Ok(Ok(reply)) => {
            env.metrics.handled.increment(1);
            Ok(reply)
        }
        Ok(Err(status)) => {
            env.metrics.failed.increment(1);
            Err(status)
        }
        Err(panic) => {
            env.metrics.panicked.increment(1);
            Err(panicked(id, &*panic))
        }
    };
    sender.finish(id, to, result);
    now
}

fn panicked(id: &RequestId<'_>, panic: &(dyn Any + Send)) -> Status {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("not a text");
    let at = id.partition().at();
    tracing::error!(topic = %at.topic, partition = at.partition, panic = text, "a handler panicked");
    let no = mutant!("panic_says_no");
    Status::internal("the handler panicked").with_executed(if no {
        Executed::No
    } else {
        Executed::Maybe
    })
}

/// Ends a request whose reply must not be written to its address. No handler ran.
pub(crate) fn refuse(
    env: &ServiceEnv,
    id: &RequestId<'_>,
    reply: Option<&ReplyAt>,
    refusal: &AddressRefusal,
) {
    let detail = match reply {
        Some(reply) => format!("{refusal}: {} {:?}", reply.topic, reply.partition),
        None => refusal.to_string(),
    };
    env.refused("reply_address", None, &detail);
    id.completion.part_done();
}
