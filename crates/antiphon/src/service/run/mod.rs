//! Runs handlers: each is polled once right here, and only those that wait get a task.

pub(super) mod job;
pub(super) mod outcome;

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

use self::{
    job::{Job, Ticket, Work},
    outcome::{Outcome, Panic, end, refuse},
};
use crate::service::{
    handler::{
        Handler, SyncHandler,
        message::{Context, Inbound, Reply},
        sync::SyncRequest,
    },
    inner::{Inner, Place},
    reply::{
        Destination,
        address::{LastAddress, at},
    },
    request::RequestMeta,
};
use crate::telemetry::trace;

type Running = BoxFuture<'static, Result<Reply, Status>>;

/// Takes batches until the request thread is gone.
pub(crate) async fn pump(mut executor: Executor, mut batches: mpsc::Receiver<Vec<Job>>) {
    while let Some(batch) = batches.recv().await {
        executor.start_all(batch.into_iter());
    }
}

/// Starts handlers, wherever it is called.
pub(crate) struct Executor {
    inner: Arc<Inner>,
    addresses: LastAddress,
}

impl Executor {
    pub(crate) fn new(inner: &Arc<Inner>) -> Self {
        Self {
            inner: Arc::clone(inner),
            addresses: LastAddress::new(inner),
        }
    }

    pub(crate) fn start_all(&mut self, batch: impl Iterator<Item = Job>) {
        let mut now = self.inner.clock.elapsed();
        for job in batch {
            let meta = &job.ticket.meta;
            let reply = meta.reply.as_ref();
            match self.addresses.find(reply, &meta.correlation_id, now) {
                Some(Ok(to)) => now = start(&self.inner, job, to, now),
                Some(Err(refusal)) => refuse(&self.inner, &job.ticket.id(), reply, &refusal),
                None => start_later(&self.inner, job),
            }
        }
    }
}

fn start_later(inner: &Arc<Inner>, job: Job) {
    let later = Arc::clone(inner);
    inner.runtime.spawn(async move {
        match find_destination(&later, &job.ticket.meta).await {
            Ok(to) => {
                let now = later.clock.elapsed();
                start(&later, job, to, now);
            }
            Err(obstacle) => give_up(&later, &job.ticket, &obstacle),
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
    inner: &Inner,
    meta: &RequestMeta,
) -> Result<Option<Destination>, Obstacle> {
    let Some(reply) = &meta.reply else {
        return Ok(None);
    };
    let mut pause = Duration::from_millis(100);
    loop {
        match inner.reply_topics.find(&reply.topic, reply.partition).await {
            Ok(Some(topic)) => {
                return at(&topic, reply, &meta.correlation_id).map_err(Obstacle::Refused);
            }
            Ok(None) => return Err(Obstacle::Refused(AddressRefusal::NoSuchPartition)),
            Err(error) => {
                tracing::debug!(%error, topic = %reply.topic, "reply topic not looked up");
            }
        }
        if meta.partition.is_revoked() || inner.env.stopping.is_cancelled() {
            return Err(Obstacle::NotOurs);
        }
        let now = inner.clock.elapsed();
        if meta.deadline.is_some_and(|deadline| now >= deadline) {
            return Err(Obstacle::Expired);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Ends a request whose handler is not started. One that is not ours stays undone, for its next
/// owner.
fn give_up(inner: &Inner, ticket: &Ticket, obstacle: &Obstacle) {
    match obstacle {
        Obstacle::Refused(refusal) => {
            let meta = &ticket.meta;
            refuse(inner, &ticket.id(), meta.reply.as_ref(), refusal);
        }
        Obstacle::Expired => {
            inner.metrics.expired.increment(1);
            ticket.done();
        }
        Obstacle::NotOurs => ticket.leave(),
    }
}

/// Returns when it was done with it; `now` is when it began.
fn start(inner: &Arc<Inner>, job: Job, to: Option<Destination>, now: Duration) -> Duration {
    let Job { ticket, work } = job;
    if ticket.meta.partition.is_revoked() {
        ticket.leave();
        return now;
    }
    let (route, value) = match work {
        Work::Answer(status) => {
            inner.finish(&ticket.id(), to, Err(status));
            return now;
        }
        Work::Handle(route, value) => (route, value),
    };
    let Some(handler) = inner.routes.handler(route) else {
        ticket.leave();
        return now;
    };
    let meta = &ticket.meta;
    let span = trace::process(&meta.correlation_id, meta.partition.at(), meta.offset);
    let request = Inbound {
        context: Context::new(Arc::clone(meta)),
        value,
    };
    match span.in_scope(|| first_poll(handler, request)) {
        Ok(Ok(result)) => end(inner, &ticket.id(), to, Ok(result), now),
        Err(panic) => end(inner, &ticket.id(), to, Err(panic), now),
        Ok(Err(running)) => {
            let later = Arc::clone(inner);
            let rest = async move {
                let result = wait(&later, running).await;
                end(&later, &ticket.id(), to, result, now);
            };
            inner.runtime.spawn(rest.instrument(span));
            inner.clock.elapsed()
        }
    }
}

/// Calls and polls once. The waker is a dummy: whoever is not done gets a task, and with it a
/// first poll of its own.
fn first_poll(
    handler: &dyn Handler,
    request: Inbound,
) -> Result<Result<Result<Reply, Status>, Running>, Panic> {
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

async fn wait(inner: &Inner, mut running: Running) -> Outcome {
    let limit = inner.config.handler_timeout;
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

/// Calls the handler and answers; returns when that was done. `now` is when it began.
pub(crate) fn answer(
    inner: &Arc<Inner>,
    handler: &dyn SyncHandler,
    request: &SyncRequest<'_>,
    to: Option<Destination>,
    now: Duration,
) -> Duration {
    let _place = Place::take(&**inner);
    let id = &request.id;
    let at = id.partition.at();
    let span = trace::process(id.correlation_id, at, request.offset);
    let call = || catch_unwind(AssertUnwindSafe(|| handler.answer(request)));
    let result = span.in_scope(call);
    end(inner, id, to, result, now)
}
