//! The producer.

pub(crate) mod acknowledged;
pub(crate) mod core;
pub(crate) mod outgoing;
pub(crate) mod report;
mod shutdown;
pub(crate) mod topic;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rdkafka_sys::{RD_KAFKA_EVENT_DR, RD_KAFKA_EVENT_ERROR, rd_kafka_resp_err_t as Code};

use crate::client::Client;
use crate::client::in_use_count::InUseCount;
use crate::client::role::Role;
use crate::event::Event;
use crate::event::queue::Queue;
use crate::producer::acknowledged::Interceptor;
use crate::producer::core::ProducerCore;
use crate::producer::topic::Topic;
use crate::{CloseHandle, Error, OnAcknowledged, Outgoing, Properties, ReportBatch};

/// How many events one call of `poll_events` serves at most.
const EVENTS_PER_POLL: usize = 1_000;

/// The `partitioner` chooses.
const ANY_PARTITION: i32 = -1;

/// Which deliveries are reported.
#[derive(Clone)]
pub enum Reports {
    /// Those that failed. Saves the wake of a thread for each batch that succeeds.
    ErrorsOnly,
    /// All.
    All,
    /// Those that failed by an event; those that the brokers acknowledged by a call, as soon as
    /// the answer is read. A message is reported in one of the two ways, and once.
    Acknowledged(OnAcknowledged),
}

impl fmt::Debug for Reports {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::ErrorsOnly => "ErrorsOnly",
            Self::All => "All",
            Self::Acknowledged(_) => "Acknowledged",
        })
    }
}

/// What a producer has to say.
#[derive(Debug)]
pub enum ProducerEvent<'a> {
    /// Deliveries have ended.
    Reports(ReportBatch<'a>),
    /// Something failed that librdkafka tries again by itself, for example a connection.
    Error(Error),
    /// The producer can do no more work: build a new one.
    Fatal(Error),
}

/// A handle to a producer; clones share it.
///
/// Dropping the last clone discards what is still queued, without blocking; call
/// [`close`](Self::close) to have it delivered.
#[derive(Debug, Clone)]
pub struct Producer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    core: Arc<ProducerCore>,
    closing: OnceLock<CloseHandle>,
}

impl Producer {
    /// Builds a producer. Does not wait for a connection; does not block.
    ///
    /// `allow.auto.create.topics` is `false` unless it is given, so that no question about a
    /// topic creates it.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) with the name of the property.
    pub fn new(props: &Properties, reports: Reports) -> Result<Self, Error> {
        let mut props = props.clone();
        props.set_default("allow.auto.create.topics", "false");
        let errors_only = !matches!(reports, Reports::All);
        props.set("delivery.report.only.error", errors_only.to_string());
        let (client, interceptor) = build(&props, reports)?;
        // SAFETY: the client is alive and the reference that is returned is ours. A producer
        // always has a main queue.
        let events = unsafe { Queue::from_ptr(rdkafka_sys::rd_kafka_queue_get_main(client.rk()))? };
        let core = ProducerCore {
            client,
            events,
            topics: Arc::default(),
            interceptor,
            sends: InUseCount::default(),
            polls: AtomicUsize::new(0),
        };
        Ok(Self(Arc::new(Inner {
            core: Arc::new(core),
            closing: OnceLock::new(),
        })))
    }

    /// A handle for sending to a topic. Does not block, and does not ask whether it exists.
    ///
    /// # Errors
    ///
    /// The name is not one, or the producer is closed.
    pub fn topic(&self, name: &str) -> Result<Topic, Error> {
        let core = &self.0.core;
        core.while_sending("opening a topic", || core.topics.open(&core.client, name))?
    }

    /// Puts a message in the queue. Never blocks.
    ///
    /// # Errors
    ///
    /// The message was not queued and there will be no report:
    /// [`QueueFull`](crate::ErrorKind::QueueFull),
    /// [`MessageTooLarge`](crate::ErrorKind::MessageTooLarge),
    /// [`UnknownTopic`](crate::ErrorKind::UnknownTopic) or
    /// [`UnknownPartition`](crate::ErrorKind::UnknownPartition) as far as is known by now,
    /// [`Fatal`](crate::ErrorKind::Fatal), [`Closed`](crate::ErrorKind::Closed).
    pub fn send<N: AsRef<[u8]>>(&self, record: &Outgoing<'_, N>) -> Result<(), Error> {
        const WHAT: &str = "sending a message";
        let core = &self.0.core;
        let Some(topic) = record.topic.handle(&core.topics) else {
            return Err(Error::invalid(WHAT, "the topic is of another producer"));
        };
        if record.partition < ANY_PARTITION {
            let code = Code::RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION as i32;
            return Err(Error::of_code(WHAT, code));
        }
        let code = core.while_sending(WHAT, || {
            // SAFETY: while sends are let in the client is not destroyed, and the handle is one
            // of its topics with a live reference.
            unsafe { record.produce(core.client.rk(), topic) }
        })?;
        Error::check(WHAT, code)
    }

