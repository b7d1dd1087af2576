//! Runs handlers: each is polled once right here, and only those that wait get a task.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{self, Poll, Waker},
    time::Duration,
};

use antiphon_proto::{AddressRefusal, Executed, Status};
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::mpsc;
use tracing::Instrument;

use super::{
    addresses::{Addresses, at},
    context::Context,
    core::{ServiceCore, Ticket},
    dispatch::{Inbound, Work},
    envelope::Envelope,
    handler::{Handler, Request, Response},
    outcome::{Outcome, Panic, end, refuse},
    outgoing::Destination,
};
use crate::telemetry::trace;

type Running = BoxFuture<'static, Result<Response, Status>>;

/// Takes batches until the request thread is gone.
pub(crate) async fn pump(mut starter: Starter, mut batches: mpsc::Receiver<Vec<Inbound>>) {
    while let Some(batch) = batches.recv().await {
        starter.start_all(batch.into_iter());
    }
}

/// Starts handlers, wherever it is called.
pub(crate) struct Starter {
    core: Arc<ServiceCore>,
    addresses: Addresses,
}

impl Starter {
    pub(crate) fn new(core: &Arc<ServiceCore>) -> Self {
        Self {
            core: Arc::clone(core),
            addresses: Addresses::new(core),
        }
    }

    pub(crate) fn start_all(&mut self, batch: impl Iterator<Item = Inbound>) {
        let mut now = self.core.clock.elapsed();
        for inbound in batch {
            let envelope = &inbound.ticket.envelope;
            let reply = envelope.reply.as_ref();
            match self.addresses.find(reply, &envelope.correlation_id, now) {
                Some(Ok(to)) => now = start(&self.core, inbound, to, now),
                Some(Err(refusal)) => refuse(&self.core, &inbound.ticket.origin(), reply, &refusal),
                None => start_later(&self.core, inbound),
            }
        }
    }
}

fn start_later(core: &Arc<ServiceCore>, inbound: Inbound) {
    let later = Arc::clone(core);
    core.runtime.spawn(async move {
        match find_destination(&later, &inbound.ticket.envelope).await {
            Ok(to) => {
                let now = later.clock.elapsed();
                start(&later, inbound, to, now);
            }
            Err(obstacle) => give_up(&later, &inbound.ticket, &obstacle),
        }
    });
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
    envelope: &Envelope,
) -> Result<Option<Destination>, Obstacle> {
    let Some(reply) = &envelope.reply else {
        return Ok(None);
    };
    let mut pause = Duration::from_millis(100);
    loop {
        match core.reply_topics.find(&reply.topic, reply.partition).await {
            Ok(Some(topic)) => {
                return at(&topic, reply, &envelope.correlation_id).map_err(Obstacle::Refused);
            }
            Ok(None) => return Err(Obstacle::Refused(AddressRefusal::NoSuchPartition)),
            Err(error) => {
                tracing::debug!(%error, topic = %reply.topic, "reply topic not looked up");
            }
        }
        if envelope.partition.is_revoked() || core.surroundings.stopping.is_cancelled() {
            return Err(Obstacle::NotOurs);
        }
        let now = core.clock.elapsed();
        if envelope.deadline.is_some_and(|deadline| now >= deadline) {
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
        Obstacle::Refused(refusal) => {
            let envelope = &ticket.envelope;
            refuse(core, &ticket.origin(), envelope.reply.as_ref(), refusal);
        }
        Obstacle::Expired => {
            core.metrics.expired.increment(1);
            ticket.done();
        }
        Obstacle::NotOurs => ticket.leave(),
    }
}

/// Returns when it was done with it; `now` is when it began.
fn start(
    core: &Arc<ServiceCore>,
    inbound: Inbound,
    to: Option<Destination>,
    now: Duration,
) -> Duration {
    let Inbound { ticket, work } = inbound;
    if ticket.envelope.partition.is_revoked() {
        ticket.leave();
        return now;
    }
    let (route, value) = match work {
        Work::Answer(status) => {
            core.finish(&ticket.origin(), to, Err(status));
            return now;
        }
        Work::Handle(route, value) => (route, value),
    };
    let Some(handler) = core.routes.handler(route) else {
        ticket.leave();
        return now;
    };
    let envelope = &ticket.envelope;
    let span = trace::process(
        &envelope.correlation_id,
        envelope.partition.at(),
        envelope.offset,
    );
    let request = Request {
        context: Context::new(Arc::clone(envelope)),
        value,
    };
    match span.in_scope(|| first_poll(handler, request)) {
        Ok(Ok(result)) => end(core, &ticket.origin(), to, Ok(result), now),
        Err(panic) => end(core, &ticket.origin(), to, Err(panic), now),
        Ok(Err(running)) => {
            let later = Arc::clone(core);
            let rest = async move {
                let result = wait(&later, running).await;
                end(&later, &ticket.origin(), to, result, now);
            };
            core.runtime.spawn(rest.instrument(span));
            core.clock.elapsed()
        }
    }
}

/// Calls and polls once. The waker is a dummy: whoever is not done gets a task, and with it a
/// first poll of its own.
fn first_poll(
    handler: &dyn Handler,
    request: Request,
) -> Result<Result<Result<Response, Status>, Running>, Panic> {
    catch_unwind(AssertUnwindSafe(|| {
        let mut running = handler.handle(request);
        match running
            .as_mut()
            .poll(&mut task::Context::from_waker(Waker::noop()))
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
