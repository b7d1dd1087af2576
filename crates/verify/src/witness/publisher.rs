//! What is written, and what became of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon::transport::{Delivery, DeliverySink, Outgoing, Publisher, TopicRef, TransportError};
use antiphon_proto::{Code, HeadLimits, ReplyHead, header};
use futures::future::BoxFuture;

use crate::history::{At, CallId, Event, Key, Recorder, ReplyPayload, RequestPayload, Role};

/// What is under way, by token. A requester hears only of failures, so most of what it sent stays
/// here: a run is short, and its product's tokens come again.
#[derive(Debug, Default)]
pub(super) struct Sent(Mutex<HashMap<u64, One>>);

#[derive(Clone, Debug)]
struct One {
    id: Arc<str>,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Request(CallId),
    Reply,
    Other,
}

impl Sent {
    fn all(&self) -> MutexGuard<'_, HashMap<u64, One>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, token: u64, possibly_stored: bool) -> Option<Event> {
        let One { id, what } = self.all().get(&token)?.clone();
        match what {
            What::Request(call) => Some(Event::SendFailed {
                call,
                id,
                possibly_stored,
            }),
            What::Reply => Some(Event::ReplyFailed {
                id,
                possibly_stored,
            }),
            What::Other => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct WatchedPublisher {
    pub(super) inner: Arc<dyn Publisher>,
    pub(super) recorder: Arc<dyn Recorder>,
    pub(super) sent: Arc<Sent>,
    pub(super) role: Role,
    pub(super) key: Key,
}

impl WatchedPublisher {
    /// Written down first: the report may come before the call returns.
    fn announce(&self, record: &Outgoing<'_>) {
        let id = text(record, header::CORRELATION_ID).unwrap_or_default();
        let to = At {
            topic: Arc::clone(record.topic.name()),
            partition: record.partition,
        };
        let what = match (
            self.role,
            RequestPayload::decode(record.value.unwrap_or_default()),
        ) {
            (Role::Responder, _) => What::Reply,
            (_, Some(request)) => What::Request(request.call),
            _ => What::Other,
        };
        let one = One {
            id: Arc::clone(&id),
            what,
        };
        self.sent.all().insert(record.token, one);
        match what {
            What::Request(call) => self.recorder.record(Event::Sent { call, id, to }),
            What::Reply => self.recorder.record(self.reply(record, id, to)),
            What::Other => {}
        }
    }

    fn reply(&self, record: &Outgoing<'_>, id: Arc<str>, to: At) -> Event {
        let headers = record.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_bytes(), *value));
        let head = ReplyHead::decode(headers, HeadLimits::default());
        let status = head.as_ref().ok().and_then(ReplyHead::status);
        let facts = record.value.and_then(ReplyPayload::decode);
        Event::Replied {
            id,
            to,
            code: match (&head, &status) {
                (Ok(_), None) => Code::Ok.as_str().into(),
                (Ok(_), Some(status)) => status.code().as_str().into(),
                (Err(_), _) => "MALFORMED".into(),
            },
            executed: status.map(|status| status.executed().into()),
            facts: facts.map(|reply| reply.facts(self.key)),
        }
    }
}

impl Publisher for WatchedPublisher {
    fn topic(&self, name: &str) -> Result<TopicRef, TransportError> {
        self.inner.topic(name)
    }

    fn publish(&self, record: &Outgoing<'_>) -> Result<(), TransportError> {
        self.announce(record);
        let published = self.inner.publish(record);
        if published.is_err()
            && let Some(event) = self.sent.failed(record.token, false)
        {
            self.recorder.record(event);
        }
        published
    }

    fn close(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        self.inner.close(deadline)
    }
}

fn text(record: &Outgoing<'_>, header: &str) -> Option<Arc<str>> {
    let mut headers = record.headers.iter();
    let (_, value) = headers.find(|(name, _)| *name == header)?;
    value.map(|value| String::from_utf8_lossy(value).into())
}

pub(super) struct WatchedReports {
    pub(super) inner: Arc<dyn DeliverySink>,
    pub(super) recorder: Arc<dyn Recorder>,
    pub(super) sent: Arc<Sent>,
}

impl DeliverySink for WatchedReports {
    fn wants_success(&self) -> bool {
        self.inner.wants_success()
    }

    fn delivered(&self, batch: &mut dyn Iterator<Item = Delivery>) {
        let mut watched = batch.inspect(|delivery| match &delivery.result {
            Ok(()) => self.stored(delivery.token),
            Err(failure) => {
                let event = self.sent.failed(delivery.token, failure.possibly_persisted);
                event
                    .into_iter()
                    .for_each(|event| self.recorder.record(event));
            }
        });
        self.inner.delivered(&mut watched);
    }

    fn acknowledged(&self, token: u64) {
        self.stored(token);
        self.inner.acknowledged(token);
    }

    fn fault(&self, error: TransportError) {
        self.inner.fault(error);
    }
}

impl WatchedReports {
    fn stored(&self, token: u64) {
        let one = self.sent.all().remove(&token);
        if let Some(One {
            id,
            what: What::Reply,
        }) = one
        {
            self.recorder.record(Event::ReplyStored { id });
        }
    }
}
