//! Scatter-gather: several replies to one question, with a minimum.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use antiphon_proto::{
    Executed, GatherRule, ReplyHead, Step, Verdict, Vote, VoteLimits, Votes, decode_identity,
};
use futures::{
    Stream,
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};

use super::{
    core::{Admitted, Core},
    entry::Entry,
    reply::Reply,
    stray::StrayKind,
    waiter::{Collector, Ended, Ending, Failure, Waiter},
};
use crate::{
    error::{RequestError, RequestErrorKind},
    transport::Record,
};

/// One reply of a gather.
#[derive(Clone, Debug)]
pub struct GatherReply {
    target: Arc<str>,
    reply: Reply,
}

impl GatherReply {
    /// The request topic that was asked.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Who answered, as `<service>/<version>/<instance>`; `None` for a reply without our header.
    pub fn responder(&self) -> Option<&str> {
        self.reply.responder()
    }

    /// What it answered.
    pub fn reply(&self) -> &Reply {
        &self.reply
    }
}

/// A target, or a responder, that gave no usable reply.
#[derive(Debug)]
pub struct Missing {
    target: Arc<str>,
    error: RequestError,
}

impl Missing {
    /// The request topic that was asked.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Why there is no reply, and whether the work ran there.
    pub fn error(&self) -> &RequestError {
        &self.error
    }
}

/// What a gather brought in.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The replies, in order of arrival.
    pub replies: Vec<GatherReply>,
    /// What is missing. After a gather that ended with its minimum: the targets of a scatter that
    /// had not answered by then (cancelled, maybe executed), and responders that answered with an
    /// error.
    pub missing: Vec<Missing>,
    /// Replies beyond what was asked for, or beyond the limits, until the end.
    pub surplus: u64,
    /// Second votes of a responder, until the end.
    pub duplicates: u64,
}

/// A gather that did not reach its minimum. It carries what arrived.
#[derive(Debug)]
pub struct GatherError {
    error: RequestError,
    gathered: Gathered,
}

impl GatherError {
    pub(crate) fn refused(error: RequestError) -> Self {
        Self {
            error,
            gathered: Gathered::default(),
        }
    }

    /// The error as a request's: kind, certainty, topic. `BelowMinimum` when the deadline passed
    /// with too few replies; its certainty is the weakest of what is missing.
    pub fn error(&self) -> &RequestError {
        &self.error
    }

    /// What arrived all the same, and what is missing.
    pub fn gathered(&self) -> &Gathered {
        &self.gathered
    }

    /// What arrived, to keep.
    pub fn into_gathered(self) -> Gathered {
        self.gathered
    }
}

impl fmt::Display for GatherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl std::error::Error for GatherError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.error)
    }
}

/// The replies of a scatter or a gather as they come.
///
/// Ends when the rule is met or the deadline has passed. An `Err` item is a target or responder
/// that will give no reply; it does not end the stream. Dropping the stream frees what it holds
/// in the client; requests that are out already may still be executed.
#[must_use = "a stream does nothing unless polled"]
pub struct GatherStream {
    source: Source,
    rule: GatherRule,
    counted: u32,
    surplus: u64,
    duplicates: u64,
    done: bool,
}

enum Source {
    /// A scatter: one call per target.
    Calls {
        running: FuturesUnordered<BoxFuture<'static, (Arc<str>, Outcome)>>,
        open: Vec<Arc<str>>,
    },
    /// A gather: one call, several replies.
    Entry {
        core: Arc<Core>,
        admitted: Option<Box<Admitted>>,
        entry: Option<Entry>,
        rest: VecDeque<Item>,
    },
}

/// How the call to one target ended.
type Outcome = Result<Reply, RequestError>;

/// A reply, or a responder's error.
pub(crate) type Item = Result<GatherReply, Missing>;

impl GatherStream {
    pub(crate) fn of_calls(
        rule: GatherRule,
        calls: Vec<(Arc<str>, BoxFuture<'static, Outcome>)>,
    ) -> Self {
        let open = calls.iter().map(|(target, _)| Arc::clone(target)).collect();
        let running = calls
            .into_iter()
            .map(|(target, call)| -> BoxFuture<'static, _> {
                Box::pin(async move { (target, call.await) })
            })
            .collect();
        Self::new(rule, Source::Calls { running, open })
    }

    pub(crate) fn of_entry(rule: GatherRule, core: Arc<Core>, admitted: Admitted) -> Self {
        let source = Source::Entry {
            core,
            admitted: Some(Box::new(admitted)),
            entry: None,
            rest: VecDeque::new(),
        };
        Self::new(rule, source)
    }

    fn new(rule: GatherRule, source: Source) -> Self {
        Self {
            source,
            rule,
            counted: 0,
            surplus: 0,
            duplicates: 0,
            done: false,
        }
    }

