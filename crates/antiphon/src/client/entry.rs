//! A call in flight: its slot in the table, from the insert to one of the four exits.

use std::{
    borrow::Borrow,
    cell::Cell,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use antiphon_proto::{CorrelationId, Deadline, NewCall, RequestFields, RequestHead, Taken, mutant};

use super::{
    core::{Admitted, Core, closed, tick},
    draft::Draft,
    hold::Hold,
    places::Place,
    reply::Reply,
    target::{Placed, Target},
    waiter::{Ending, Other, Waiter},
};
use crate::{
    error::{RequestError, RequestErrorKind},
    telemetry::metrics::TargetMetrics,
    telemetry::trace,
    transport::Outgoing,
    wire,
};

thread_local! {
    /// Where packed headers are built. Taken out while it is used: sending may wake a caller whose
    /// executor polls it right there, and with it another request.
    static PACKED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Owns a slot of the table. Dropping it frees the slot, whatever has happened to the call.
pub(crate) struct Entry<H: Hold> {
    // Order matters: the slot is freed in `drop`, before those are told who wait for a place.
    placed: Placed,
    target: H::Target,
    place: Place<H>,
    id: CorrelationId,
    started: Duration,
    live: bool,
}

impl<H: Hold> Entry<H> {
    /// Takes a slot with its waiter, *then* produces: no reply can come before the slot is live.
    pub(crate) fn start(
        admitted: Admitted<H>,
        waiter: Waiter,
        started: Duration,
    ) -> Result<Self, RequestError> {
        let Admitted {
            draft,
            target,
            mut place,
            deadline,
            ..
        } = admitted;
        let left = deadline.saturating_sub(started);
        let random = place.core().entropy.bits();
        let placed = target.borrow().place(draft.key.as_deref(), random);
        let call = NewCall {
            // The tick in which `started` lies has begun; one more, so that it is never early.
            deadline: tick(started).after(left + Duration::from_millis(1)),
            created: tick(started),
            route: target.borrow().index,
            bytes: draft.weight(),
            // The table takes the lowest bits of it; the choice of a partition took others.
            salt: (random >> 48) as u16,
            metadata: draft.metadata.clone(),
        };
        let id = place
            .insert(call, waiter)
            .ok_or_else(|| closed().on(target.borrow().name(), Some(placed.partition)))?;
        let mut entry = Self {
            placed,
            target,
            place,
            id,
            started,
            live: true,
        };
        let sent = entry
            .core()
            .may_send(left)
            .and_then(|()| entry.publish(&draft, left));
        match sent {
            Ok(()) => {
                trace::sent(entry.id, entry.placed.partition);
                Ok(entry)
            }
            Err(error) => {
                if mutant!("failed_send_keeps_slot") {
                    entry.live = false;
                }
                Err(entry.finished(error))
            }
        }
    }

    pub(crate) fn id(&self) -> CorrelationId {
        self.id
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        self.place.core()
    }

    pub(crate) fn target(&self) -> &Target {
        self.target.borrow()
    }

    fn publish(&self, draft: &Draft, left: Duration) -> Result<(), RequestError> {
        let mut packed = PACKED.take();
        let published = self.publish_with(draft, left, &mut packed);
        PACKED.set(packed);
        published
    }

    fn publish_with(
        &self,
        draft: &Draft,
        left: Duration,
        packed: &mut Vec<u8>,
    ) -> Result<(), RequestError> {
        let core = self.core();
        let mut id = [0; CorrelationId::TEXT_LEN];
        let head = RequestHead {
            reply_topic: Some(&core.path.topic),
            fields: self.fields(draft, left),
            content_type: draft.content_type.as_deref(),
            message_type: draft.message_type.as_deref(),
            ..RequestHead::new(self.id.encode(&mut id).as_bytes())
        };
        let headers = wire::request_headers(&head, &draft.headers, packed)
            .map_err(|error| RequestError::invalid(error.to_string()))?;
        let sent = core.publisher.publish(&Outgoing {
            topic: &self.target().topic,
            partition: self.placed.partition,
            key: draft.key.as_deref(),
            value: Some(&draft.value),
            headers: &headers,
            token: self.id.token(),
        });
        sent.map_err(|error| RequestError::from_send(error, false))?;
        self.target().metrics.sent.increment(1);
        Ok(())
    }

    fn fields<'a>(&'a self, draft: &'a Draft, left: Duration) -> RequestFields<'a> {
        let core = self.core();
        let budget = u32::try_from(left.as_millis()).unwrap_or(u32::MAX);
        let at = core.time.unix_ms(self.started);
        RequestFields {
            partition: Some(core.path.partition()),
            deadline: Some(Deadline::new(at.saturating_add(u64::from(budget)), budget)),
            requester: Some(&core.requester),
            operation: draft.operation.as_deref(),
            mode: draft.mode,
            ..RequestFields::default()
        }
    }

    pub(crate) fn poll_single(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Reply, RequestError>> {
        // The old waker is dropped after the slot's lock: a drop may run foreign code.
        let mut old = None;
        let taken = self.core().calls.poll_with(self.id, |waiter| {
            if let Waiter::One(waker) = waiter
                && !waker.will_wake(cx.waker())
                && !mutant!("waker_not_renewed")
            {
                old = Some(std::mem::replace(waker, cx.waker().clone()));
            }
        });
        drop(old);
        let ending = match taken {
            Taken::Done(ending) => ending,
            Taken::Waiting => return Poll::Pending,
            Taken::Gone => return Poll::Ready(Err(self.finished(closed()))),
        };
        self.live = false;
        let failure = match ending {
            Ending::Plain(reply) => return Poll::Ready(Ok(reply.into_reply(self.id))),
            Ending::Other(other) => match *other {
                Other::One(Ok(reply)) => return Poll::Ready(Ok(reply)),
                Other::One(Err(failure)) => Some(failure),
                Other::Many(ended) => ended.failure,
            },
        };
        let error = failure.map_or_else(closed, RequestError::from);
        Poll::Ready(Err(self.finished(error)))
    }

    /// The slot has been freed by taking its ending.
    pub(crate) fn taken(&mut self) {
        self.live = false;
    }

    /// Adds to an error what only the entry knows, and tells those who want to know.
    pub(crate) fn finished(&mut self, error: RequestError) -> RequestError {
        let target = self.target();
        let error = error
            .on(target.name(), Some(self.placed.partition))
            .with_id(self.id);
        trace::failed(&error);
        TargetMetrics::failed(
            target.name(),
            error.kind().as_str(),
            error.executed().as_str(),
        );
        match error.kind() {
            RequestErrorKind::UnknownTopic => target.mark_gone(),
            RequestErrorKind::TimedOut => {
                if let Some(observer) = &self.core().on_timeout {
                    observer(&error);
                }
            }
            _ => {}
        }
        error
    }
}

impl<H: Hold> Drop for Entry<H> {
    fn drop(&mut self) {
        let core = self.place.core();
        let ended = if self.live {
            if !mutant!("dropped_call_keeps_slot") {
                core.calls.cancel(self.id);
            }
            core.clock.elapsed()
        } else {
            core.time.heard()
        };
        let took = ended.saturating_sub(self.started);
        self.target().metrics.duration.record(took);
    }
}
