//! What the threads and tasks of one service share.

use std::{
    collections::HashSet,
    ops::Deref,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_proto::{ReplyMode, Status, mutant};
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
};
use tokio_util::sync::CancellationToken;

use super::{
    acks::Acks,
    envelope::Envelope,
    handler::Response,
    outgoing::{Destination, Encoder},
    partitions::{Partition, Partitions, Surroundings},
    reply_topics::{Allowed, ReplyTopics},
    routes::Routes,
};
use crate::{
    config::ServiceConfig,
    notify::Bell,
    telemetry::metrics::ServiceMetrics,
    transport::{Clock, Publisher, Subscription, TransportError},
};

/// Every request counts references to it; aligned so that those counts have a cache line of their
/// own.
#[repr(align(128))]
pub(crate) struct ServiceCore {
    pub(crate) config: ServiceConfig,
    pub(crate) routes: Routes,
    pub(crate) allowed: Allowed,
    pub(crate) reply_topics: ReplyTopics,
    pub(crate) encoder: Encoder,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) publisher: Arc<dyn Publisher>,
    pub(crate) partitions: Partitions,
    pub(crate) acks: Arc<Acks>,
    pub(crate) metrics: ServiceMetrics,
    pub(crate) runtime: Handle,
    pub(crate) subscription: OnceLock<Arc<dyn Subscription>>,
    /// Requests that have been admitted and whose handler has not ended.
    pub(crate) running: AtomicUsize,
    /// No more requests are admitted.
    pub(crate) draining: AtomicBool,
    pub(crate) surroundings: Arc<Surroundings>,
    pub(crate) waiters: Arc<Waiters>,
    /// Rung at the first assignment.
    pub(crate) assigned: Notify,
    pub(crate) ready: AtomicBool,
    /// Why nothing will ever be read again.
    pub(crate) failure: watch::Sender<Option<TransportError>>,
    /// Requesters whose refusals have been logged.
    complained: Mutex<HashSet<String>>,
}

/// Who waits for handlers to end and for replies to be settled.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    /// The request thread has been told to wait for a place.
    pub(crate) starved: AtomicBool,
    /// Rung when a handler has ended or replies have been settled.
    pub(crate) progress: Bell,
}

impl Waiters {
    pub(crate) fn any(&self) -> bool {
        self.starved.load(Ordering::SeqCst) || self.progress.is_awaited()
    }
}

/// One admitted request that is to be answered. Dropping it frees its place; unless the request
/// was finished, it will be delivered again.
pub(crate) struct Ticket {
    pub(crate) envelope: Arc<Envelope>,
    _place: Place<Arc<ServiceCore>>,
}

impl Ticket {
    pub(crate) fn new(core: &Arc<ServiceCore>, envelope: Arc<Envelope>) -> Self {
        Self {
            envelope,
            _place: Place::take(Arc::clone(core)),
        }
    }

    /// Nothing of the request has to be done again.
    pub(crate) fn done(&self) {
        self.origin().done();
    }

    /// A method of the ticket, so that a task which answers with it takes the ticket along as a
    /// whole, and with it the place.
    pub(crate) fn origin(&self) -> Origin<'_> {
        self.envelope.origin()
    }

    /// The request is left for the partition's next owner.
    pub(crate) fn leave(&self) {
        if mutant!("left_request_is_done") {
            return self.done();
        }
        self.envelope.partition.leave();
    }
}

/// One of the places for handlers that run at once.
pub(crate) struct Place<C: Deref<Target = ServiceCore>>(C);

impl<C: Deref<Target = ServiceCore>> Place<C> {
    pub(crate) fn take(core: C) -> Self {
        core.running.fetch_add(1, Ordering::SeqCst);
        Self(core)
    }
}

impl<C: Deref<Target = ServiceCore>> Drop for Place<C> {
    fn drop(&mut self) {
        if mutant!("ended_handler_keeps_place") {
            return;
        }
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.changed();
    }
}

/// The request that a reply belongs to.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) correlation_id: &'a [u8],
    pub(crate) mode: ReplyMode,
    pub(crate) partition: &'a Arc<Partition>,
    pub(crate) sequence: u64,
    /// On the service's clock.
    pub(crate) deadline: Option<Duration>,
}

