//! Replies that the brokers have not acknowledged yet. Only an acknowledged reply lets its request's
//! offset be committed; one that failed is sent again until its request's deadline.
//!
//! Acknowledgements come one by one, on threads that all traffic with a broker waits for. There they
//! are only *noted*. The request thread *settles* them between batches, many at a time: it frees
//! memory that it has allocated, and its locks are uncontended. While anything waits for a reply to
//! be settled, the thread that notes an acknowledgement settles it at once.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_proto::mutant;
use slab::Slab;
use tokio::time::Instant;

use super::resend::ResendQueue;
use crate::{
    service::{capacity::Capacity, env::ServiceEnv, mode::Completion, request::RequestId},
    transport::{Delivery, DeliverySink, Returned, TransportError, TransportErrorKind as Kind},
    wire,
};

/// The replies that have been sent and are not settled; takes in what the brokers say about them.
#[derive(Debug)]
pub(crate) struct Unacknowledged {
    env: Arc<ServiceEnv>,
    capacity: Arc<Capacity>,
    sent: Mutex<Slab<SentReply>>,
    /// Tokens that are acknowledged and not settled. They are still in `sent`, so none is used
    /// again before it is settled.
    noted: Mutex<Vec<u64>>,
    resends: ResendQueue,
}

#[derive(Debug)]
struct SentReply {
    completion: Completion,
    /// When the caller stops waiting, on the service's clock. The first failure sets it for a
    /// request without a deadline.
    expires: Option<Duration>,
    attempts: u32,
    /// The reply, while it waits to be sent again. The transport returns what it could not store, so
    /// most replies are never kept here.
    resend: Option<Resend>,
}

/// What is sent in place of a reply that failed.
#[derive(Debug)]
pub(crate) enum Resend {
    /// The same record.
    Same(Box<Returned>),
    /// An error that says that this one was too large.
    TooLarge(Box<Returned>),
}

enum Verdict {
    Resend(Duration),
    Abandon(Option<Box<Returned>>),
    Leave,
}

/// Pause before a reply is sent again; doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long a reply is sent again whose request has no deadline.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(300);

impl Unacknowledged {
    pub(crate) fn new(env: &Arc<ServiceEnv>, capacity: &Arc<Capacity>) -> Self {
        Self {
            env: Arc::clone(env),
            capacity: Arc::clone(capacity),
            sent: Mutex::new(Slab::new()),
            noted: Mutex::default(),
            resends: ResendQueue::default(),
        }
    }

    /// Remembers a reply that is about to be sent; returns its token.
    pub(crate) fn insert(&self, id: &RequestId<'_>) -> u64 {
        // Counted first: the report may come before the sender has gone on.
        self.capacity.reply_sent();
        self.sent().insert(SentReply {
            completion: id.completion.clone(),
            expires: id.deadline,
            attempts: 0,
            resend: None,
        }) as u64
    }

    /// A reply was not stored: it is sent again, given up, or left to the partition's next owner.
    pub(crate) fn failed(
        &self,
        token: u64,
        error: &TransportError,
        returned: Option<Box<Returned>>,
    ) {
        match self.judge(token, error, returned) {
            Some(Verdict::Resend(pause)) => self.send_again_after(token, pause),
            Some(Verdict::Abandon(reply)) => self.abandon(token, error, reply.as_deref()),
            Some(Verdict::Leave) => self.leave(token),
            None => {}
        }
    }

    fn judge(
        &self,
        token: u64,
        error: &TransportError,
        returned: Option<Box<Returned>>,
    ) -> Option<Verdict> {
        let mut sent = self.sent();
        let one = sent.get_mut(usize::try_from(token).ok()?)?;
        one.attempts += 1;
        let now = self.env.clock.elapsed();
        let expires = *one.expires.get_or_insert(now + WITHOUT_DEADLINE);
        Some(match (error.kind(), returned) {
            (Kind::Closed, _) => Verdict::Leave,
            (Kind::TooLarge, Some(reply)) if !wire::is_error(&reply) => {
                one.resend = Some(Resend::TooLarge(reply));
                Verdict::Resend(Duration::ZERO)
            }
            (
                Kind::TooLarge | Kind::UnknownTopic | Kind::UnknownPartition | Kind::NotAuthorized,
                reply,
            )
            | (_, reply @ None) => Verdict::Abandon(reply),
            (_, reply) if mutant!("failed_reply_given_up") => Verdict::Abandon(reply),
            (_, reply) if mutant!("reply_resent_once") && one.attempts > 1 => {
                Verdict::Abandon(reply)
            }
            (_, reply) if now >= expires && !mutant!("reply_resent_for_ever") => {
                Verdict::Abandon(reply)
            }
            (_, Some(reply)) => {
                self.env.metrics.resent.increment(1);
                one.resend = Some(Resend::Same(reply));
                Verdict::Resend(pause(one.attempts))
            }
        })
    }

