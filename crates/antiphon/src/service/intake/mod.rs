//! The request thread's work: decode, check, admit, hand over. It never waits for a handler, and
//! nothing that a peer writes makes it stop.

pub(super) mod rebalance;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use antiphon_proto::{Executed, RecentFields, Refusal, ReplyMode, RequestHead, Status, mutant};
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::service::{
    handler::sync::{RequestHeaders, SyncRequest},
    inner::Inner,
    partitions::Partition,
    reply::address::LastAddress,
    request::{ReplyAt, RequestId, RequestMeta, WireId},
    router::Route,
    run::{
        self, Executor,
        job::{Job, Ticket, Work},
        outcome,
    },
};
use crate::{
    transport::{HeaderPairs, Record, RecordSink, TransportError, TransportErrorKind},
    wire,
};

pub(crate) struct Intake {
    inner: Arc<Inner>,
    starts: Starts,
    /// For handlers that are called while the batch is read.
    addresses: LastAddress,
    batch: Vec<Job>,
    /// When the batch was read, on the service's clock and on the wall.
    read_at: Duration,
    unix_ms: u64,
    /// The time on the service's clock, as far as it has been looked at.
    now: Duration,
    /// The partitions that records have come from, so that a record costs no hashing.
    partitions: Vec<Arc<Partition>>,
    recent: RecentFields,
    /// The last reply topic that was allowed, since the next is most often the same.
    last_allowed: Option<Arc<str>>,
    /// The last requester, for the same reason.
    last_requester: Option<Arc<str>>,
    /// A partition with as much behind one request as may be remembered.
    crowded: Option<Arc<Partition>>,
    next_commit: Duration,
}

/// Where handlers are started.
pub(crate) enum Starts {
    /// On the user's runtime.
    OnRuntime(mpsc::Sender<Vec<Job>>),
    /// Right here, on the request thread.
    Inline(Executor),
}

/// How many requests of a partition may be begun behind one that is not done, as a multiple of the
/// replies that may wait for acknowledgement: each is remembered until then, and a crash repeats it.
const MOST_BEHIND: usize = 10;

/// One in so many requests is a reason to look how many are behind.
const LOOK_AT_SPAN: u64 = 16;

/// How often the offsets are looked at.
const TICK: Duration = Duration::from_millis(50);

impl Intake {
    pub(crate) fn new(inner: &Arc<Inner>, starts: Starts) -> Self {
        Self {
            inner: Arc::clone(inner),
            starts,
            addresses: LastAddress::new(inner),
            batch: Vec::new(),
            read_at: Duration::ZERO,
            unix_ms: 0,
            now: Duration::ZERO,
            partitions: Vec::new(),
            recent: RecentFields::default(),
            last_allowed: None,
            last_requester: None,
            crowded: None,
            next_commit: Duration::ZERO,
        }
    }

    /// The partition that a record belongs to; `None` when it is no longer ours, and somebody
    /// else's to answer.
    fn partition(&mut self, topic: &str, number: i32) -> Option<Arc<Partition>> {
        let known = self.partitions.iter().position(|p| p.is(topic, number));
        if let Some(at) = known {
            if !self.partitions[at].is_revoked() || mutant!("reassigned_partition_is_stale") {
                return Some(Arc::clone(&self.partitions[at]));
            }
            self.partitions.swap_remove(at);
        }
        let owned = self.inner.partitions.get(topic, number)?;
        self.partitions.push(Arc::clone(&owned));
        Some(owned)
    }

    /// The partition, and the number that the record has there. An offset that comes again while the
    /// partition is ours is of a topic that was made anew: what is in hand of the old one must not
    /// be committed on it.
    fn start(&mut self, record: &Record<'_>) -> Option<(Arc<Partition>, u64)> {
        let partition = self.partition(record.topic, record.partition)?;
        if let Some(sequence) = partition.start(record.offset) {
            return Some((partition, sequence));
        }
        tracing::warn!(
            topic = record.topic,
            partition = record.partition,
            offset = record.offset,
            "offsets begin anew; requests in hand are left uncommitted"
        );
        self.inner.partitions.renew(&partition);
        let partition = self.partition(record.topic, record.partition)?;
        let sequence = partition.start(record.offset)?;
        Some((partition, sequence))
    }

