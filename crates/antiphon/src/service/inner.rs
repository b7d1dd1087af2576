//! What the threads and tasks of one service share.

use std::{
    collections::HashSet,
    ops::Deref,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use antiphon_proto::{ReplyMode, Status, mutant};
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
};
use tokio_util::sync::CancellationToken;

use super::{
    handler::message::Reply,
    partitions::{Partitions, ServiceEnv},
    reply::{
        Destination, Encoder,
        topics::{Allowed, ReplyTopics},
        unacknowledged::Unacknowledged,
    },
    request::RequestId,
    router::Routes,
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
pub(crate) struct Inner {
    pub(crate) config: ServiceConfig,
    pub(crate) routes: Routes,
    pub(crate) allowed: Allowed,
    pub(crate) reply_topics: ReplyTopics,
    pub(crate) encoder: Encoder,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) publisher: Arc<dyn Publisher>,
    pub(crate) partitions: Partitions,
    pub(crate) unacknowledged: Arc<Unacknowledged>,
    pub(crate) metrics: ServiceMetrics,
    pub(crate) runtime: Handle,
    pub(crate) subscription: OnceLock<Arc<dyn Subscription>>,
    /// Requests that have been admitted and whose handler has not ended.
    pub(crate) running: AtomicUsize,
    /// No more requests are admitted.
    pub(crate) draining: AtomicBool,
    pub(crate) env: Arc<ServiceEnv>,
    pub(crate) waiters: Arc<Waiters>,
    /// Rung at the first assignment.
    pub(crate) assigned: Notify,
    pub(crate) ready: AtomicBool,
    /// Why nothing will ever be read again.
    pub(crate) failure: watch::Sender<Option<TransportError>>,
    /// Requesters whose refusals have been logged.
    logged_requesters: Mutex<HashSet<String>>,
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

/// One of the places for handlers that run at once.
pub(crate) struct Place<C: Deref<Target = Inner>>(C);

impl<C: Deref<Target = Inner>> Place<C> {
    pub(crate) fn take(inner: C) -> Self {
        inner.running.fetch_add(1, Ordering::SeqCst);
        Self(inner)
    }
}

impl<C: Deref<Target = Inner>> Drop for Place<C> {
    fn drop(&mut self) {
        if mutant!("ended_handler_keeps_place") {
            return;
        }
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.changed();
    }
}

/// How many requesters are named in the log for their refused requests.
const MOST_LOGGED_REQUESTERS: usize = 256;

impl Inner {
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
        unacknowledged: Arc<Unacknowledged>,
        waiters: Arc<Waiters>,
        metrics: ServiceMetrics,
    ) -> Arc<Self> {
        let env = Arc::new(ServiceEnv {
            clock: Arc::clone(&clock),
            stopping: CancellationToken::new(),
        });
        let inner = Arc::new(Self {
            config,
            routes,
            allowed,
            reply_topics,
            encoder,
            clock,
            publisher,
            partitions: Partitions::new(Arc::clone(&env)),
            unacknowledged,
            metrics,
            runtime: Handle::current(),
            subscription: OnceLock::new(),
            running: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            env,
            waiters,
            assigned: Notify::new(),
            ready: AtomicBool::new(false),
            failure: watch::Sender::new(None),
            logged_requesters: Mutex::new(HashSet::new()),
        });
        inner.unacknowledged.bind(&inner);
        inner
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
        let unacknowledged = self.unacknowledged.len().saturating_add(running);
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
        self.unacknowledged.settle_noted(self);
    }

    /// Requests that run, and replies that the brokers have not acknowledged.
    pub(crate) fn in_hand(&self) -> usize {
        self.settle();
        // In this order: a request that ends in between is counted twice, not missed.
        let running = self.running.load(Ordering::SeqCst);
        if mutant!("drain_before_acknowledged") {
            return running;
        }
        running + self.unacknowledged.len()
    }

    /// Answers, and lets the request be committed once the answer is stored.
    pub(crate) fn finish(
        self: &Arc<Self>,
        id: &RequestId<'_>,
        to: Option<Destination>,
        result: Result<Reply, Status>,
    ) {
        let Some(to) = to.filter(|_| id.mode != ReplyMode::None) else {
            return id.done();
        };
        let correlation_id = id.correlation_id;
        let reply = match result {
            Ok(reply) => self.encoder.success(&to, correlation_id, id.mode, reply),
            Err(status) => self.encoder.error(&to, correlation_id, &status),
        };
        self.unacknowledged.send(self, &reply, id);
    }

    /// Counts a refusal, and names each requester in the log once.
    pub(crate) fn refused(&self, reason: &'static str, requester: Option<&str>, detail: &str) {
        self.metrics.refused(reason);
        let name = requester.unwrap_or("unknown");
        let mut logged_requesters = self
            .logged_requesters
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if logged_requesters.len() < MOST_LOGGED_REQUESTERS
            && logged_requesters.insert(name.to_owned())
        {
            drop(logged_requesters);
            tracing::warn!(
                reason,
                requester = name,
                detail,
                "request refused; further refusals of this requester are only counted"
            );
        }
    }
}
