//! Runs handlers. Each is polled once right here; only a handler that waits gets a task.

pub(super) mod job;
mod lookup;
pub(super) mod outcome;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{self, Poll, Waker},
    time::Duration,
};

use antiphon_proto::{Executed, Status};
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::mpsc;
use tracing::Instrument;

use self::{
    job::{Job, Ticket, Work},
    lookup::{find_destination, give_up},
    outcome::{Outcome, Panic, end, refuse},
};
use super::{
    capacity::{Capacity, HandlerPermit},
    env::ServiceEnv,
    handler::{
        RequestHandler, SyncHandler,
        message::{Context, Inbound, Reply},
        sync::SyncRequest,
    },
    reply::{
        ReplySender,
        address::LastAddress,
        topics::{Destination, ReplyTopics},
    },
    request::{ReplyAt, RequestId},
    router::{Route, Router},
};
use crate::telemetry::{propagation, trace};

/// What handlers are run with.
pub(crate) struct Handlers {
    pub(crate) env: Arc<ServiceEnv>,
    pub(crate) capacity: Arc<Capacity>,
    pub(crate) routes: Router,
    pub(crate) topics: Arc<ReplyTopics>,
    pub(crate) sender: Arc<ReplySender>,
    /// How long a handler may take after its first poll.
    pub(crate) timeout: Duration,
}

/// Starts handlers, for one thread or task.
pub(crate) struct Executor {
    handlers: Arc<Handlers>,
    addresses: LastAddress,
}

type Running = BoxFuture<'static, Result<Reply, Status>>;

/// Starts the handlers of each batch, until the request thread is gone.
pub(crate) async fn pump(mut executor: Executor, mut batches: mpsc::Receiver<Vec<Job>>) {
    while let Some(batch) = batches.recv().await {
        executor.start_all(batch.into_iter());
    }
}

impl Executor {
    pub(crate) fn new(handlers: &Arc<Handlers>) -> Self {
        Self {
            handlers: Arc::clone(handlers),
            addresses: LastAddress::new(&handlers.topics),
        }
    }

    pub(crate) fn routes(&self) -> &Router {
        &self.handlers.routes
    }

    pub(crate) fn start_all(&mut self, batch: impl Iterator<Item = Job>) {
        let handlers = &self.handlers;
        let mut now = handlers.env.clock.elapsed();
        for job in batch {
            let meta = &job.ticket.meta;
            let reply = meta.reply.as_ref();
            match self.addresses.find(reply, &meta.correlation_id, now) {
                Some(Ok(to)) => now = start(handlers, job, to, now),
                Some(Err(refusal)) => refuse(&handlers.env, &job.ticket.id(), reply, &refusal),
                None => start_later(handlers, job),
            }
        }
    }

    /// Answers a request right here, and returns when that was done. `None`: the handler may wait, or
    /// the brokers have to be asked for the reply topic.
    pub(crate) fn answer(
        &mut self,
        route: Route,
        request: &SyncRequest<'_>,
        reply: Option<&ReplyAt>,
        now: Duration,
    ) -> Option<Duration> {
        let handlers = &*self.handlers;
        let handler = handlers.routes.handler(route)?.as_sync()?;
        let id = &request.id;
        match self.addresses.find(reply, id.correlation_id, now)? {
            Ok(to) => Some(answer(handlers, handler, request, to, now)),
            Err(refusal) => {
                refuse(&handlers.env, id, reply, &refusal);
                Some(now)
            }
        }
    }
}

/// Calls a handler that does not wait, and answers; returns when the handler ended. `now` is when it
/// started.
fn answer(
    handlers: &Handlers,
    handler: &dyn SyncHandler,
    request: &SyncRequest<'_>,
    to: Option<Destination>,
    now: Duration,
) -> Duration {
    let _permit = HandlerPermit::take(&*handlers.capacity);
    let id = &request.id;
    let span = trace::process(id.correlation_id, id.partition().at(), request.offset);
    let own = propagation::of_handler(&span, id.trace);
    let call = || catch_unwind(AssertUnwindSafe(|| handler.answer(request)));
    let result = span.in_scope(|| propagation::in_trace(own.as_ref(), call));
    let id = RequestId {
        trace: own.as_ref(),
        ..*id
    };
    end(&handlers.sender, &id, to, result, now)
}

fn start_later(handlers: &Arc<Handlers>, job: Job) {
    let later = Arc::clone(handlers);
    handlers.env.runtime.spawn(async move {
        let env = &later.env;
        match find_destination(env, &later.topics, &job.ticket.meta).await {
            Ok(to) => {
                let now = env.clock.elapsed();
                start(&later, job, to, now);
            }
            Err(obstacle) => give_up(env, &job.ticket, &obstacle),
        }
    });
}

/// Starts a job at `now`; returns when its first poll has ended.
fn start(handlers: &Handlers, job: Job, to: Option<Destination>, now: Duration) -> Duration {
    let Job { ticket, work } = job;
    if ticket.meta.partition().is_revoked() {
        ticket.leave();
        return now;
    }
    match work {
        Work::Answer(status) => {
            handlers.sender.finish(&ticket.id(), to, Err(status));
            now
        }
        Work::Handle(route, value) => match handlers.routes.handler(route) {
            Some(handler) => run(handlers, handler, ticket, value, to, now),
            None => {
                ticket.leave();
                now
            }
        },
    }
}

fn run(
    handlers: &Handlers,
    handler: &dyn RequestHandler,
    ticket: Ticket,
    value: Bytes,
    to: Option<Destination>,
    now: Duration,
) -> Duration {
    let meta = &ticket.meta;
    let span = trace::process(&meta.correlation_id, meta.partition().at(), meta.offset);
    let request = Inbound {
        context: Context::new(Arc::clone(meta)),
        value,
    };
    // The calls and the reply of the handler carry the trace of its span.
    let own = propagation::of_handler(&span, meta.trace.as_ref());
    let poll = || propagation::in_trace(own.as_ref(), || first_poll(handler, request));
    let running = match span.in_scope(poll) {
        Ok(Err(running)) => running,
        Ok(Ok(result)) => {
            let id = ticket.id_in(own.as_ref());
            return end(&handlers.sender, &id, to, Ok(result), now);
        }
        Err(panic) => {
            let id = ticket.id_in(own.as_ref());
            return end(&handlers.sender, &id, to, Err(panic), now);
        }
    };
    let (sender, limit) = (Arc::clone(&handlers.sender), handlers.timeout);
    let rest = async move {
        let result = propagation::traced(own.clone(), wait(running, limit)).await;
        end(&sender, &ticket.id_in(own.as_ref()), to, result, now);
    };
    handlers.env.runtime.spawn(rest.instrument(span));
    handlers.env.clock.elapsed()
}

/// Calls the handler and polls its future once. The waker does nothing: a future that is not ready
/// gets a task, which polls it again.
fn first_poll(
    handler: &dyn RequestHandler,
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

async fn wait(mut running: Running, limit: Duration) -> Outcome {
    let caught = AssertUnwindSafe(&mut running).catch_unwind();
    let outcome = tokio::time::timeout(limit, caught)
        .await
        .unwrap_or_else(|_| {
            let detail = format!("the handler was stopped after {limit:?}");
            let status = Status::deadline_exceeded(detail);
            Ok(Err(status.with_executed(Executed::Maybe)))
        });
    // Dropping the future may panic as well, and the request must still be answered.
    match catch_unwind(AssertUnwindSafe(move || drop(running))) {
        Ok(()) => outcome,
        Err(panic) => outcome.and(Err(panic)),
    }
}