    /// Collects until the end.
    ///
    /// # Errors
    /// Below the minimum; the error carries what arrived.
    pub(crate) async fn collect_all(mut self) -> Result<Gathered, GatherError> {
        let mut gathered = Gathered::default();
        while let Some(item) = self.next().await {
            match item {
                Ok(reply) => gathered.replies.push(reply),
                Err(missing) => gathered.missing.push(missing),
            }
        }
        gathered.missing.extend(self.not_waited_for());
        gathered.surplus = self.surplus;
        gathered.duplicates = self.duplicates;
        if self.counted >= self.rule.min {
            return Ok(gathered);
        }
        Err(GatherError {
            error: below_minimum(self.rule.min, &gathered),
            gathered,
        })
    }

    /// The targets of a scatter whose calls are given up because it has enough.
    fn not_waited_for(&mut self) -> Vec<Missing> {
        let Source::Calls { running, open } = &mut self.source else {
            return Vec::new();
        };
        running.clear();
        let given_up = std::mem::take(open).into_iter().map(|target| {
            let detail = "given up: the gather had enough replies";
            let error = RequestError::new(RequestErrorKind::Cancelled, Executed::Maybe, detail);
            Missing {
                error: error.on(&target, None),
                target,
            }
        });
        given_up.collect()
    }

    fn note(&mut self, item: &Item) {
        if item.is_ok() {
            self.counted += 1;
        }
        let enough =
            self.rule.until == antiphon_proto::Until::Minimum && self.counted >= self.rule.min;
        if enough || self.rule.max.is_some_and(|max| self.counted >= max) {
            self.done = true;
        }
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        match &mut self.source {
            Source::Calls { running, open } => {
                let Some((target, result)) = std::task::ready!(running.poll_next_unpin(cx)) else {
                    return Poll::Ready(None);
                };
                if let Some(at) = open.iter().position(|open| *open == target) {
                    open.swap_remove(at);
                }
                Poll::Ready(Some(item(target, result)))
            }
            Source::Entry { .. } => self.poll_entry(cx),
        }
    }

    fn poll_entry(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let Source::Entry {
            core,
            admitted,
            entry,
            rest,
        } = &mut self.source
        else {
            return Poll::Ready(None);
        };
        if let Some(admitted) = admitted.take() {
            let target = Arc::clone(&admitted.draft.topic);
            let collector = Collector::new(&target, self.rule, core, cx.waker());
            let waiter = Waiter::Many(Box::new(collector));
            match Entry::start(core, *admitted, waiter) {
                Ok(started) => *entry = Some(started),
                Err(error) => return Poll::Ready(Some(Err(Missing { target, error }))),
            }
        }
        if let Some(live) = entry {
            match live.poll_collected(cx) {
                Collected::Item(item) => return Poll::Ready(Some(item)),
                Collected::Nothing => return Poll::Pending,
                Collected::Ended(ended) => {
                    let failure = match ended {
                        Some(ended) => {
                            self.surplus = ended.collector.surplus();
                            self.duplicates = ended.collector.votes.duplicates();
                            let enough = ended.collector.votes.is_satisfied();
                            *rest = ended.collector.unread;
                            // Who waits for the deadline, and has enough by then, misses nothing.
                            ended
                                .failure
                                .filter(|failure| !(enough && matches!(failure, Failure::TimedOut)))
                        }
                        None => Some(Failure::Closed),
                    };
                    if let Some(failure) = failure {
                        let target = Arc::clone(live.target_name());
                        let error = live.finished(failure.into());
                        rest.push_back(Err(Missing { target, error }));
                    }
                    *entry = None;
                }
            }
        }
        Poll::Ready(rest.pop_front())
    }
}

impl Stream for GatherStream {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        if self.done {
            return Poll::Ready(self.leftover());
        }
        let item = std::task::ready!(self.poll_item(cx));
        match &item {
            Some(item) => self.note(item),
            None => self.done = true,
        }
        Poll::Ready(item)
    }
}

impl GatherStream {
    /// After the rule has been met: errors of responders that had come in before. Replies beyond
    /// the rule were never kept.
    fn leftover(&mut self) -> Option<Item> {
        let (entry, rest) = match &mut self.source {
            Source::Entry { entry, rest, .. } => (entry, rest),
            Source::Calls { running, .. } => {
                running.clear();
                return None;
            }
        };
        if let Some(mut live) = entry.take()
            && let Collected::Ended(Some(ended)) =
                live.poll_collected(&Context::from_waker(Waker::noop()))
        {
            self.surplus = ended.collector.surplus();
            self.duplicates = ended.collector.votes.duplicates();
            *rest = ended.collector.unread;
        }
        rest.pop_front()
    }
}

impl fmt::Debug for GatherStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatherStream")
            .field("rule", &self.rule)
            .field("counted", &self.counted)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

fn item(target: Arc<str>, result: Result<Reply, RequestError>) -> Item {
    match result {
        Ok(reply) => Ok(GatherReply { target, reply }),
        Err(error) => Err(Missing { target, error }),
    }
}

