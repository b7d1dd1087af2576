//! The consumer.

pub(crate) mod batch;
pub(crate) mod commit;
pub(crate) mod core;
pub(crate) mod events;
pub(crate) mod offsets;
pub(crate) mod partitions;
pub(crate) mod rebalance;
mod shutdown;
pub(crate) mod wake_up;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rdkafka_sys::{
    RD_KAFKA_EVENT_ERROR, RD_KAFKA_EVENT_OFFSET_COMMIT, RD_KAFKA_EVENT_REBALANCE,
    rd_kafka_poll_set_consumer, rd_kafka_queue_get_consumer, rd_kafka_queue_new,
    rd_kafka_resp_err_t as Code,
};

use crate::client::role::Role;
use crate::client::{Client, InUse};
use crate::consumer::batch::Batch;
use crate::consumer::core::ConsumerCore;
use crate::consumer::events::ConsumerEvents;
use crate::consumer::partitions::List;
use crate::consumer::wake_up::WakeUp;
use crate::event::Event;
use crate::event::queue::Queue;
use crate::ffi::sys;
use crate::{CloseHandle, Error, Properties};

/// How many events one call of `poll_events` serves at most.
const EVENTS_PER_POLL: usize = 1_000;

/// A subscription is to all partitions of a topic.
const ANY_PARTITION: i32 = -1;

/// How long the last handle gives the group to let it go.
const DROP_DEADLINE: Duration = Duration::from_secs(5);

/// A handle to a consumer; clones share it.
///
/// A consumer needs two drivers. A thread, or a task that [`on_records`](Self::on_records) wakes,
/// drains records with [`fill`](Self::fill). Another thread calls
/// [`poll_events`](Self::poll_events). Dropping the last clone closes the consumer without
/// blocking.
#[derive(Debug, Clone)]
pub struct Consumer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    core: Arc<ConsumerCore>,
    closing: OnceLock<CloseHandle>,
}

