//! A call in flight: its slot in the table, from the insert to one of the four exits.

use std::{
    cell::Cell,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use antiphon_proto::{CorrelationId, Deadline, NewCall, RequestFields, RequestHead, Taken, mutant};

use super::{
    super::{
        inner::Inner,
        reply::Reply,
        request::RequestParts,
        table::{BoxedOutcome, Failure, Outcome, Waiter, tick},
        topics::{PartitionLease, RequestTopic},
    },
    admission::{Admitted, may_send},
    permit::Permit,
};
use crate::{
    error::{RequestError, RequestErrorKind},
    telemetry::{metrics::TopicMetrics, propagation, trace},
    transport::Outgoing,
    wire,
};

thread_local! {
    /// The buffer for packed headers. Taken out while it is used: sending may wake a caller whose
    /// executor polls it at once, and with it another request.
    static PACKED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Owns a slot of the table. Dropping it frees the slot, whatever has happened to the call.
pub(crate) struct InFlight {
    // The order of the fields matters: `drop` frees the slot before the permit wakes a waiting call.
    lease: PartitionLease,
    /// The index of the request topic.
    topic: u32,
    permit: Permit,
    id: CorrelationId,
    started: Duration,
    live: bool,
}

impl InFlight {
    /// Inserts the waiter into the table, *then* produces: no reply can come before the slot is
    /// live.
    pub(crate) fn start(
        admitted: Admitted,
        waiter: Waiter,
        started: Duration,
    ) -> Result<Self, RequestError> {
        let Admitted {
            parts,
            topic: index,
            mut permit,
            deadline,
            ..
        } = admitted;
        let left = deadline.saturating_sub(started);
        let random = permit.inner().entropy.bits();
        // Topics stay for the client's life.
        let topic = permit.inner().topics.at(index);
        let lease = topic.map(|topic| topic.lease(parts.key.as_deref(), random));
        let lease = lease.unwrap_or_default();
        let call = new_call(&parts, index, started, left, random);
        let Some(id) = permit.insert(call, waiter) else {
            let topic = parts.topic(&permit.inner().topics).into();
            return Err(RequestError::closed().on(&topic, Some(lease.partition)));
        };
        let mut call = Self {
            lease,
            topic: index,
            permit,
            id,
            started,
            live: true,
        };
        let sent = may_send(call.inner(), left).and_then(|()| call.publish(&parts, left));
        match sent {
            Ok(()) => {
                trace::sent(call.id, call.lease.partition);
                Ok(call)
            }
            Err(error) => {
                if mutant!("failed_send_keeps_slot") {
                    call.live = false;
                }
                Err(call.finished(error))
            }
        }
    }

    pub(crate) fn id(&self) -> CorrelationId {
        self.id
    }

    pub(crate) fn inner(&self) -> &Inner {
        self.permit.inner()
    }

    fn topic(&self) -> Option<&Arc<RequestTopic>> {
        self.inner().topics.at(self.topic)
    }

    /// The name of the request topic.
    pub(crate) fn topic_name(&self) -> Arc<str> {
        let name = self.topic().map(|topic| Arc::clone(topic.name()));
        name.unwrap_or_default()
    }

    fn publish(&self, parts: &RequestParts, left: Duration) -> Result<(), RequestError> {
        let Some(topic) = self.topic() else {
            return Err(RequestError::unknown_topic(""));
        };
        let mut packed = PACKED.take();
        let published = self.publish_to(topic, parts, left, &mut packed);
        PACKED.set(packed);
        published
    }

    fn publish_to(
        &self,
        topic: &RequestTopic,
        parts: &RequestParts,
        left: Duration,
        packed: &mut Vec<u8>,
    ) -> Result<(), RequestError> {
        let inner = self.inner();
        let mut id = [0; CorrelationId::TEXT_LEN];
        let trace = propagation::outgoing();
        let mut head = RequestHead {
            reply_topic: Some(&inner.path.topic),
            fields: self.fields(parts, left),
            content_type: parts.content_type.as_deref(),
            message_type: parts.message_type.as_deref(),
            ..RequestHead::new(self.id.encode(&mut id).as_bytes())
        };
        if let Some(trace) = &trace {
            trace.add_to(&mut head);
        }
        let headers = wire::request_headers(&head, &parts.headers, packed)
            .map_err(|error| RequestError::invalid(error.to_string()))?;
        let sent = inner.publisher.publish(&Outgoing {
            topic: &topic.topic,
            partition: self.lease.partition,
            key: parts.key.as_deref(),
            value: Some(&parts.value),
            headers: &headers,
            token: self.id.token(),
        });
        sent.map_err(|error| RequestError::from_send(error, false))?;
        topic.metrics.sent.increment(1);
        Ok(())
    }

    fn fields<'a>(&'a self, parts: &'a RequestParts, left: Duration) -> RequestFields<'a> {
        let inner = self.inner();
        let budget = u32::try_from(left.as_millis()).unwrap_or(u32::MAX);
        let at = inner.coarse_clock.unix_ms(self.started);
        RequestFields {
            partition: Some(inner.path.partition()),
            deadline: Some(Deadline::new(at.saturating_add(u64::from(budget)), budget)),
            requester: Some(&inner.requester),
            operation: parts.operation.as_deref(),
            mode: parts.mode,
            ..RequestFields::default()
        }
    }

    pub(crate) fn poll_single(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Reply, RequestError>> {
        // The old waker is dropped outside of the slot's lock: a drop may run foreign code.
        let mut old = None;
        let taken = self.inner().calls.poll_with(self.id, |waiter| {
            if let Waiter::Single(waker) = waiter
                && !waker.will_wake(cx.waker())
                && !mutant!("waker_not_renewed")
            {
                old = Some(std::mem::replace(waker, cx.waker().clone()));
            }
        });
        drop(old);
        let outcome = match taken {
            Taken::Done(outcome) => outcome,
            Taken::Waiting => return Poll::Pending,
            Taken::Gone => return Poll::Ready(Err(self.finished(RequestError::closed()))),
        };
        self.live = false;
        let failure = match outcome {
            Outcome::Plain(reply) => return Poll::Ready(Ok(reply.into_reply(self.id))),
            Outcome::Boxed(outcome) => match *outcome {
                BoxedOutcome::Single(Ok(reply)) => return Poll::Ready(Ok(reply)),
                BoxedOutcome::Single(Err(failure)) => failure,
                // A single call has no mailbox.
                BoxedOutcome::Gather(outcome) => outcome.failure.unwrap_or(Failure::Closed),
            },
        };
        Poll::Ready(Err(self.finished(failure.into())))
    }

    /// Notes that the slot was freed by taking its outcome.
    pub(crate) fn taken(&mut self) {
        self.live = false;
    }

    /// Adds topic, partition and id to an error, and counts it.
    pub(crate) fn finished(&mut self, error: RequestError) -> RequestError {
        let name = self.topic_name();
        let error = error.on(&name, Some(self.lease.partition)).with_id(self.id);
        trace::failed(&error);
        TopicMetrics::failed(&name, error.kind().as_str(), error.executed().as_str());
        match error.kind() {
            RequestErrorKind::UnknownTopic => {
                if let Some(topic) = self.topic() {
                    topic.mark_gone();
                }
            }
            RequestErrorKind::TimedOut => {
                if let Some(observer) = &self.inner().on_timeout {
                    observer(&error);
                }
            }
            _ => {}
        }
        error
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let inner = self.inner();
        let ended = if self.live {
            if !mutant!("dropped_call_keeps_slot") {
                inner.calls.cancel(self.id);
            }
            inner.clock.elapsed()
        } else {
            inner.coarse_clock.last_activity()
        };
        if let Some(topic) = self.topic() {
            let took = ended.saturating_sub(self.started);
            topic.metrics.duration.record(took);
        }
    }
}

fn new_call(
    parts: &RequestParts,
    topic: u32,
    started: Duration,
    left: Duration,
    random: u64,
) -> NewCall {
    NewCall {
        // The tick in which `started` lies has begun; one more, so that it is never early.
        deadline: tick(started).after(left + Duration::from_millis(1)),
        created: tick(started),
        route: topic,
        bytes: parts.weight(),
        // The table takes the lowest bits of it; the choice of a partition took others.
        salt: (random >> 48) as u16,
        metadata: parts.metadata.clone(),
    }
}