    fn is_crowded(&self, partition: &Partition) -> bool {
        let most = (self.inner.config.max_unacknowledged as usize).saturating_mul(MOST_BEHIND);
        partition.span() >= most && !partition.is_revoked()
    }

    fn handle(&mut self, record: &Record<'_>) {
        if self.inner.draining.load(Ordering::Acquire) {
            return;
        }
        let Some((partition, sequence)) = self.start(record) else {
            return;
        };
        self.inner.metrics.received.increment(1);
        if mutant!("commit_when_read") {
            partition.done(sequence);
        }
        if sequence.is_multiple_of(LOOK_AT_SPAN) && self.is_crowded(&partition) {
            self.crowded = Some(Arc::clone(&partition));
        }
        let headers = wire::record_headers(record);
        match wire::read_request(&headers, &mut self.recent) {
            Ok(head) => self.admit(record, &head, &headers, partition, sequence),
            Err(refusal) => self.refuse_malformed(&refusal, partition, sequence, record.offset),
        }
    }

    fn admit(
        &mut self,
        record: &Record<'_>,
        head: &RequestHead<'_>,
        headers: &[(&[u8], Option<&[u8]>)],
        partition: Arc<Partition>,
        sequence: u64,
    ) {
        if head.fields.control.is_some() {
            // Cancel and credit belong to streams, which this version does not serve.
            partition.done(sequence);
            return;
        }
        let requester = head.fields.requester;
        let Some(reply) = self.address(head.reply_topic, head.fields.partition, requester) else {
            partition.done(sequence);
            return;
        };
        let left = self.time_left(record, head);
        let deadline = left.map(|left| self.now + left);
        let route = self.route(record, head, left);
        let id = RequestId {
            correlation_id: head.correlation_id,
            mode: head.fields.mode,
            partition: &partition,
            sequence,
            deadline,
        };
        if let Ok(route) = route
            && self.answer(route, &borrowed(record, head, headers, id), reply.as_ref())
        {
            return;
        }
        let (operation, work) = match route {
            Ok(route) => {
                let value = record.value.map_or_else(Bytes::new, Bytes::copy_from_slice);
                let operation = self.inner.routes.operation(route);
                (operation.map(Arc::clone), Work::Handle(route, value))
            }
            Err(refusal) => (None, Work::Answer(refusal)),
        };
        let meta = Arc::new(RequestMeta {
            partition,
            offset: record.offset,
            sequence,
            correlation_id: WireId::from_slice(head.correlation_id),
            reply,
            mode: head.fields.mode,
            key: record.key.map(Bytes::copy_from_slice),
            headers: application_headers(headers),
            requester: requester.map(|requester| self.requester(requester)),
            operation,
            attempt: head.fields.attempt,
            deadline,
        });
        let ticket = Ticket::new(&self.inner, meta);
        self.batch.push(Job { ticket, work });
    }

    /// Answers at once, where the handler does not wait and it is known where the reply goes.
    fn answer(&mut self, route: Route, request: &SyncRequest<'_>, reply: Option<&ReplyAt>) -> bool {
        let handler = self.inner.routes.handler(route);
        let Some(handler) = handler.and_then(|handler| handler.as_sync()) else {
            return false;
        };
        let id = &request.id;
        match self.addresses.find(reply, id.correlation_id, self.now) {
            Some(Ok(to)) => {
                self.now = run::answer(&self.inner, handler, request, to, self.now);
            }
            Some(Err(refusal)) => outcome::refuse(&self.inner, id, reply, &refusal),
            None => return false,
        }
        true
    }

