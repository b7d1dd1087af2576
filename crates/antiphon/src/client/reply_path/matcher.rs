//! The reader of replies: finds the call that a reply belongs to, ends it, and wakes its caller.
//! Between batches it ends the calls whose deadline has passed. No user code runs here.

use std::{sync::Arc, task::Waker, time::Duration};

use antiphon_proto::{CorrelationId, Delivery, InstanceId, Step, mutant};
use tokio::sync::mpsc;

use super::{
    super::{
        coarse_clock::CoarseClock,
        mailbox::{Arrived, Put},
        reply::{PlainReply, Reply},
        stray::{StrayKind, Strays},
        table::{Calls, Failure, Outcome, Waiter, tick},
    },
    ReplyPath,
};
use crate::{
    telemetry::metrics::ClientMetrics,
    transport::{Clock, Matching, Record, RecordSink, TransportError},
    wire,
};

/// Callers are woken in groups of this size. A caller that ran at once on this processor would hold
/// up the replies behind its own, and send its next request alone instead of with theirs.
const WOKEN_AT_ONCE: usize = 128;

/// How often deadlines are checked: with few calls, and with very many.
const TICK: Duration = Duration::from_millis(20);
const LONG_TICK: Duration = Duration::from_millis(100);
const MANY: usize = 100_000;

/// Shortest time between two sweeps, however often the queue is empty: each reads all slots.
const BETWEEN_SWEEPS: Duration = Duration::from_millis(10);

/// How long a deadline is held up by replies that are still being read.
const PATIENCE: Duration = Duration::from_millis(100);

/// What every matcher of one client shares.
#[derive(Clone)]
pub(crate) struct Replies {
    pub(crate) calls: Arc<Calls>,
    pub(crate) instance: InstanceId,
    pub(crate) read_headers: bool,
    pub(crate) matching: Matching,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) coarse_clock: Arc<CoarseClock>,
    pub(crate) strays: Arc<Strays>,
    pub(crate) metrics: Arc<ClientMetrics>,
    pub(crate) path: Arc<ReplyPath>,
}

pub(crate) struct Matcher {
    replies: Replies,
    faults: mpsc::Sender<TransportError>,
    /// Which opening of the path this reads.
    opening: u64,
    /// Calls of this batch that have ended and are to be woken.
    ended: Vec<Waiter>,
    /// Replies that had arrived by this moment have been handed over.
    read_until: Duration,
    /// Since when each look at the queue has found something.
    behind_since: Option<Duration>,
    swept: Duration,
}

impl Matcher {
    pub(super) fn new(
        replies: Replies,
        faults: mpsc::Sender<TransportError>,
        opening: u64,
    ) -> Self {
        let now = replies.clock.elapsed();
        Self {
            replies,
            faults,
            opening,
            ended: Vec::with_capacity(WOKEN_AT_ONCE),
            read_until: now,
            behind_since: None,
            swept: now,
        }
    }

    /// A reply with an id of Antiphon's form as its key is a plain success. For any other, the
    /// headers decide.
    fn handle(&mut self, record: &Record<'_>) {
        if let Some(id) = wire::plain_reply_id(record.key) {
            if !id.is_ours(self.replies.instance) {
                return self
                    .replies
                    .strays
                    .count(StrayKind::Foreign, Some(id), record);
            }
            if !self.replies.read_headers && self.finish_plain(id, record) {
                return;
            }
        }
        self.handle_by_headers(record);
    }