    /// Serves the events: waits up to `timeout` for the first, then handles what is there.
    /// Returns how many events there were, at once 0 if the producer is closed.
    ///
    /// While a close is flushing, the reports still come through here.
    pub fn poll_events(&self, timeout: Duration, f: &mut dyn FnMut(ProducerEvent<'_>)) -> usize {
        let core = &self.0.core;
        let Ok(inside) = core.client.enter("polling for events") else {
            return 0;
        };
        core.polls.fetch_add(1, Ordering::Relaxed);
        let mut served = 0;
        let mut wait = timeout;
        while served < EVENTS_PER_POLL {
            let Some(event) = core.events.poll(&inside, wait) else {
                break;
            };
            hand_over(&event, f);
            served += 1;
            wait = Duration::ZERO;
        }
        served
    }

    /// Makes a blocked [`poll_events`](Self::poll_events) return soon; the next one, if none is.
    pub fn wake(&self) {
        if let Ok(inside) = self.client().enter("waking a poll") {
            self.0.core.events.wake(&inside);
        }
    }

    /// Messages that are queued or on their way, and events that wait for a poll.
    #[must_use]
    pub fn queue_len(&self) -> usize {
        let Ok(inside) = self.client().enter("asking for the length of the queue") else {
            return 0;
        };
        // SAFETY: the client is alive while `inside` is.
        let len = unsafe { rdkafka_sys::rd_kafka_outq_len(inside.rk()) };
        usize::try_from(len).unwrap_or(0)
    }

    /// Why the producer can do no more work, if that is so.
    #[must_use]
    pub fn fatal_error(&self) -> Option<Error> {
        self.client().fatal_error()
    }

    /// Whether a close has started.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.core.sends.is_closed()
    }

    /// Closes the producer, for all clones. Does not block.
    ///
    /// On a thread of its own: what is queued is delivered, up to `deadline`; the rest is given
    /// up, with reports of kind [`PurgedQueue`](crate::ErrorKind::PurgedQueue) or
    /// [`PurgedInFlight`](crate::ErrorKind::PurgedInFlight); then the client is destroyed. Keep
    /// calling [`poll_events`](Self::poll_events) on a clone to see the last reports; they are
    /// discarded otherwise. A second close returns the handle of the first.
    pub fn close(self, deadline: Duration) -> CloseHandle {
        self.0.close(deadline)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.core.client
    }
}

impl Inner {
    fn close(&self, deadline: Duration) -> CloseHandle {
        let begin = || {
            self.core.sends.close();
            let handle = CloseHandle::new();
            let core = Arc::clone(&self.core);
            let name = core.client.name();
            handle.run(&name, move || shutdown::run(&core, deadline));
            handle
        };
        self.closing.get_or_init(begin).clone()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let _ = self.close(Duration::ZERO);
    }
}

fn build(props: &Properties, reports: Reports) -> Result<(Client, Option<Interceptor>), Error> {
    let conf = props.to_conf(Role::Producer, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR)?;
    let interceptor = match reports {
        Reports::Acknowledged(tell) => Some(Interceptor::install(&conf, tell)?),
        Reports::ErrorsOnly | Reports::All => None,
    };
    match Client::with_conf(Role::Producer, conf) {
        Ok(client) => Ok((client, interceptor)),
        Err(error) => {
            if let Some(interceptor) = interceptor {
                // SAFETY: no client was made, and the configuration is gone.
                unsafe { interceptor.destroy() }
            }
            Err(error)
        }
    }
}

fn hand_over(event: &Event<'_>, f: &mut dyn FnMut(ProducerEvent<'_>)) {
    match event.kind() {
        RD_KAFKA_EVENT_DR => f(ProducerEvent::Reports(ReportBatch::new(event))),
        RD_KAFKA_EVENT_ERROR => {
            let error = event.error("producing");
            f(if error.is_fatal() {
                ProducerEvent::Fatal(error)
            } else {
                ProducerEvent::Error(error)
            });
        }
        kind => tracing::debug!(kind, "an event that no one asked for"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_fatal_error_is_told_and_stays() {
        let mut properties = Properties::new();
        properties.set("enable.idempotence", "true");
        let producer = Producer::new(&properties, Reports::All).unwrap();
        let topic = producer.topic("t").unwrap();
        assert!(producer.fatal_error().is_none());
        // SAFETY: the client is alive while `producer` is.
        unsafe {
            let code = Code::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
            let rk = producer.client().rk();
            rdkafka_sys::rd_kafka_test_fatal_error(rk, code, c"as the test wants".as_ptr());
        }
        let mut fatal = None;
        while fatal.is_none() {
            producer.poll_events(Duration::from_secs(10), &mut |event| match event {
                ProducerEvent::Fatal(error) => fatal = Some(error),
                other => panic!("{other:?}"),
            });
        }
        let fatal = fatal.unwrap();
        assert!(fatal.is_fatal());
        assert_eq!(fatal.kind(), ErrorKind::Fenced);
        assert!(fatal.to_string().contains("as the test wants"), "{fatal}");
        let record = Outgoing {
            topic: &topic,
            partition: 0,
            key: None,
            value: None,
            headers: &[] as &[(&str, _)],
            token: 0,
        };
        let refused = producer.send(&record).unwrap_err();
        assert_eq!(
            (refused.kind(), refused.is_fatal()),
            (ErrorKind::Fatal, true)
        );
        assert_eq!(producer.fatal_error().unwrap().kind(), ErrorKind::Fenced);
    }
}