/// The weakest certainty among what is missing: `No` only if nothing that is missing ran.
fn below_minimum(min: u32, gathered: &Gathered) -> RequestError {
    let got = gathered.replies.len();
    let nothing_ran = got == 0
        && !gathered.missing.is_empty()
        && gathered
            .missing
            .iter()
            .all(|missing| missing.error.executed() == Executed::No);
    let executed = if nothing_ran {
        Executed::No
    } else {
        Executed::Maybe
    };
    let detail = format!("{got} of at least {min} replies arrived");
    RequestError::new(RequestErrorKind::BelowMinimum, executed, detail)
}

/// What the slot of a gather has for its reader.
enum Collected {
    Item(Item),
    Nothing,
    /// `None`: the slot was already gone.
    Ended(Option<Box<Ended>>),
}

impl Entry {
    fn poll_collected(&mut self, cx: &Context<'_>) -> Collected {
        // The old waker is dropped after the slot's lock: a drop may run foreign code.
        let mut old = None;
        let unread = self
            .core()
            .calls
            .with_waiter(self.id(), |waiter| match waiter {
                Waiter::Many(collector) => {
                    let item = collector.unread.pop_front();
                    if item.is_none() {
                        old = collector.waker.replace(cx.waker().clone());
                    }
                    item
                }
                Waiter::One(_) => None,
            });
        drop(old);
        match unread {
            Some(Some(item)) => Collected::Item(item),
            Some(None) => Collected::Nothing,
            None => self.take_collected(),
        }
    }

    fn take_collected(&mut self) -> Collected {
        use antiphon_proto::Taken;
        let ended = match self.core().calls.poll(self.id()) {
            Taken::Done(Ending::Many(ended)) => Some(ended),
            Taken::Done(Ending::One(_)) | Taken::Waiting | Taken::Gone => None,
        };
        self.taken();
        Collected::Ended(ended)
    }
}

impl Collector {
    fn new(target: &Arc<str>, rule: GatherRule, core: &Core, waker: &Waker) -> Self {
        let limits = VoteLimits {
            max_distinct: core.config.gather.max_responders,
            max_bytes: usize::try_from(core.config.gather.max_bytes).unwrap_or(usize::MAX),
        };
        Self {
            target: Arc::clone(target),
            waker: Some(waker.clone()),
            votes: Votes::new(rule, limits),
            unread: VecDeque::new(),
            errors: 0,
            max_errors: limits.max_distinct,
            surplus_errors: 0,
        }
    }

    fn surplus(&self) -> u64 {
        self.votes.surplus() + self.surplus_errors
    }
}

/// Takes a reply into a gather, on the reply thread. `woken` is to be woken after the slot's lock
/// is free; `stray` says why the reply was not kept.
pub(crate) fn accept(
    waiter: &mut Waiter,
    head: &ReplyHead<'_>,
    record: &Record<'_>,
    headers: &[(&[u8], Option<&[u8]>)],
    woken: &mut Option<Waker>,
    stray: &mut Option<StrayKind>,
) -> Step<Ending> {
    let Waiter::Many(collector) = waiter else {
        return Step::Keep;
    };
    let kept = match head.status() {
        Some(status) => collector.accept_error(Failure::Status(status)),
        None => collector.accept_reply(head, record, headers),
    };
    if let Err(kind) = kept {
        *stray = Some(kind);
        return Step::Keep;
    }
    if collector.votes.verdict() == Verdict::Open {
        *woken = collector.waker.take();
        return Step::Keep;
    }
    match waiter.take_collector() {
        Some(collector) => Step::Finish(Ending::Many(Box::new(Ended {
            collector,
            failure: None,
        }))),
        None => Step::Keep,
    }
}

impl Collector {
    /// One vote per service: instances of one group answer twice only after a redelivery.
    fn accept_reply(
        &mut self,
        head: &ReplyHead<'_>,
        record: &Record<'_>,
        headers: &[(&[u8], Option<&[u8]>)],
    ) -> Result<(), StrayKind> {
        let identity = head.fields.responder.and_then(decode_identity);
        let service = identity.map_or_else(String::new, |[service, _, _]| service);
        let bytes = record.value.map_or(0, <[u8]>::len);
        match self.votes.vote(&service, bytes) {
            Vote::Counted => {
                self.unread.push_back(Ok(GatherReply {
                    target: Arc::clone(&self.target),
                    reply: Reply::with_head(record, head, headers),
                }));
                Ok(())
            }
            Vote::Duplicate => Err(StrayKind::Duplicate),
            Vote::Surplus => Err(StrayKind::Surplus),
        }
    }

    /// An error is no vote: another instance of the service may still answer.
    fn accept_error(&mut self, failure: Failure) -> Result<(), StrayKind> {
        if self.errors >= self.max_errors {
            self.surplus_errors += 1;
            return Err(StrayKind::Surplus);
        }
        self.errors += 1;
        let target = Arc::clone(&self.target);
        let error = RequestError::from(failure).on(&target, None);
        self.unread.push_back(Err(Missing { target, error }));
        Ok(())
    }
}