    /// The handler that is to answer, or what is answered without one.
    fn route(
        &self,
        record: &Record<'_>,
        head: &RequestHead<'_>,
        left: Option<Duration>,
    ) -> Result<Route, Status> {
        let requester = head.fields.requester;
        if left.is_some_and(|left| left.is_zero()) && !mutant!("expired_request_is_run") {
            self.inner.metrics.expired.increment(1);
            // An earlier delivery may have run, so this can not be called "not executed".
            let status = Status::deadline_exceeded("the request had expired when it was read");
            let no = mutant!("expired_says_no");
            return Err(status.with_executed(if no { Executed::No } else { Executed::Maybe }));
        }
        if let Some(refusal) = unsupported(head) {
            self.inner
                .refused("unsupported", requester, refusal.message());
            return Err(refusal);
        }
        let operation = head.fields.operation;
        self.inner
            .routes
            .find(record.topic, operation)
            .ok_or_else(|| {
                let detail = match operation {
                    Some(operation) => format!("no operation {operation} on {}", record.topic),
                    None => format!("{} wants an operation to be named", record.topic),
                };
                self.inner.refused("unknown_operation", requester, &detail);
                Status::unimplemented(detail).with_executed(Executed::No)
            })
    }

    fn requester(&mut self, name: &str) -> Arc<str> {
        if let Some(last) = reuse_if_equal(self.last_requester.as_ref(), name) {
            return last;
        }
        let name: Arc<str> = name.into();
        self.last_requester = Some(Arc::clone(&name));
        name
    }

    /// The return address; `None` when nothing may be written there. The outer `Some` around
    /// `None` is a request that wants no reply.
    #[expect(
        clippy::option_option,
        reason = "three cases: refused, no reply wanted, an address"
    )]
    fn address(
        &mut self,
        topic: Option<&str>,
        partition: Option<i32>,
        requester: Option<&str>,
    ) -> Option<Option<ReplyAt>> {
        let Some(topic) = topic else {
            return Some(None);
        };
        let topic = match reuse_if_equal(self.last_allowed.as_ref(), topic) {
            Some(known) => known,
            None => match self.inner.allowed.check(topic) {
                Ok(()) => {
                    let topic: Arc<str> = topic.into();
                    self.last_allowed = Some(Arc::clone(&topic));
                    topic
                }
                Err(refusal) => {
                    let detail = format!("{refusal}: {topic:?}");
                    self.inner.refused("reply_topic", requester, &detail);
                    return None;
                }
            },
        };
        Some(Some(ReplyAt { topic, partition }))
    }

    fn time_left(&self, record: &Record<'_>, head: &RequestHead<'_>) -> Option<Duration> {
        let skew = self.inner.config.clock_skew;
        let deadline = head.fields.deadline?;
        // Handlers that are called while the batch is read may take their time.
        let since = self.now.saturating_sub(self.read_at).as_millis();
        let unix_ms = self.unix_ms + u64::try_from(since).unwrap_or(0);
        Some(deadline.remaining(unix_ms, record.timestamp, skew))
    }

    /// A request that can not be read is counted, and answered where an allowed address could be.
    fn refuse_malformed(
        &mut self,
        refusal: &Refusal<'_>,
        partition: Arc<Partition>,
        sequence: u64,
        offset: i64,
    ) {
        let detail = refusal.reason.to_string();
        self.inner.refused("malformed", None, &detail);
        let (Some(id), Some(Some(reply))) = (
            refusal.correlation_id,
            self.address(refusal.reply_topic, refusal.partition, None),
        ) else {
            if !mutant!("malformed_request_never_done") {
                partition.done(sequence);
            }
            return;
        };
        let status = match refusal.unsupported_version {
            Some(version) => Status::unimplemented(format!(
                "protocol version {version} is not known here; known: 1"
            )),
            None => Status::invalid_argument(format!("malformed request: {detail}")),
        };
        let meta = RequestMeta {
            partition,
            offset,
            sequence,
            correlation_id: WireId::from_slice(id),
            reply: Some(reply),
            mode: ReplyMode::Single,
            key: None,
            headers: HeaderPairs::new(),
            requester: None,
            operation: None,
            attempt: 1,
            deadline: None,
        };
        let ticket = Ticket::new(&self.inner, Arc::new(meta));
        let work = Work::Answer(status.with_executed(Executed::No));
        self.batch.push(Job { ticket, work });
    }

    fn hand_over(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        match &mut self.starts {
            Starts::OnRuntime(pump) => {
                let batch = std::mem::take(&mut self.batch);
                // Never full: each batch holds at least one place, and the queue is as long as
                // there are places. Closed: the runtime is gone, and the requests stay uncommitted.
                let _ = pump.try_send(batch);
            }
            Starts::Inline(executor) => executor.start_all(self.batch.drain(..)),
        }
    }
}