impl Consumer {
    /// Builds a consumer; `group.id` is required, also for one that only assigns by hand. Does
    /// not wait for a connection; does not block.
    ///
    /// Unless they are given, `allow.auto.create.topics`, `enable.auto.commit` and
    /// `enable.auto.offset.store` are `false`: offsets are committed by [`commit`](Self::commit)
    /// and [`commit_async`](Self::commit_async).
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) with the name of the property.
    pub fn new(props: &Properties) -> Result<Self, Error> {
        if props.get("group.id").is_none_or(str::is_empty) {
            return Err(Error::invalid(
                "configuring the client",
                "group.id is required",
            ));
        }
        let mut props = props.clone();
        for property in [
            "allow.auto.create.topics",
            "enable.auto.commit",
            "enable.auto.offset.store",
        ] {
            props.set_default(property, "false");
        }
        let events = RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_OFFSET_COMMIT;
        let client = Client::new(Role::Consumer, &props, events)?;
        // SAFETY: the client is alive and has a group, as it was given a `group.id`, so it has a
        // consumer queue; the references that are returned are ours.
        let (events, work) = unsafe {
            rd_kafka_poll_set_consumer(client.rk());
            let events = Queue::from_ptr(rd_kafka_queue_get_consumer(client.rk()))?;
            (events, Queue::from_ptr(rd_kafka_queue_new(client.rk()))?)
        };
        let core = Arc::new(ConsumerCore {
            client,
            events,
            work,
            woken: AtomicBool::new(false),
            wake_up: WakeUp::default(),
        });
        Ok(Self(Arc::new(Inner {
            core,
            closing: OnceLock::new(),
        })))
    }

    /// Joins the group for these topics, in place of earlier ones. A name that begins with `^` is
    /// a regular expression. Does not wait for partitions: they come through
    /// [`poll_events`](Self::poll_events).
    ///
    /// # Errors
    ///
    /// A name is not valid or twice in the list, or the consumer is closed.
    pub fn subscribe(&self, topics: &[&str]) -> Result<(), Error> {
        const WHAT: &str = "subscribing";
        let inside = self.enter(WHAT)?;
        let mut list = List::new(WHAT, topics.len())?;
        for topic in topics {
            list.add(WHAT, topic, ANY_PARTITION, None)?;
        }
        // SAFETY: the client is alive while `inside` is; librdkafka copies the list.
        Error::check(WHAT, unsafe {
            sys::rd_kafka_subscribe(inside.rk(), list.as_ptr())
        })
    }

    /// Fetches from these partitions from these offsets on, in place of earlier ones, without a
    /// group. Waits for librdkafka's own thread, not for a broker; nothing is missed after an
    /// explicit offset.
    ///
    /// # Errors
    ///
    /// A name or a number is not valid, or the consumer is closed.
    pub fn assign<S: AsRef<str>>(&self, parts: &[(S, i32, i64)]) -> Result<(), Error> {
        const WHAT: &str = "assigning partitions";
        let inside = self.enter(WHAT)?;
        let list = List::of_offsets(WHAT, parts)?;
        for (topic, partition, _) in parts {
            rebalance::forward(&self.0.core, &inside, topic.as_ref(), *partition)?;
        }
        // SAFETY: the client is alive while `inside` is; librdkafka copies the list.
        Error::check(WHAT, unsafe {
            sys::rd_kafka_assign(inside.rk(), list.as_ptr())
        })
    }

    /// Serves the events: waits up to `timeout` for the first, then handles what is there.
    /// Returns how many events there were, at once 0 if the consumer is closed.
    ///
    /// Call it regularly and from one thread, also for a consumer that assigns by hand:
    /// it tells the group that this member is alive (`max.poll.interval.ms`).
    pub fn poll_events(&self, timeout: Duration, handler: &mut dyn ConsumerEvents) -> usize {
        let Ok(inside) = self.enter("polling for events") else {
            return 0;
        };
        let mut served = 0;
        let mut wait = timeout;
        while served < EVENTS_PER_POLL {
            let Some(event) = self.0.core.events.poll(&inside, wait) else {
                break;
            };
            self.hand_over(&inside, &event, handler);
            served += 1;
            wait = Duration::ZERO;
        }
        served
    }

    /// Empties the batch and fills it with records: takes what is there, up to `max` and to the
    /// capacity of the batch; if that is nothing, waits up to `timeout` for one record. Returns
    /// how many it took, at once 0 if the consumer is closed.
    ///
    /// Errors of a partition come as elements of the batch.
    pub fn fill(&self, batch: &mut Batch, max: usize, timeout: Duration) -> usize {
        batch.fill(&self.0.core, max, timeout)
    }

    /// Registers a callback that runs when the empty queue receives a record; replaces an earlier
    /// one. For a reader that must not block.
    ///
    /// The callback is edge-triggered: it runs when a record comes to a consumer that has none
    /// waiting, and on [`wake`](Self::wake). It does not run again until a [`fill`](Self::fill) has
    /// taken all records, that is, has returned fewer than requested. So after registering, and
    /// after each call, `fill` until it returns less than requested.
    ///
    /// The callback runs on a thread of librdkafka, or inside of another call such as
    /// [`wake`](Self::wake), with a lock of librdkafka held: it may only wake a task or thread, and
    /// must not use this consumer. A panic in it is swallowed.
    ///
    /// # Errors
    ///
    /// The consumer is closed.
    pub fn on_records(&self, on_records: impl Fn() + Send + Sync + 'static) -> Result<(), Error> {
        let inside = self.enter("waiting for records")?;
        let core = &self.0.core;
        core.wake_up.set(&core.work, &inside, Box::new(on_records));
        Ok(())
    }

    /// Makes a blocked [`fill`](Self::fill) and a blocked [`poll_events`](Self::poll_events)
    /// return soon; the next one, if none is blocked. Runs the callback of
    /// [`on_records`](Self::on_records), unless records are waiting already.
    pub fn wake(&self) {
        if let Ok(inside) = self.enter("waking a poll") {
            self.0.core.wake(&inside);
        }
    }

    /// Why the consumer can do no more work, if that is so.
    #[must_use]
    pub fn fatal_error(&self) -> Option<Error> {
        self.client().fatal_error()
    }

    /// Whether a close has started.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client().in_use.is_closed()
    }

    /// Closes the consumer, for all clones. Does not block.
    ///
    /// On a thread of its own: blocked calls are woken, the group is left, and the client is
    /// destroyed when no call and no filled [`Batch`] is left. `deadline` is for leaving the
    /// group: after it the group waits for the session timeout. Partitions are given up
    /// without a call of [`revoked`](ConsumerEvents::revoked): commit before. A second close
    /// returns the handle of the first.
    pub fn close(self, deadline: Duration) -> CloseHandle {
        self.0.close(deadline)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.core.client
    }

    pub(crate) fn core(&self) -> &ConsumerCore {
        &self.0.core
    }

    pub(crate) fn enter(&self, what: &'static str) -> Result<InUse<'_>, Error> {
        self.client().enter(what)
    }

    fn hand_over(&self, inside: &InUse<'_>, event: &Event<'_>, handler: &mut dyn ConsumerEvents) {
        match event.kind() {
            RD_KAFKA_EVENT_REBALANCE => rebalance::serve(self, inside, event, handler),
            RD_KAFKA_EVENT_OFFSET_COMMIT => commit::tell(event, handler),
            RD_KAFKA_EVENT_ERROR => handler.error(event.error("consuming")),
            rdkafka_sys::RD_KAFKA_EVENT_FETCH => {
                let stray = Error::of_code("consuming", Code::RD_KAFKA_RESP_ERR__FAIL as i32);
                handler.error(stray.because("a record went past the work queue".to_owned()));
            }
            kind => tracing::debug!(kind, "an event that no one asked for"),
        }
    }
}

impl Inner {
    fn close(&self, deadline: Duration) -> CloseHandle {
        let begin = || {
            let name = self.core.client.name();
            self.core.client.in_use.close();
            let handle = CloseHandle::new();
            let core = Arc::clone(&self.core);
            handle.run(&name, move || shutdown::run(&core, deadline));
            handle
        };
        self.closing.get_or_init(begin).clone()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let _ = self.close(DROP_DEADLINE);
    }
}
