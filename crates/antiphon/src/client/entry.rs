//! A call in flight: its slot in the table, from the insert to one of the four exits.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use antiphon_proto::{CorrelationId, Deadline, Executed, NewCall, RequestFields, Taken, header};
use rand::Rng;

use super::{
    core::{Admitted, Core, Permits, closed, tick},
    draft::Draft,
    reply::Reply,
    target::Placed,
    waiter::{Ending, Waiter},
};
use crate::{
    error::{RequestError, RequestErrorKind},
    metrics::TargetMetrics,
    trace,
    transport::{Outgoing, OutgoingHeaders},
};

/// Owns a slot of the table. Dropping it frees the slot, whatever has happened to the call.
pub(crate) struct Entry {
    // Order matters: the slot is freed in `drop`, before these give their places back.
    placed: Placed,
    _permits: Permits,
    core: Arc<Core>,
    id: CorrelationId,
    started: Duration,
    live: bool,
}

/// Sends one request and waits for its one reply.
pub(crate) async fn single(core: Arc<Core>, admitted: Admitted) -> Result<Reply, RequestError> {
    let mut admitted = Some(admitted);
    let mut entry: Option<Entry> = None;
    poll_fn(move |cx| {
        if let Some(admitted) = admitted.take() {
            let waiter = Waiter::One(cx.waker().clone());
            // Polled as soon as it was admitted, so no second look at the clock is needed.
            let now = admitted.at;
            match Entry::start(&core, admitted, waiter, now) {
                Ok(started) => entry = Some(started),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        match &mut entry {
            Some(entry) => entry.poll_single(cx),
            None => Poll::Ready(Err(closed())),
        }
    })
    .await
}

impl Entry {
    /// Takes a slot with its waiter, *then* produces: no reply can come before the slot is live.
    pub(crate) fn start(
        core: &Arc<Core>,
        admitted: Admitted,
        waiter: Waiter,
        started: Duration,
    ) -> Result<Self, RequestError> {
        let Admitted {
            draft,
            target,
            permits,
            deadline,
            ..
        } = admitted;
        let left = deadline.saturating_sub(started);
        let placed = target.place(draft.key.as_deref());
        let call = NewCall {
            // The tick in which `started` lies has begun; one more, so that it is never early.
            deadline: tick(started).after(left + Duration::from_millis(1)),
            created: tick(started),
            route: placed.target.index,
            bytes: draft.weight(),
            salt: rand::rng().random(),
            metadata: draft.metadata.clone(),
        };
        let id = core.calls.insert(call, waiter).map_err(|full| {
            let error = if core.is_closing() {
                closed()
            } else {
                let detail = format!("the correlation table is full: {}", full.limit);
                RequestError::new(RequestErrorKind::Overloaded, Executed::No, detail)
            };
            error.on(placed.target.name(), Some(placed.partition))
        })?;
        let mut entry = Self {
            placed,
            _permits: permits,
            core: Arc::clone(core),
            id,
            started,
            live: true,
        };
        let sent = core
            .may_send(left)
            .and_then(|()| entry.publish(&draft, left));
        match sent {
            Ok(()) => {
                trace::sent(entry.id, entry.placed.partition);
                Ok(entry)
            }
            Err(error) => Err(entry.finished(error)),
        }
    }

    pub(crate) fn id(&self) -> CorrelationId {
        self.id
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(crate) fn target_name(&self) -> &Arc<str> {
        self.placed.target.name()
    }

    fn publish(&self, draft: &Draft, left: Duration) -> Result<(), RequestError> {
        let core = &self.core;
        let mut id = [0; CorrelationId::TEXT_LEN];
        let id = self.id.encode(&mut id);
        let packed = self.packed(draft, left)?;
        let mut headers = OutgoingHeaders::new();
        headers.push((header::CORRELATION_ID, Some(id.as_bytes())));
        headers.push((header::REPLY_TOPIC, Some(core.path.topic.as_bytes())));
        headers.push((header::ANTIPHON, Some(&packed)));
        let own = |(name, _): &(String, _)| name == header::CONTENT_TYPE;
        if let Some(content_type) = draft.content_type
            && !draft.headers.iter().any(own)
        {
            headers.push((header::CONTENT_TYPE, Some(content_type.as_bytes())));
        }
        for (name, value) in &draft.headers {
            headers.push((name, value.as_deref()));
        }
        let sent = core.publisher.publish(&Outgoing {
            topic: &self.placed.target.topic,
            partition: self.placed.partition,
            key: draft.key.as_deref(),
            value: Some(&draft.value),
            headers: &headers,
            token: self.id.token(),
        });
        sent.map_err(|error| RequestError::from_send(error, false))?;
        self.placed.target.metrics.sent.increment(1);
        Ok(())
    }

    fn packed(&self, draft: &Draft, left: Duration) -> Result<Vec<u8>, RequestError> {
        let core = &self.core;
        let budget = u32::try_from(left.as_millis()).unwrap_or(u32::MAX);
        let fields = RequestFields {
            partition: Some(core.path.partition),
            deadline: Some(Deadline::new(
                core.clock.unix_ms().saturating_add(u64::from(budget)),
                budget,
            )),
            requester: Some(&core.requester),
            operation: draft.operation.as_deref(),
            mode: draft.mode,
            ..RequestFields::default()
        };
        let mut packed = Vec::with_capacity(128);
        fields
            .encode(&mut packed)
            .map_err(|error| RequestError::invalid(error.to_string()))?;
        Ok(packed)
    }

    fn poll_single(&mut self, cx: &mut Context<'_>) -> Poll<Result<Reply, RequestError>> {
        // The old waker is dropped after the slot's lock: a drop may run foreign code.
        let mut old = None;
        let taken = self.core.calls.poll_with(self.id, |waiter| {
            if let Waiter::One(waker) = waiter
                && !waker.will_wake(cx.waker())
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
        Poll::Ready(match ending {
            Ending::One(result) => (*result).map_err(|failure| self.finished(failure.into())),
            Ending::Many(ended) => {
                let failure = ended.failure.map_or_else(closed, RequestError::from);
                Err(self.finished(failure))
            }
        })
    }

    /// The slot has been freed by taking its ending.
    pub(crate) fn taken(&mut self) {
        self.live = false;
    }

    /// Adds to an error what only the entry knows, and tells those who want to know.
    pub(crate) fn finished(&mut self, error: RequestError) -> RequestError {
        let target = &self.placed.target;
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
                if let Some(observer) = &self.core.on_timeout {
                    observer(&error);
                }
            }
            _ => {}
        }
        error
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.live {
            self.core.calls.cancel(self.id);
        }
        let took = self.core.clock.elapsed().saturating_sub(self.started);
        self.placed.target.metrics.duration.record(took);
        if self.core.is_closing() {
            self.core.ended.notify_waiters();
        }
    }
}