    /// Returns false when the headers have to decide: the call is a gather, or the key is not the id
    /// of a waiting call.
    fn finish_plain(&mut self, id: CorrelationId, record: &Record<'_>) -> bool {
        let delivery = self.replies.calls.handle_reply(id, |waiter| match waiter {
            Waiter::Single(_) => Step::Finish(Outcome::Plain(PlainReply::new(record))),
            Waiter::Gather(_) => Step::Keep,
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
            return self.replies.strays.count(StrayKind::Unknown, None, record);
        };
        if !id.is_ours(self.replies.instance) {
            let kind = if id.is_version_8() {
                StrayKind::Foreign
            } else {
                StrayKind::Unknown
            };
            return self.replies.strays.count(kind, Some(id), record);
        }
        let head = wire::read_reply(&headers);
        let mut aside = Aside::default();
        let delivery = self.replies.calls.handle_reply(id, |waiter| match &head {
            Ok(head) => {
                let arrived = Arrived {
                    id,
                    head,
                    record,
                    headers: &headers,
                };
                accept(waiter, &arrived, &mut aside)
            }
            Err(why) => match waiter {
                Waiter::Single(_) => Step::Finish(waiter.fail(Failure::Malformed(why.to_string()))),
                Waiter::Gather(_) => {
                    aside.stray = Some(StrayKind::Surplus);
                    Step::Keep
                }
            },
        });
        if let Some(waker) = aside.waker {
            waker.wake();
        }
        if let Some(kind) = aside.stray {
            self.replies.strays.count(kind, Some(id), record);
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
        self.replies.strays.count(stray, Some(id), record);
    }

    /// Ends the calls whose deadline had passed at `until`.
    fn sweep(&mut self, until: Duration, now: Duration) {
        self.swept = now;
        self.replies.calls.sweep(
            tick(until),
            |_, _, waiter| waiter.fail(Failure::TimedOut),
            Waiter::wake,
        );
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        self.replies
            .metrics
            .pending
            .set(self.replies.calls.len() as f64);
    }
}

impl RecordSink for Matcher {
    fn matching(&self) -> Matching {
        self.replies.matching
    }

    fn demand(&mut self) -> usize {
        usize::MAX
    }

    fn records(&mut self, batch: &mut dyn Iterator<Item = Record<'_>>) {
        self.replies
            .coarse_clock
            .touch(self.replies.clock.elapsed());
        for record in batch {
            self.handle(&record);
            if self.ended.len() >= WOKEN_AT_ONCE {
                self.ended.drain(..).for_each(Waiter::wake);
            }
        }
        self.ended.drain(..).for_each(Waiter::wake);
    }

    /// A reply that has arrived beats a timeout that is due: only deadlines that had passed when
    /// the last check that found the queue empty *began* are enforced. An endless flood of replies
    /// does not hold deadlines up for ever: after [`PATIENCE`] they are enforced all the same.
    fn tick(&mut self, caught_up: bool) -> Duration {
        let now = self.replies.clock.elapsed();
        let due = now.saturating_sub(self.swept) >= BETWEEN_SWEEPS;
        if due {
            self.replies.coarse_clock.refresh(now, &*self.replies.clock);
        }
        if mutant!("timeout_beats_arrived_reply") {
            self.sweep(now, now);
        }
        if caught_up {
            self.behind_since = None;
            let until = std::mem::replace(&mut self.read_until, now);
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
        if self.replies.calls.len() > MANY {
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
        if !self.replies.path.lost(self.opening) {
            return;
        }
        self.replies.metrics.path_lost.increment(1);
        if !mutant!("path_lost_not_told") {
            self.replies.calls.fail_all(
                |_, waiter| waiter.fail(Failure::ReplyPathLost(error.clone())),
                Waiter::wake,
            );
        }
        // Full means that the supervisor already has a reason to reopen.
        let _ = self.faults.try_send(error);
    }
}

/// What is left to do when a reply has been offered to a call, once the slot's lock is free.
#[derive(Default)]
struct Aside {
    /// The caller that reads replies as they come.
    waker: Option<Waker>,
    /// The reply was not kept.
    stray: Option<StrayKind>,
}

/// Offers a reply to the call that it names.
fn accept(waiter: &mut Waiter, arrived: &Arrived<'_>, aside: &mut Aside) -> Step<Outcome> {
    let mailbox = match waiter {
        Waiter::Gather(mailbox) => mailbox,
        Waiter::Single(_) => {
            let (id, head) = (arrived.id, arrived.head);
            let reply = match head.status() {
                None => Ok(Reply::with_head(id, arrived.record, head, arrived.headers)),
                Some(status) => Err(Failure::Status(status)),
            };
            return Step::Finish(Outcome::single(reply));
        }
    };
    match mailbox.put(arrived) {
        Put::Kept(waker) => aside.waker = waker,
        Put::Refused(kind) => aside.stray = Some(kind),
        Put::Complete => {
            if let Some(mailbox) = waiter.take_mailbox() {
                return Step::Finish(Outcome::gather(mailbox, None));
            }
        }
    }
    Step::Keep
}
