//! Runs handlers: each is polled once right here, and only those that wait get a task.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use antiphon_proto::{AddressRefusal, Executed, Status};
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::mpsc;
use tracing::Instrument;

use super::{
    core::{ReplyAt, ServiceCore, Ticket},
    dispatch::{Inbound, Work},
    handler::{Handler, Request, Response},
    outgoing::Destination,
    reply_topics::ReplyTopic,
};
use crate::trace;

type Running = BoxFuture<'static, Result<Response, Status>>;

/// Takes batches until the request thread is gone.
pub(crate) async fn pump(core: Arc<ServiceCore>, mut batches: mpsc::Receiver<Vec<Inbound>>) {
    while let Some(batch) = batches.recv().await {
        let mut last = None;
        for inbound in batch {
            match known_destination(&core, &inbound.ticket, &mut last).await {
                Some(Ok(to)) => start(&core, inbound, to),
                Some(Err(refusal)) => refuse(&core, &inbound.ticket, &refusal),
                None => {
                    let core = Arc::clone(&core);
                    tokio::spawn(async move {
                        match find_destination(&core, &inbound.ticket).await {
                            Ok(to) => start(&core, inbound, to),
                            Err(obstacle) => give_up(&core, &inbound.ticket, &obstacle),
                        }
                    });
                }
            }
        }
    }
}

/// Where the reply goes; the outer `None`: the topic has to be looked up first.
type Known = Option<Result<Option<Destination>, AddressRefusal>>;

async fn known_destination(
    core: &ServiceCore,
    ticket: &Ticket,
    last: &mut Option<(Arc<str>, ReplyTopic)>,
) -> Known {
    let Some(reply) = &ticket.reply else {
        return Some(Ok(None));
    };
    if let Some((name, topic)) = last
        && Arc::ptr_eq(name, &reply.topic)
    {
        return Some(at(topic, reply, ticket));
    }
    let found = core.reply_topics.known(&reply.topic).await?;
    let Some(topic) = found else {
        return Some(Err(AddressRefusal::NoSuchPartition));
    };
    let place = at(&topic, reply, ticket);
    *last = Some((Arc::clone(&reply.topic), topic));
    Some(place)
}

fn at(
    topic: &ReplyTopic,
    reply: &ReplyAt,
    ticket: &Ticket,
) -> Result<Option<Destination>, AddressRefusal> {
    topic.at(reply.partition, &ticket.correlation_id).map(Some)
}

/// Longest pause between two questions about a reply topic when the brokers do not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What keeps a handler from being started.
enum Obstacle {
    /// Nothing may be written to the address.
    Refused(AddressRefusal),
    /// Its time ran out while the brokers did not say whether the address exists.
    Expired,
    /// It is no longer this instance's to answer.
    NotOurs,
}

/// No handler runs before its reply address is known to exist.
async fn find_destination(
    core: &ServiceCore,
    ticket: &Ticket,
) -> Result<Option<Destination>, Obstacle> {
    let Some(reply) = &ticket.reply else {
        return Ok(None);
    };
    let mut pause = Duration::from_millis(100);
    loop {
        match core.reply_topics.find(&reply.topic).await {
            Ok(Some(topic)) => return at(&topic, reply, ticket).map_err(Obstacle::Refused),
            Ok(None) => return Err(Obstacle::Refused(AddressRefusal::NoSuchPartition)),
            Err(error) => {
                tracing::debug!(%error, topic = %reply.topic, "reply topic not looked up");
            }
        }
        if ticket.partition.is_revoked() || core.stopping.is_cancelled() {
            return Err(Obstacle::NotOurs);
        }
        let now = core.clock.elapsed();
        if ticket.deadline.is_some_and(|deadline| now >= deadline) {
            return Err(Obstacle::Expired);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Ends a request whose handler is not started. One that is not ours stays undone, for its next
/// owner.
fn give_up(core: &ServiceCore, ticket: &Ticket, obstacle: &Obstacle) {
    match obstacle {
        Obstacle::Refused(refusal) => refuse(core, ticket, refusal),
        Obstacle::Expired => {
            core.metrics.expired.increment(1);
            ticket.partition.done(ticket.sequence);
        }
        Obstacle::NotOurs => ticket.partition.leave(),
    }
}

fn refuse(core: &ServiceCore, ticket: &Ticket, refusal: &AddressRefusal) {
    let detail = match &ticket.reply {
        Some(reply) => format!("{refusal}: {} {:?}", reply.topic, reply.partition),
        None => refusal.to_string(),
    };
    core.refused("reply_address", None, &detail);
    ticket.partition.done(ticket.sequence);
}

fn start(core: &Arc<ServiceCore>, inbound: Inbound, to: Option<Destination>) {
    let Inbound { ticket, work } = inbound;
    if ticket.partition.is_revoked() {
        ticket.partition.leave();
        return;
    }
    let (handler, request) = match work {
        Work::Answer(status) => return core.finish(ticket, to, Err(status)),
        Work::Handle(handler, request) => (handler, request),
    };
    let begun = core.clock.elapsed();
    let span = trace::process(
        &ticket.correlation_id,
        ticket.partition.at(),
        request.context.offset(),
    );
    match span.in_scope(|| first_poll(&handler, request)) {
        Ok(Ok(result)) => end(core, ticket, to, Ok(result), begun),
        Err(panic) => end(core, ticket, to, Err(panic), begun),
        Ok(Err(running)) => {
            let core = Arc::clone(core);
            let rest = async move {
                let result = wait(&core, running).await;
                end(&core, ticket, to, result, begun);
            };
            tokio::spawn(rest.instrument(span));
        }
    }
}

/// What a handler came to, or its panic.
type Outcome = Result<Result<Response, Status>, Panic>;

type Panic = Box<dyn Any + Send>;

/// Calls and polls once. The waker is a dummy: whoever is not done gets a task, and with it a
/// first poll of its own.
fn first_poll(
    handler: &Arc<dyn Handler>,
    request: Request,
) -> Result<Result<Result<Response, Status>, Running>, Panic> {
    catch_unwind(AssertUnwindSafe(|| {
        let mut running = handler.handle(request);
        match running
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(result) => Ok(result),
            Poll::Pending => Err(running),
        }
    }))
}

async fn wait(core: &ServiceCore, mut running: Running) -> Outcome {
    let limit = core.config.handler_timeout;
    let caught = AssertUnwindSafe(&mut running).catch_unwind();
    let outcome = tokio::time::timeout(limit, caught)
        .await
        .unwrap_or_else(|_| {
            let detail = format!("the handler was stopped after {limit:?}");
            let status = Status::deadline_exceeded(detail);
            Ok(Err(status.with_executed(Executed::Maybe)))
        });
    // What a handler leaves behind may panic as well, and its request must still be answered.
    match catch_unwind(AssertUnwindSafe(move || drop(running))) {
        Ok(()) => outcome,
        Err(panic) => outcome.and(Err(panic)),
    }
}

fn end(
    core: &Arc<ServiceCore>,
    ticket: Ticket,
    to: Option<Destination>,
    outcome: Outcome,
    begun: Duration,
) {
    let took = core.clock.elapsed().saturating_sub(begun);
    core.metrics.duration.record(took);
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
            let at = ticket.partition.at();
            tracing::error!(topic = %at.topic, partition = at.partition, panic = text, "a handler panicked");
            let status = Status::internal("the handler panicked");
            Err(status.with_executed(Executed::Maybe))
        }
    };
    core.finish(ticket, to, result);
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("not a text")
}