    fn send_again_after(&self, token: u64, pause: Duration) {
        if !self.resends.push(Instant::now() + pause, token) {
            self.leave(token);
        }
    }

    /// The next reply that is to be sent again, waited for; `None` after
    /// [`stop_resends`](Self::stop_resends). For one task only.
    pub(crate) async fn next_resend(&self) -> Option<(u64, Resend)> {
        loop {
            let token = self.resends.next().await?;
            let key = usize::try_from(token).unwrap_or(usize::MAX);
            let resend = self.sent().get_mut(key).and_then(|one| one.resend.take());
            if let Some(resend) = resend {
                return Some((token, resend));
            }
        }
    }

    /// Nothing is sent again from now on. Replies that waited for it are left, and so are those that
    /// fail later.
    pub(crate) fn stop_resends(&self) {
        for token in self.resends.stop() {
            self.leave(token);
        }
    }

    /// Gives a reply up: its caller has stopped waiting, or it can never be written. Its request is
    /// done: running it again would bring the reply to nobody.
    pub(crate) fn abandon(&self, token: u64, error: &TransportError, reply: Option<&Returned>) {
        self.env.metrics.abandoned.increment(1);
        if let Some(one) = self.remove(token) {
            // Done before it is no longer counted: a count of zero means that all may be committed.
            one.completion.part_done();
            if !mutant!("given_up_reply_keeps_place") {
                self.capacity.replies_settled(1);
            }
            tracing::warn!(
                %error,
                reply_topic = reply.map(|reply| &*reply.topic),
                reply_partition = reply.map(|reply| reply.partition),
                attempts = one.attempts,
                "reply given up"
            );
        }
        self.capacity.progressed();
    }

    /// This service can no longer send the reply. Its request is not done, and will be delivered to
    /// the partition's next owner.
    fn leave(&self, token: u64) {
        if let Some(one) = self.remove(token) {
            one.completion.leave();
            self.capacity.replies_settled(1);
        }
        self.capacity.progressed();
    }

    /// Settles all that has been acknowledged.
    ///
    /// A waiter first registers with [`Capacity`], then calls this, then checks. An acknowledgement
    /// noted before the call is settled here. One noted later sees the waiter, and is settled by the
    /// thread that notes it. The lock on `noted` orders the two.
    pub(crate) fn settle(&self) {
        let noted = {
            let mut noted = self.noted();
            if noted.is_empty() {
                return;
            }
            let as_many = Vec::with_capacity(noted.len());
            std::mem::replace(&mut *noted, as_many)
        };
        // One lock for all of them; what they hold is dropped outside it.
        let mut settled = Vec::with_capacity(noted.len());
        {
            let mut sent = self.sent();
            let keys = noted.iter().map(|token| usize::try_from(*token));
            settled.extend(keys.flatten().filter_map(|key| sent.try_remove(key)));
        }
        // Done before they are no longer counted, as in `abandon`.
        Completion::parts_done(settled.iter().map(|one| &one.completion));
        self.capacity.replies_settled(settled.len());
        self.capacity.progressed();
    }

    fn remove(&self, token: u64) -> Option<SentReply> {
        self.sent().try_remove(usize::try_from(token).ok()?)
    }

    fn noted(&self) -> MutexGuard<'_, Vec<u64>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sent(&self) -> MutexGuard<'_, Slab<SentReply>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pause(attempts: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(10));
    doubled.min(LONGEST_PAUSE)
}

impl DeliverySink for Unacknowledged {
    fn wants_success(&self) -> bool {
        true
    }

    fn delivered(&self, batch: &mut dyn Iterator<Item = Delivery>) {
        for Delivery { token, result } in batch {
            match result {
                Ok(()) => self.acknowledged(token),
                Err(failure) => self.failed(token, &failure.error, failure.record),
            }
        }
    }

    fn acknowledged(&self, token: u64) {
        self.noted().push(token);
        if self.capacity.is_awaited() {
            self.settle();
        }
    }

    fn fault(&self, error: TransportError) {
        tracing::debug!(%error, "reply producer");
    }
}
