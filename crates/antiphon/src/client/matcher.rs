//! What the reader of replies does: find the call that a reply belongs to, end it, wake its caller;
//! and between batches, end the calls whose time is up. No user code runs here.

use std::{sync::Arc, time::Duration};

use antiphon_proto::{CorrelationId, Delivery, InstanceId, Step, mutant};
use tokio::sync::mpsc;

use super::{
    core::{Calls, Core, tick},
    gather::{Afterwards, Arrived, accept},
    reply::{PlainReply, Reply},
    reply_path::ReplyPath,
    stray::{StrayKind, Strays},
    time::Time,
    waiter::{Ending, Failure, Waiter},
};
use crate::{
    telemetry::metrics::ClientMetrics,
    transport::{Clock, Matching, Record, RecordSink, TransportError},
    wire,
};

/// Callers are woken so many at a time: one that runs at once on this processor would hold up the
/// replies behind its own, and send its next request alone instead of with theirs.
const WOKEN_AT_ONCE: usize = 128;

/// How often deadlines are looked at: with few calls, and with very many.
const TICK: Duration = Duration::from_millis(20);
const LONG_TICK: Duration = Duration::from_millis(100);
const MANY: usize = 100_000;

/// Sweeps are no closer than this, however often the queue is found empty: each looks at all slots.
const BETWEEN_SWEEPS: Duration = Duration::from_millis(10);

/// How long a deadline waits for the replies that are being read to come to an end.
const PATIENCE: Duration = Duration::from_millis(100);

pub(crate) struct Matcher {
    calls: Arc<Calls>,
    instance: InstanceId,
    read_headers: bool,
    matching: Matching,
    clock: Arc<dyn Clock>,
    time: Arc<Time>,
    strays: Arc<Strays>,
    metrics: Arc<ClientMetrics>,
    path: Arc<ReplyPath>,
    faults: mpsc::Sender<TransportError>,
    opening: u64,
    /// Calls of this batch that have ended and are to be woken.
    ended: Vec<Waiter>,
    /// Replies that had arrived by this moment have been handed over.
    heard_until: Duration,
    /// Since when each look at the queue has found something.
    behind_since: Option<Duration>,
    swept: Duration,
}

impl Matcher {
    pub(crate) fn new(core: &Core, faults: mpsc::Sender<TransportError>, opening: u64) -> Self {
        let now = core.clock.elapsed();
        Self {
            calls: Arc::clone(&core.calls),
            instance: core.instance,
            read_headers: core.config.reply.read_headers,
            matching: core.config.reply.matching,
            clock: Arc::clone(&core.clock),
            time: Arc::clone(&core.time),
            strays: Arc::clone(&core.strays),
            metrics: Arc::clone(&core.metrics),
            path: Arc::clone(&core.path),
            faults,
            opening,
            ended: Vec::with_capacity(WOKEN_AT_ONCE),
            heard_until: now,
            behind_since: None,
            swept: now,
        }
    }

    /// A reply with our form of id as its key is a plain success; all else is in the headers.
    fn handle(&mut self, record: &Record<'_>) {
        if let Some(id) = wire::plain_reply_id(record.key) {
            if !id.is_ours(self.instance) {
                return self.strays.count(StrayKind::Foreign, Some(id), record);
            }
            if !self.read_headers && self.finish_plain(id, record) {
                return;
            }
        }
        self.handle_by_headers(record);
    }

    /// False when the headers have to decide: the call is a gather, or the key is not the id of a
    /// call that waits.
    fn finish_plain(&mut self, id: CorrelationId, record: &Record<'_>) -> bool {
        let delivery = self.calls.handle_reply(id, |waiter| match waiter {
            Waiter::One(_) => Step::Finish(Ending::Plain(PlainReply::new(record))),
            Waiter::Many(_) => Step::Keep,
        });
        match delivery {
            Delivery::Finished(waiter) => {
                self.ended.push(waiter);
                true
            }
            _ => false,
        }
    }

