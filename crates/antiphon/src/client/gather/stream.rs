//! Replies as they come: of the calls of a scatter, or of the one call of a gather.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use antiphon_proto::{Executed, GatherRule, Taken, Verdict};
use futures::{
    Stream,
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};

use super::{
    super::{
        core::{Admitted, Core},
        entry::Entry,
        reply::Reply,
        waiter::{Collector, Ended, Ending, Failure, Other, Waiter},
    },
    GatherError, GatherReply, Gathered, Item, Missing, below_minimum,
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
        running: FuturesUnordered<BoxFuture<'static, (Arc<str>, Outcome)>>,
        open: Vec<Arc<str>>,
    },
    /// A gather: one call, several replies.
    Entry {
        admitted: Option<Box<Admitted<Arc<Core>>>>,
        entry: Option<Entry<Arc<Core>>>,
        rest: VecDeque<Item>,
    },
}

/// How the call to one target ended.
type Outcome = Result<Reply, RequestError>;

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

    pub(crate) fn of_entry(rule: GatherRule, mut admitted: Admitted<Arc<Core>>) -> Self {
        admitted.place.keep();
        let source = Source::Entry {
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
        if self.rule.is_satisfied(self.counted) {
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
            Source::Entry { .. } => self.poll_entry(cx),
        }
    }

    fn poll_entry(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let Source::Entry {
            admitted,
            entry,
            rest,
        } = &mut self.source
        else {
            return Poll::Ready(None);
        };
        if let Some(admitted) = admitted.take() {
            let core = Arc::clone(admitted.place.core());
            let target = Arc::clone(admitted.target.name());
            let collector = Collector::new(&target, self.rule, &core, cx.waker());
            let waiter = Waiter::Many(Box::new(collector));
            // The stream may be polled long after its admission.
            let now = core.clock.elapsed();
            match Entry::start(*admitted, waiter, now) {
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
                        let target = Arc::clone(live.target().name());
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

/// What the slot of a gather has for its reader.
enum Collected {
    Item(Item),
    Nothing,
    /// `None`: the slot was already gone.
    Ended(Option<Ended>),
}

impl Entry<Arc<Core>> {
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
        let ended = match self.core().calls.poll(self.id()) {
            Taken::Done(Ending::Other(other)) => match *other {
                Other::Many(ended) => Some(ended),
                Other::One(_) => None,
            },
            Taken::Done(Ending::Plain(_)) | Taken::Waiting | Taken::Gone => None,
        };
        self.taken();
        Collected::Ended(ended)
    }
}
