//! The request thread's work: reads batches, admits requests and hands them over. It never waits for
//! a handler, and nothing that a peer writes makes it stop.

pub(super) mod admission;
pub(super) mod rebalance;

use std::{sync::Arc, time::Duration};

use antiphon_proto::{Refusal, ReplyMode, RequestHead, Status, mutant};
use bytes::Bytes;
use tokio::sync::mpsc;

use self::admission::{Admission, Admitted, BatchTime};
use super::{
    capacity::Capacity,
    env::ServiceEnv,
    handler::sync::{RequestHeaders, SyncRequest},
    membership::Membership,
    mode::Completion,
    partitions::{Partition, Partitions},
    reply::ReplySender,
    request::{RequestId, RequestMeta, WireId},
    router::{Route, Router},
    run::{
        Executor,
        job::{Job, Ticket, Work},
    },
};
use crate::{
    telemetry::propagation::TraceHeaders,
    transport::{HeaderPairs, Record, RecordSink, TransportError, TransportErrorKind},
    wire::{self, ReadHeaders},
};

/// Takes in the records of the request topics.
pub(crate) struct Intake {
    pub(crate) env: Arc<ServiceEnv>,
    pub(crate) membership: Arc<Membership>,
    pub(crate) capacity: Arc<Capacity>,
    pub(crate) partitions: Arc<Partitions>,
    pub(crate) sender: Arc<ReplySender>,
    pub(crate) admission: Admission,
    /// Answers on this thread.
    pub(crate) executor: Executor,
    /// Starts handlers on the runtime, in place of this thread.
    pub(crate) pump: Option<mpsc::Sender<Vec<Job>>>,
    pub(crate) commit_interval: Duration,
    pub(crate) batch: Batch,
}

/// What the request thread remembers from one record and one batch to the next.
#[derive(Default)]
pub(crate) struct Batch {
    jobs: Vec<Job>,
    time: BatchTime,
    /// The partitions that records have come from, so that a record costs no hashing.
    partitions: Vec<Arc<Partition>>,
    /// A partition with as much behind one request as may be remembered.
    crowded: Option<Arc<Partition>>,
    next_commit: Duration,
}

/// How many requests of a partition may be started behind one that is not done, as a multiple of
/// `max_unacknowledged`. Each is remembered until then, and a crash repeats it.
const MOST_BEHIND: usize = 10;

/// One request in so many checks how many are behind.
const CHECK_SPAN: u64 = 16;

/// How often offsets are committed at most.
const TICK: Duration = Duration::from_millis(50);

impl Intake {
    fn take(&mut self, record: &Record<'_>) {
        if self.capacity.is_draining() {
            return;
        }
        let Some(completion) = self.begin(record) else {
            return;
        };
        self.env.metrics.received.increment(1);
        let partition = completion.partition();
        if completion.sequence().is_multiple_of(CHECK_SPAN) && self.is_crowded(partition) {
            self.batch.crowded = Some(Arc::clone(partition));
        }
        let headers = wire::record_headers(record);
        match self.admission.decode(&headers) {
            Ok(head) => self.admit(record, &head, &headers, completion),
            Err(refusal) => self.refuse_malformed(&refusal, completion, record.offset),
        }
    }

    /// Begins the request in its partition; `None` when that is no longer ours. An offset that comes
    /// again while the partition is ours belongs to a topic that was recreated: what is in hand of
    /// the old one must not be committed on the new one.
    fn begin(&mut self, record: &Record<'_>) -> Option<Completion> {
        let partition = self.partition(record.topic, record.partition)?;
        let old = match Completion::begin(partition, record.offset) {
            Ok(completion) => return Some(completion),
            Err(old) => old,
        };
        tracing::warn!(
            topic = record.topic,
            partition = record.partition,
            offset = record.offset,
            "offsets begin anew; requests in hand are left uncommitted"
        );
        self.partitions.renew(&old);
        let partition = self.partition(record.topic, record.partition)?;
        Completion::begin(partition, record.offset).ok()
    }

    /// The partition that a record belongs to; `None` when another instance owns it by now.
    fn partition(&mut self, topic: &str, number: i32) -> Option<Arc<Partition>> {
        let cached = &mut self.batch.partitions;
        if let Some(at) = cached.iter().position(|p| p.is(topic, number)) {
            if !cached[at].is_revoked() || mutant!("reassigned_partition_is_stale") {
                return Some(Arc::clone(&cached[at]));
            }
            cached.swap_remove(at);
        }
        let owned = self.partitions.get(topic, number)?;
        cached.push(Arc::clone(&owned));
        Some(owned)
    }

    fn is_crowded(&self, partition: &Partition) -> bool {
        let most = self.capacity.max_unacknowledged();
        partition.span() >= most.saturating_mul(MOST_BEHIND) && !partition.is_revoked()
    }

    fn admit(
        &mut self,
        record: &Record<'_>,
        head: &RequestHead<'_>,
        headers: &ReadHeaders<'_>,
        completion: Completion,
    ) {
        let time = &self.batch.time;
        let routes = self.executor.routes();
        let Some(admitted) = self.admission.admit(record, head, time, routes) else {
            return completion.part_done();
        };
        let trace = TraceHeaders::read(head);
        let id = RequestId {
            correlation_id: head.correlation_id,
            mode: head.fields.mode,
            completion: &completion,
            deadline: admitted.deadline,
            trace: trace.as_ref(),
        };
        if self.answer(&borrowed(record, head, headers, id), &admitted) {
            return;
        }
        let (operation, work) = self.work(record, admitted.route);
        let requester = head.fields.requester;
        let meta = RequestMeta {
            completion,
            offset: record.offset,
            correlation_id: WireId::from_slice(head.correlation_id),
            reply: admitted.reply,
            mode: head.fields.mode,
            key: record.key.map(Bytes::copy_from_slice),
            headers: application_headers(headers),
            requester: requester.map(|name| self.admission.requester(name)),
            operation,
            attempt: head.fields.attempt,
            deadline: admitted.deadline,
            trace,
        };
        self.push(meta, work);
    }