/// The last name once more, if this is it: the next is most often the same.
fn reuse_if_equal(last: Option<&Arc<str>>, name: &str) -> Option<Arc<str>> {
    last.filter(|last| ***last == *name).map(Arc::clone)
}

/// Modes of a later protocol, and batches, are refused rather than answered wrongly.
fn unsupported(head: &RequestHead<'_>) -> Option<Status> {
    let what = match head.fields.mode {
        _ if head.fields.batch.is_some() => "batches",
        ReplyMode::Stream => "streams",
        _ => return None,
    };
    Some(Status::unimplemented(format!("{what} are not served here")).with_executed(Executed::No))
}

/// A request where it was read, for a handler that does not wait.
fn borrowed<'a>(
    record: &Record<'a>,
    head: &RequestHead<'a>,
    headers: &'a [(&'a [u8], Option<&'a [u8]>)],
    id: RequestId<'a>,
) -> SyncRequest<'a> {
    SyncRequest {
        value: record.value.unwrap_or_default(),
        key: record.key,
        headers: RequestHeaders::Read(headers),
        requester: head.fields.requester,
        operation: head.fields.operation,
        attempt: head.fields.attempt,
        offset: record.offset,
        id,
    }
}

fn application_headers(headers: &[(&[u8], Option<&[u8]>)]) -> HeaderPairs {
    wire::application(headers)
        .map(|(name, value)| {
            (
                Bytes::copy_from_slice(name),
                value.map(Bytes::copy_from_slice),
            )
        })
        .collect()
}

impl RecordSink for Intake {
    /// Requests are left in Kafka while there is no place for them. The flag is raised before the
    /// second look, so that a place that comes free in between is not missed, and from then on
    /// acknowledgements are settled as they come.
    ///
    /// A crowded partition stops all of them until the request in front is done; each tick looks
    /// again.
    fn demand(&mut self) -> usize {
        self.inner.settle();
        let crowded = self.crowded.take();
        self.crowded = crowded.filter(|partition| self.is_crowded(partition));
        if self.crowded.is_some() {
            return 0;
        }
        let room = self.inner.room();
        if room > 0 {
            return room;
        }
        self.inner.waiters.starved.store(true, Ordering::SeqCst);
        self.inner.settle();
        let room = self.inner.room();
        if room > 0 {
            self.inner.waiters.starved.store(false, Ordering::SeqCst);
        }
        room
    }

    fn records(&mut self, batch: &mut dyn Iterator<Item = Record<'_>>) {
        let inner = Arc::clone(&self.inner);
        // What a handler spawns belongs to the user's runtime.
        let _inside = inner.runtime.enter();
        self.now = inner.clock.elapsed();
        self.read_at = self.now;
        self.unix_ms = self.inner.clock.unix_ms();
        for record in batch {
            self.handle(&record);
        }
        self.hand_over();
    }

    fn tick(&mut self, _caught_up: bool) -> Duration {
        self.inner.settle();
        let now = self.inner.clock.elapsed();
        if now >= self.next_commit {
            self.next_commit = now.saturating_add(self.inner.config.commit_interval);
            if let Some(subscription) = self.inner.subscription.get() {
                let commit = |offsets: &[_]| subscription.commit(offsets);
                self.inner.partitions.commit(commit);
            }
            self.inner.update_gauges();
        }
        TICK.min(self.inner.config.commit_interval)
    }

    fn fault(&mut self, error: TransportError) {
        if error.kind() == TransportErrorKind::Fatal {
            tracing::error!(%error, "request consumer failed for good");
            self.inner.failure.send_replace(Some(error));
        } else if error.is_lost() {
            tracing::error!(%error, "request consumer");
        } else {
            tracing::debug!(%error, "request consumer");
        }
    }
}

impl Inner {
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    fn update_gauges(&self) {
        let running = self.running.load(Ordering::Relaxed);
        self.metrics.running.set(running as f64);
        self.metrics
            .unacknowledged
            .set(self.unacknowledged.len() as f64);
    }
}
