//! Replies as they come: of the calls of a scatter, or of the one call of a gather.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use antiphon_proto::{Executed, GatherRule, Verdict};
use futures::{
    Stream,
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};

use super::{
    super::{
        call::{Admitted, InFlight},
        mailbox::Mailbox,
        reply::Reply,
        table::{BoxedOutcome, Failure, GatherOutcome, Outcome, Waiter},
    },
    Collector, GatherError, GatherReply, Gathered, Item, Missing, below_minimum,
};
use crate::error::{RequestError, RequestErrorKind};

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
        running: FuturesUnordered<BoxFuture<'static, (Arc<str>, CallResult)>>,
        open: Vec<Arc<str>>,
    },
    /// A gather: one call, several replies.
    Mailbox {
        admitted: Option<Box<Admitted>>,
        call: Option<InFlight>,
        rest: VecDeque<Item>,
    },
}

/// How the call to one target ended.
type CallResult = Result<Reply, RequestError>;

impl GatherStream {
    pub(crate) fn of_calls(
        rule: GatherRule,
        calls: Vec<(Arc<str>, BoxFuture<'static, CallResult>)>,
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

    pub(crate) fn of_mailbox(rule: GatherRule, mut admitted: Admitted) -> Self {
        admitted.permit.hold();
        let source = Source::Mailbox {
            admitted: Some(Box::new(admitted)),
            call: None,
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
            gathered.push(item);
        }
        self.finish(gathered)
    }

    /// Adds what only the stream knows, and decides whether it is enough.
    pub(crate) fn finish<R>(
        mut self,
        mut gathered: Gathered<R>,
    ) -> Result<Gathered<R>, GatherError<R>> {
        gathered.missing.extend(self.not_waited_for());
        gathered.surplus = self.surplus;
        gathered.duplicates = self.duplicates;
        let counted = u32::try_from(gathered.replies.len()).unwrap_or(u32::MAX);
        if self.rule.is_satisfied(counted) {
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
        self.done = self.rule.verdict(self.counted) == Verdict::Complete;
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
            Source::Mailbox { .. } => self.poll_mailbox(cx),
        }
    }

    fn poll_mailbox(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let Source::Mailbox {
            admitted,
            call,
            rest,
        } = &mut self.source
        else {
            return Poll::Ready(None);
        };
        if let Some(admitted) = admitted.take() {
            match start(*admitted, self.rule, cx.waker()) {
                Ok(started) => *call = Some(started),
                Err(missing) => return Poll::Ready(Some(Err(missing))),
            }
        }
        if let Some(live) = call {
            match live.poll_mailbox(cx) {
                Taken::Item(item) => return Poll::Ready(Some(item)),
                Taken::Nothing => return Poll::Pending,
                Taken::Ended(outcome) => {
                    let failure = match outcome {
                        Some(outcome) => {
                            let (unread, votes) = outcome.mailbox.into_parts();
                            self.surplus = votes.surplus();
                            self.duplicates = votes.duplicates();
                            *rest = unread;
                            // A caller that waits for the deadline, and has enough by then, misses
                            // nothing.
                            let enough = votes.is_satisfied();
                            outcome
                                .failure
                                .filter(|failure| !(enough && matches!(failure, Failure::TimedOut)))
                        }
                        None => Some(Failure::Closed),
                    };
                    if let Some(failure) = failure {
                        let error = live.finished(failure.into());
                        let target = live.topic_name();
                        rest.push_back(Err(Missing { target, error }));
                    }
                    *call = None;
                }
            }
        }
        Poll::Ready(rest.pop_front())
    }
}

/// Sends the request of a gather. The stream may be polled long after its admission.
fn start(admitted: Admitted, rule: GatherRule, waker: &Waker) -> Result<InFlight, Missing> {
    let inner = admitted.permit.inner();
    let topic = inner.topics.at(admitted.topic);
    let target = topic.map_or_else(Arc::default, |topic| Arc::clone(topic.name()));
    let policy = Collector::new(&target, rule, &inner.config.gather);
    let now = inner.clock.elapsed();
    let waiter = Waiter::Gather(Box::new(Mailbox::new(policy, waker)));
    InFlight::start(admitted, waiter, now).map_err(|error| Missing { target, error })
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
    /// After the rule is met: errors of responders that came in before. Replies beyond the rule were
    /// never kept.
    fn leftover(&mut self) -> Option<Item> {
        let (call, rest) = match &mut self.source {
            Source::Mailbox { call, rest, .. } => (call, rest),
            Source::Calls { running, .. } => {
                running.clear();
                return None;
            }
        };
        if let Some(mut live) = call.take()
            && let Taken::Ended(Some(outcome)) =
                live.poll_mailbox(&Context::from_waker(Waker::noop()))
        {
            let (unread, votes) = outcome.mailbox.into_parts();
            self.surplus = votes.surplus();
            self.duplicates = votes.duplicates();
            *rest = unread;
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

/// What the slot of a gather has for its reader.
enum Taken {
    Item(Item),
    Nothing,
    /// `None`: the slot was already gone.
    Ended(Option<GatherOutcome>),
}

impl InFlight {
    fn poll_mailbox(&mut self, cx: &Context<'_>) -> Taken {
        let taken = self
            .inner()
            .calls
            .with_waiter(self.id(), |waiter| match waiter {
                Waiter::Gather(mailbox) => mailbox.take(cx.waker()),
                Waiter::Single(_) => (None, None),
            });
        // The replaced waker is dropped here, outside of the slot's lock.
        match taken.map(|(item, _replaced)| item) {
            Some(Some(item)) => Taken::Item(item),
            Some(None) => Taken::Nothing,
            None => self.take_outcome(),
        }
    }

    fn take_outcome(&mut self) -> Taken {
        let outcome = match self.inner().calls.poll(self.id()) {
            antiphon_proto::Taken::Done(Outcome::Boxed(outcome)) => match *outcome {
                BoxedOutcome::Gather(outcome) => Some(outcome),
                BoxedOutcome::Single(_) => None,
            },
            _ => None,
        };
        self.taken();
        Taken::Ended(outcome)
    }
}