    fn handle_by_headers(&self, record: &Record<'_>) {
        let headers = wire::record_headers(record);
        let Some(id) = wire::reply_id(&headers) else {
            return self.strays.count(StrayKind::Unknown, None, record);
        };
        if !id.is_ours(self.instance) {
            let kind = if id.is_version_8() {
                StrayKind::Foreign
            } else {
                StrayKind::Unknown
            };
            return self.strays.count(kind, Some(id), record);
        }
        let head = wire::read_reply(&headers);
        let mut afterwards = Afterwards::default();
        let delivery = self.calls.handle_reply(id, |waiter| match (&head, waiter) {
            (Ok(head), Waiter::One(_)) => {
                let reply = match head.status() {
                    None => Ok(Reply::with_head(id, record, head, &headers)),
                    Some(status) => Err(Failure::Status(status)),
                };
                Step::Finish(Ending::one(reply))
            }
            (Err(why), waiter @ Waiter::One(_)) => {
                Step::Finish(waiter.fail(Failure::Malformed(why.to_string())))
            }
            (Ok(head), waiter @ Waiter::Many(_)) => {
                let arrived = Arrived {
                    id,
                    head,
                    record,
                    headers: &headers,
                };
                accept(waiter, &arrived, &mut afterwards)
            }
            (Err(_), Waiter::Many(_)) => {
                afterwards.stray = Some(StrayKind::Surplus);
                Step::Keep
            }
        });
        if let Some(waker) = afterwards.wake {
            waker.wake();
        }
        if let Some(kind) = afterwards.stray {
            self.strays.count(kind, Some(id), record);
        }
        self.settle(delivery, id, record);
    }

    fn settle(&self, delivery: Delivery<Waiter>, id: CorrelationId, record: &Record<'_>) {
        let stray = match delivery {
            Delivery::Finished(waiter) => return waiter.wake(),
            Delivery::Kept => return,
            Delivery::Late => StrayKind::Late,
            Delivery::Duplicate => StrayKind::Duplicate,
            Delivery::Foreign => StrayKind::Foreign,
            Delivery::Unknown => StrayKind::Unknown,
        };
        self.strays.count(stray, Some(id), record);
    }

    /// Ends the calls whose deadline had passed at `until`.
    fn sweep(&mut self, until: Duration, now: Duration) {
        self.swept = now;
        self.calls.sweep(
            tick(until),
            |_, _, waiter| waiter.fail(Failure::TimedOut),
            Waiter::wake,
        );
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        self.metrics.pending.set(self.calls.len() as f64);
    }
}

impl RecordSink for Matcher {
    fn matching(&self) -> Matching {
        self.matching
    }

    fn demand(&mut self) -> usize {
        usize::MAX
    }

    fn records(&mut self, batch: &mut dyn Iterator<Item = Record<'_>>) {
        self.time.hear(self.clock.elapsed());
        for record in batch {
            self.handle(&record);
            if self.ended.len() >= WOKEN_AT_ONCE {
                self.ended.drain(..).for_each(Waiter::wake);
            }
        }
        self.ended.drain(..).for_each(Waiter::wake);
    }

    /// A reply that has arrived beats a timeout that is due: only deadlines that had passed when
    /// the last empty look at the queue *began* are enforced. A flood without end does not hold
    /// them up for ever: they then wait for what is read in [`PATIENCE`].
    fn tick(&mut self, caught_up: bool) -> Duration {
        let now = self.clock.elapsed();
        let due = now.saturating_sub(self.swept) >= BETWEEN_SWEEPS;
        if due {
            self.time.look(now, &*self.clock);
        }
        if mutant!("timeout_beats_arrived_reply") {
            self.sweep(now, now);
        }
        if caught_up {
            self.behind_since = None;
            let until = std::mem::replace(&mut self.heard_until, now);
            if due {
                self.sweep(until, now);
            }
        } else {
            let since = *self.behind_since.get_or_insert(now);
            let until = now.saturating_sub(PATIENCE);
            if due && until >= since && !mutant!("flood_stops_sweep") {
                self.sweep(until, now);
            }
        }
        if self.calls.len() > MANY {
            LONG_TICK
        } else {
            TICK
        }
    }

    fn fault(&mut self, error: TransportError) {
        if !error.is_lost() {
            tracing::debug!(%error, "reply consumer");
            return;
        }
        if !self.path.lost(self.opening) {
            return;
        }
        self.metrics.path_lost.increment(1);
        if !mutant!("path_lost_not_told") {
            self.calls.fail_all(
                |_, waiter| waiter.fail(Failure::ReplyPathLost(error.clone())),
                Waiter::wake,
            );
        }
        // Full means that the supervisor already has a reason to rebuild.
        let _ = self.faults.try_send(error);
    }
}
