//! Replies on their way to the brokers. Only an acknowledged reply lets its request's offset be
//! committed; one that was not acknowledged is sent again for as long as somebody may wait for it.
//!
//! Acknowledgements come one by one, on threads that all traffic with a broker waits for. So they
//! are only noted there, and *settled* in passing by the request thread, many at a time: its locks
//! are its own then, and memory is freed where it was allocated. Where somebody waits for a reply
//! to be settled, that is done at once.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_proto::mutant;
use bytes::Bytes;
use slab::Slab;

use crate::service::{
    inner::{Inner, Waiters},
    partitions::Partition,
    reply::{Destination, EncodedReply},
    request::RequestId,
};
use crate::{
    transport::{Delivery, DeliverySink, Returned, TransportError, TransportErrorKind as Kind},
    wire,
};

/// Replies that have been handed over and not been acknowledged.
pub(crate) struct Unacknowledged {
    waiting: Mutex<Slab<SentReply>>,
    /// What was acknowledged and is not settled yet. It still stands in `waiting`, so that no
    /// token is used anew before.
    noted: Mutex<Vec<u64>>,
    /// Those that are not settled.
    count: AtomicUsize,
    waiters: Arc<Waiters>,
    inner: OnceLock<Weak<Inner>>,
}

struct SentReply {
    partition: Arc<Partition>,
    sequence: u64,
    /// When nobody waits any more, on the service's clock. Set by the first failure where the
    /// request named no deadline.
    expires: Option<Duration>,
    attempts: u32,
    /// The reply, while it is kept to be sent again. What the transport has taken it gives back
    /// when it fails, so most replies are never kept here.
    returned: Option<Box<Returned>>,
}

/// Pause before a reply is sent again; doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long a reply whose request named no deadline is tried again.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(300);

impl Unacknowledged {
    pub(crate) fn new(waiters: &Arc<Waiters>) -> Self {
        Self {
            waiting: Mutex::new(Slab::new()),
            noted: Mutex::default(),
            waiters: Arc::clone(waiters),
            count: AtomicUsize::new(0),
            inner: OnceLock::new(),
        }
    }

    pub(crate) fn bind(&self, inner: &Arc<Inner>) {
        // Bound once, by the builder.
        let _ = self.inner.set(Arc::downgrade(inner));
    }

    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Sends a reply; its request is done when the reply has been acknowledged.
    pub(crate) fn send(&self, inner: &Arc<Inner>, reply: &EncodedReply<'_>, id: &RequestId<'_>) {
        if mutant!("commit_before_reply") {
            id.done();
        }
        // Counted first: the report may come before this function returns.
        self.count.fetch_add(1, Ordering::SeqCst);
        let token = self.waiting().insert(SentReply {
            partition: Arc::clone(id.partition),
            sequence: id.sequence,
            expires: id.deadline,
            attempts: 0,
            returned: None,
        }) as u64;
        if let Err((error, returned)) = reply.publish(&inner.encoder, &*inner.publisher, token) {
            self.failed(inner, token, &error, Some(returned));
        }
    }

    /// A send that did not succeed: again, otherwise, or not at all.
    fn failed(
        &self,
        inner: &Arc<Inner>,
        token: u64,
        error: &TransportError,
        returned: Option<Box<Returned>>,
    ) {
        let Some(verdict) = self.judge(inner, token, error, returned) else {
            return;
        };
        match verdict {
            Verdict::Again(pause) => {
                inner.metrics.resent.increment(1);
                let weak = Arc::downgrade(inner);
                inner.runtime.spawn(async move {
                    tokio::time::sleep(pause).await;
                    if let Some(inner) = weak.upgrade() {
                        inner.unacknowledged.resend(&inner, token);
                    }
                });
            }
            Verdict::Replace(reply) => {
                if let Err((error, returned)) = replace(inner, &reply, token) {
                    self.failed(inner, token, &error, returned);
                }
            }
            Verdict::Abandon(reply) => self.abandon(inner, token, error, reply.as_deref()),
            Verdict::Leave => self.leave(inner, token),
        }
    }

    fn judge(
        &self,
        inner: &Inner,
        token: u64,
        error: &TransportError,
        returned: Option<Box<Returned>>,
    ) -> Option<Verdict> {
        let mut waiting = self.waiting();
        let one = waiting.get_mut(usize::try_from(token).ok()?)?;
        one.attempts += 1;
        let now = inner.clock.elapsed();
        let expires = *one.expires.get_or_insert(now + WITHOUT_DEADLINE);
        Some(match (error.kind(), returned) {
            (Kind::Closed, _) => Verdict::Leave,
            (Kind::TooLarge, Some(reply)) if !wire::is_error(&reply) => Verdict::Replace(reply),
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
            (_, reply) => {
                one.returned = reply;
                Verdict::Again(pause(one.attempts))
            }
        })
    }

