//! Decides what happens with each record: decode, allow-list, deadline, route.

use std::{sync::Arc, time::Duration};

use antiphon_proto::{Executed, RecentFields, Refusal, RequestHead, Status};

use crate::{
    service::{
        env::ServiceEnv,
        mode::{Arrival, Decision, at_least_once::AtLeastOnce},
        reply::address::Allowed,
        request::ReplyAt,
        router::{Route, Routes},
    },
    transport::Record,
    wire::{self, ReadHeaders},
};

/// Admits requests, one after the other.
pub(crate) struct Admission {
    env: Arc<ServiceEnv>,
    mode: AtLeastOnce,
    allowed: Allowed,
    clock_skew: Duration,
    recent: RecentFields,
    /// The last reply topic that was allowed, since the next is most often the same.
    last_allowed: Option<Arc<str>>,
    /// The last requester, for the same reason.
    last_requester: Option<Arc<str>>,
}

/// A request that is to be answered.
pub(crate) struct Admitted {
    pub(crate) reply: Option<ReplyAt>,
    /// On the service's clock.
    pub(crate) deadline: Option<Duration>,
    /// Its handler, or the answer in place of one.
    pub(crate) route: Result<Route, Status>,
}

/// When a batch was read, and the time since then as far as it has been looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BatchTime {
    /// On the service's clock.
    read_at: Duration,
    /// On the wall clock.
    unix_ms: u64,
    /// On the service's clock. Later than `read_at` once handlers have run in the batch.
    pub(crate) now: Duration,
}

impl BatchTime {
    pub(crate) fn of(env: &ServiceEnv) -> Self {
        let now = env.clock.elapsed();
        Self {
            read_at: now,
            unix_ms: env.clock.unix_ms(),
            now,
        }
    }

    fn unix_ms(&self) -> u64 {
        let since = self.now.saturating_sub(self.read_at).as_millis();
        self.unix_ms + u64::try_from(since).unwrap_or(0)
    }
}

impl Admission {
    pub(crate) fn new(env: &Arc<ServiceEnv>, allowed: Allowed, clock_skew: Duration) -> Self {
        Self {
            env: Arc::clone(env),
            mode: AtLeastOnce::new(env),
            allowed,
            clock_skew,
            recent: RecentFields::default(),
            last_allowed: None,
            last_requester: None,
        }
    }

    pub(crate) fn decode<'a>(
        &mut self,
        headers: &ReadHeaders<'a>,
    ) -> Result<RequestHead<'a>, Refusal<'a>> {
        wire::read_request(headers, &mut self.recent)
    }

    /// Decides about a request; `None` when nothing happens with it.
    pub(crate) fn admit(
        &mut self,
        record: &Record<'_>,
        head: &RequestHead<'_>,
        time: &BatchTime,
        routes: &Routes,
    ) -> Option<Admitted> {
        let fields = &head.fields;
        if fields.control.is_some() {
            // Cancel and credit belong to streams, which this version does not serve.
            return None;
        }
        let address = self.address(head.reply_topic, fields.partition, fields.requester);
        let left = fields
            .deadline
            .map(|deadline| deadline.remaining(time.unix_ms(), record.timestamp, self.clock_skew));
        let decision = self.mode.admit(&Arrival {
            head,
            address_allowed: address.is_some(),
            left,
        });
        Some(Admitted {
            route: match decision {
                Decision::Run => self.route(record.topic, head, routes),
                Decision::Answer(status) => Err(status),
                Decision::Skip => return None,
            },
            reply: address?,
            deadline: left.map(|left| time.now + left),
        })
    }

    fn route(&self, topic: &str, head: &RequestHead<'_>, routes: &Routes) -> Result<Route, Status> {
        let operation = head.fields.operation;
        routes.find(topic, operation).ok_or_else(|| {
            let detail = match operation {
                Some(operation) => format!("no operation {operation} on {topic}"),
                None => format!("{topic} wants an operation to be named"),
            };
            let requester = head.fields.requester;
            self.env.refused("unknown_operation", requester, &detail);
            Status::unimplemented(detail).with_executed(Executed::No)
        })
    }

    /// Counts a request that cannot be read. Returns its address, if it has one that is allowed, with
    /// its correlation id and the answer.
    pub(crate) fn malformed<'a>(
        &mut self,
        refusal: &Refusal<'a>,
    ) -> Option<(&'a [u8], ReplyAt, Status)> {
        let detail = refusal.reason.to_string();
        self.env.refused("malformed", None, &detail);
        let id = refusal.correlation_id?;
        let reply = self.address(refusal.reply_topic, refusal.partition, None)??;
        let status = match refusal.unsupported_version {
            Some(version) => Status::unimplemented(format!(
                "protocol version {version} is not known here; known: 1"
            )),
            None => Status::invalid_argument(format!("malformed request: {detail}")),
        };
        Some((id, reply, status.with_executed(Executed::No)))
    }

    /// The return address; `None` when nothing may be written there. The outer `Some` around
    /// `None` is a request that wants no reply.
    #[expect(
        clippy::option_option,
        reason = "three cases: refused, no reply wanted, an address"
    )]
    fn address(
        &mut self,
        topic: Option<&str>,
        partition: Option<i32>,
        requester: Option<&str>,
    ) -> Option<Option<ReplyAt>> {
        let Some(topic) = topic else {
            return Some(None);
        };
        if let Some(topic) = reuse_if_equal(self.last_allowed.as_ref(), topic) {
            return Some(Some(ReplyAt { topic, partition }));
        }
        if let Err(refusal) = self.allowed.check(topic) {
            let detail = format!("{refusal}: {topic:?}");
            self.env.refused("reply_topic", requester, &detail);
            return None;
        }
        let topic: Arc<str> = topic.into();
        self.last_allowed = Some(Arc::clone(&topic));
        Some(Some(ReplyAt { topic, partition }))
    }

    /// A requester's name, in one allocation for all its requests that come in a row.
    pub(crate) fn requester(&mut self, name: &str) -> Arc<str> {
        if let Some(last) = reuse_if_equal(self.last_requester.as_ref(), name) {
            return last;
        }
        let name: Arc<str> = name.into();
        self.last_requester = Some(Arc::clone(&name));
        name
    }
}

/// The last name once more, if it equals this one.
fn reuse_if_equal(last: Option<&Arc<str>>, name: &str) -> Option<Arc<str>> {
    last.filter(|last| ***last == *name).map(Arc::clone)
}