impl Origin<'_> {
    /// Nothing of the request has to be done again.
    pub(crate) fn done(&self) {
        self.partition.done(self.sequence);
    }
}

/// How many requesters are named in the log for their refused requests.
const MOST_COMPLAINTS: usize = 256;

impl ServiceCore {
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one value, made in one place"
    )]
    pub(crate) fn new(
        config: ServiceConfig,
        routes: Routes,
        allowed: Allowed,
        reply_topics: ReplyTopics,
        encoder: Encoder,
        clock: Arc<dyn Clock>,
        publisher: Arc<dyn Publisher>,
        acks: Arc<Acks>,
        waiters: Arc<Waiters>,
        metrics: ServiceMetrics,
    ) -> Arc<Self> {
        let surroundings = Arc::new(Surroundings {
            clock: Arc::clone(&clock),
            stopping: CancellationToken::new(),
        });
        let core = Arc::new(Self {
            config,
            routes,
            allowed,
            reply_topics,
            encoder,
            clock,
            publisher,
            partitions: Partitions::new(Arc::clone(&surroundings)),
            acks,
            metrics,
            runtime: Handle::current(),
            subscription: OnceLock::new(),
            running: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            surroundings,
            waiters,
            assigned: Notify::new(),
            ready: AtomicBool::new(false),
            failure: watch::Sender::new(None),
            complained: Mutex::new(HashSet::new()),
        });
        core.acks.bind(&core);
        core
    }

    /// How many more requests may be admitted now.
    ///
    /// The counts and the flag `starved` are sequentially consistent: who raises the flag and then
    /// finds no room is seen by who makes room and then looks at the flag.
    pub(crate) fn room(&self) -> usize {
        if self.draining.load(Ordering::Acquire) {
            return 0;
        }
        let running = self.running.load(Ordering::SeqCst);
        let mut handlers = (self.config.concurrency as usize).saturating_sub(running);
        if mutant!("concurrency_not_limited") {
            handlers = usize::MAX;
        }
        let unacknowledged = self.acks.len().saturating_add(running);
        let replies = (self.config.max_unacknowledged as usize).saturating_sub(unacknowledged);
        handlers.min(replies)
    }

    /// Something has ended: the request thread may go on, and whoever drains may look again.
    pub(crate) fn changed(&self) {
        let starved = &self.waiters.starved;
        if starved.load(Ordering::SeqCst)
            && self.room() > 0
            && starved.swap(false, Ordering::SeqCst)
            && let Some(subscription) = self.subscription.get()
        {
            subscription.resume();
        }
        self.waiters.progress.ring();
    }

    /// Lets the requests whose replies have been acknowledged be committed, and frees their places.
    pub(crate) fn settle(&self) {
        self.acks.settle_noted(self);
    }

    /// Requests that run, and replies that the brokers have not acknowledged.
    pub(crate) fn in_hand(&self) -> usize {
        self.settle();
        // In this order: a request that ends in between is counted twice, not missed.
        let running = self.running.load(Ordering::SeqCst);
        if mutant!("drain_before_acknowledged") {
            return running;
        }
        running + self.acks.len()
    }

    /// Answers, and lets the request be committed once the answer is stored.
    pub(crate) fn finish(
        self: &Arc<Self>,
        origin: &Origin<'_>,
        to: Option<Destination>,
        result: Result<Response, Status>,
    ) {
        let Some(to) = to.filter(|_| origin.mode != ReplyMode::None) else {
            return origin.done();
        };
        let id = origin.correlation_id;
        let reply = match result {
            Ok(response) => self.encoder.success(&to, id, origin.mode, response),
            Err(status) => self.encoder.error(&to, id, &status),
        };
        self.acks.send(self, &reply, origin);
    }

    /// Counts a refusal, and names each requester in the log once.
    pub(crate) fn refused(&self, reason: &'static str, requester: Option<&str>, detail: &str) {
        self.metrics.refused(reason);
        let name = requester.unwrap_or("unknown");
        let mut complained = self
            .complained
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if complained.len() < MOST_COMPLAINTS && complained.insert(name.to_owned()) {
            drop(complained);
            tracing::warn!(
                reason,
                requester = name,
                detail,
                "request refused; further refusals of this requester are only counted"
            );
        }
    }
}