    fn resend(&self, inner: &Arc<Inner>, token: u64) {
        let reply = {
            let key = usize::try_from(token).unwrap_or(usize::MAX);
            let mut waiting = self.waiting();
            waiting.get_mut(key).and_then(|one| one.returned.take())
        };
        if let Some(reply) = reply
            && let Err(error) = reply.publish(&*inner.publisher, token)
        {
            self.failed(inner, token, &error, Some(reply));
        }
    }

    /// Gives a reply up: nobody waits for it any more, or it can never be written. Its request is
    /// done; running it again could not bring the reply to anyone.
    fn abandon(&self, inner: &Inner, token: u64, error: &TransportError, reply: Option<&Returned>) {
        inner.metrics.abandoned.increment(1);
        if let Some(one) = self.settle(token) {
            tracing::warn!(
                %error,
                reply_topic = reply.map(|reply| &*reply.topic),
                reply_partition = reply.map(|reply| reply.partition),
                attempts = one.attempts,
                "reply given up"
            );
        }
        inner.changed();
    }

    /// Gives a reply up that this service can no longer send. Its request is not done, and will be
    /// delivered again to whoever comes next.
    fn leave(&self, inner: &Inner, token: u64) {
        if let Some(one) = self.remove(token) {
            one.partition.leave();
            self.count.fetch_sub(1, Ordering::SeqCst);
        }
        inner.changed();
    }

    /// Its request is done, *before* it stops to count: who finds nothing in hand may commit.
    fn settle(&self, token: u64) -> Option<SentReply> {
        let one = self.remove(token)?;
        one.partition.done(one.sequence);
        if !mutant!("given_up_reply_keeps_place") {
            self.count.fetch_sub(1, Ordering::SeqCst);
        }
        Some(one)
    }

    /// Settles all that has been acknowledged.
    ///
    /// Who waits for a reply to be settled says so in [`Waiters`], and then calls this before each
    /// look. An acknowledgement is noted either before that, and settled here, or after it, and
    /// then the waiter is seen by whoever noted it: the lock of what is noted puts the two in order.
    pub(crate) fn settle_noted(&self, inner: &Inner) {
        let noted = {
            let mut noted = self.noted();
            if noted.is_empty() {
                return;
            }
            let as_many = Vec::with_capacity(noted.len());
            std::mem::replace(&mut *noted, as_many)
        };
        self.settle_all(&noted);
        inner.changed();
    }

    /// As [`settle`](Self::settle), for many at once: one lock for the lot, and one for each run of
    /// replies of one partition. What they held is dropped outside.
    fn settle_all(&self, acknowledged: &[u64]) {
        let mut settled = Vec::with_capacity(acknowledged.len());
        {
            let mut waiting = self.waiting();
            let keys = acknowledged.iter().map(|token| usize::try_from(*token));
            settled.extend(keys.flatten().filter_map(|key| waiting.try_remove(key)));
        }
        let one_partition = |a: &SentReply, b: &SentReply| Arc::ptr_eq(&a.partition, &b.partition);
        for run in settled.chunk_by(one_partition) {
            if let Some(first) = run.first() {
                first.partition.all_done(run.iter().map(|one| one.sequence));
            }
        }
        self.count.fetch_sub(settled.len(), Ordering::SeqCst);
    }

    fn remove(&self, token: u64) -> Option<SentReply> {
        self.waiting().try_remove(usize::try_from(token).ok()?)
    }

    fn noted(&self) -> MutexGuard<'_, Vec<u64>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Slab<SentReply>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Verdict {
    Again(Duration),
    Replace(Box<Returned>),
    Abandon(Option<Box<Returned>>),
    Leave,
}

/// Tells the requester that its reply was too large to send. What says so may fail as any reply.
fn replace(
    inner: &Inner,
    reply: &Returned,
    token: u64,
) -> Result<(), (TransportError, Option<Box<Returned>>)> {
    let topic = inner.publisher.topic(&reply.topic);
    let to = Destination {
        topic: topic.map_err(|error| (error, None))?,
        partition: reply.partition,
    };
    let size = reply.value.as_ref().map_or(0, Bytes::len);
    let error = inner.encoder.too_large(&to, wire::returned_id(reply), size);
    let published = error.publish(&inner.encoder, &*inner.publisher, token);
    published.map_err(|(error, returned)| (error, Some(returned)))
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
        let Some(inner) = self.inner.get().and_then(Weak::upgrade) else {
            return;
        };
        for Delivery { token, result } in batch {
            match result {
                Ok(()) => self.acknowledged(token),
                Err(failure) => self.failed(&inner, token, &failure.error, failure.record),
            }
        }
    }

    fn acknowledged(&self, token: u64) {
        self.noted().push(token);
        if self.waiters.any()
            && let Some(inner) = self.inner.get().and_then(Weak::upgrade)
        {
            self.settle_noted(&inner);
        }
    }

    fn fault(&self, error: TransportError) {
        tracing::debug!(%error, "reply producer");
    }
}