    /// Answers a request right here; false when its handler may wait, or when it has none.
    fn answer(&mut self, request: &SyncRequest<'_>, admitted: &Admitted) -> bool {
        let Ok(route) = admitted.route else {
            return false;
        };
        let (reply, now) = (admitted.reply.as_ref(), self.batch.time.now);
        let Some(now) = self.executor.answer(route, request, reply, now) else {
            return false;
        };
        self.batch.time.now = now;
        true
    }

    /// What is to be done with a request later, and the name of its operation.
    fn work(&self, record: &Record<'_>, route: Result<Route, Status>) -> (Option<Arc<str>>, Work) {
        match route {
            Ok(route) => {
                let value = record.value.map_or_else(Bytes::new, Bytes::copy_from_slice);
                let operation = self.executor.routes().operation(route);
                (operation.map(Arc::clone), Work::Handle(route, value))
            }
            Err(status) => (None, Work::Answer(status)),
        }
    }

    /// Answers a request that cannot be read, where it has an address that is allowed.
    fn refuse_malformed(&mut self, refusal: &Refusal<'_>, completion: Completion, offset: i64) {
        let Some((id, reply, status)) = self.admission.malformed(refusal) else {
            if !mutant!("malformed_request_never_done") {
                completion.part_done();
            }
            return;
        };
        let meta = RequestMeta {
            completion,
            offset,
            correlation_id: WireId::from_slice(id),
            reply: Some(reply),
            mode: ReplyMode::Single,
            key: None,
            headers: HeaderPairs::new(),
            requester: None,
            operation: None,
            attempt: 1,
            deadline: None,
            trace: None,
        };
        self.push(meta, Work::Answer(status));
    }

    fn push(&mut self, meta: RequestMeta, work: Work) {
        let ticket = Ticket::new(&self.capacity, meta);
        self.batch.jobs.push(Job { ticket, work });
    }

    fn hand_over(&mut self) {
        let jobs = &mut self.batch.jobs;
        if jobs.is_empty() {
            return;
        }
        let Some(pump) = &self.pump else {
            return self.executor.start_all(jobs.drain(..));
        };
        // A synchronous handler stays here, also inside of layers.
        let router = self.executor.routes();
        let all = std::mem::take(jobs).into_iter();
        let (here, later): (Vec<_>, Vec<_>) = all.partition(|job| is_immediate(router, job));
        if !here.is_empty() {
            self.executor.start_all(here.into_iter());
        }
        if !later.is_empty() {
            // Never full: each batch holds at least one permit, and the queue is as long as there
            // are permits. Closed: the runtime is gone, and the requests stay uncommitted.
            drop(pump.try_send(later));
        }
    }
}

fn is_immediate(router: &Router, job: &Job) -> bool {
    match job.work {
        Work::Handle(route, _) => router
            .handler(route)
            .is_some_and(|handler| handler.is_immediate()),
        Work::Answer(_) => false,
    }
}

/// A request where it was read, for a handler that does not wait.
fn borrowed<'a>(
    record: &Record<'a>,
    head: &RequestHead<'a>,
    headers: &'a ReadHeaders<'a>,
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

fn application_headers(headers: &ReadHeaders<'_>) -> HeaderPairs {
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
    /// At zero the requests stay in Kafka. The flag `starved` is raised before the second look, so a
    /// permit that comes free in between is not missed, and from then on acknowledgements are settled
    /// as they come.
    ///
    /// A crowded partition stops all partitions until the request in front is done; each tick checks
    /// again.
    fn demand(&mut self) -> usize {
        self.sender.settle();
        let crowded = self.batch.crowded.take();
        self.batch.crowded = crowded.filter(|partition| self.is_crowded(partition));
        if self.batch.crowded.is_some() {
            return 0;
        }
        let room = self.capacity.room();
        if room > 0 {
            return room;
        }
        self.capacity.set_starved(true);
        self.sender.settle();
        let room = self.capacity.room();
        if room > 0 {
            self.capacity.set_starved(false);
        }
        room
    }

    fn records(&mut self, batch: &mut dyn Iterator<Item = Record<'_>>) {
        let env = Arc::clone(&self.env);
        // What a handler spawns belongs to the user's runtime.
        let _inside = env.runtime.enter();
        self.batch.time = BatchTime::of(&env);
        for record in batch {
            self.take(&record);
        }
        self.hand_over();
    }

    fn tick(&mut self, _caught_up: bool) -> Duration {
        self.sender.settle();
        let now = self.env.clock.elapsed();
        if now >= self.batch.next_commit {
            self.batch.next_commit = now.saturating_add(self.commit_interval);
            if let Some(subscription) = self.membership.subscription() {
                let commit = |offsets: &[_]| subscription.commit(offsets);
                self.partitions.commit(commit);
            }
            self.capacity.update_gauges(&self.env.metrics);
        }
        TICK.min(self.commit_interval)
    }

    fn fault(&mut self, error: TransportError) {
        if error.kind() == TransportErrorKind::Fatal {
            tracing::error!(%error, "request consumer failed for good");
            self.membership.fail(error);
        } else if error.is_lost() {
            tracing::error!(%error, "request consumer");
        } else {
            tracing::debug!(%error, "request consumer");
        }
    }
}
