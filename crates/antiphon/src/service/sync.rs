//! Handlers that answer where requests are read, from the record as it was read.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use antiphon_proto::Status;
use bytes::Bytes;
use futures::future::BoxFuture;

use super::{
    core::{Origin, Place, ServiceCore},
    handler::{Handler, Request, Response},
    outcome,
    outgoing::Destination,
};
use crate::{telemetry::trace, wire};

/// A handler that computes and does not wait. Made by [`sync`], or by hand.
pub trait SyncHandler: Send + Sync + 'static {
    /// Answers one request. An `Err` is sent to the requester as an error reply.
    ///
    /// Must be short: it holds up the thread that reads requests.
    fn answer(&self, request: &SyncRequest<'_>) -> Result<Response, Status>;
}

/// A handler that computes and does not wait: a plain function of a request that is still where it
/// was read. It costs no future, no task and no copy of the request.
///
/// It runs on the thread that reads requests, whatever
/// [`first_poll`](crate::config::ServiceConfig::first_poll) says, and holds that thread up: so it
/// must be short, and must not block. No timeout stops it. The first request for a reply topic has
/// to wait for a look at the topic, and runs on the runtime; so do all in a
/// [`layer`](super::ServiceBuilder::layer).
pub fn sync<F, R>(f: F) -> impl Handler
where
    F: Fn(&SyncRequest<'_>) -> Result<R, Status> + Send + Sync + 'static,
    R: Into<Response> + 'static,
{
    Immediate(f)
}

struct Immediate<F>(F);

impl<F, R> SyncHandler for Immediate<F>
where
    F: Fn(&SyncRequest<'_>) -> Result<R, Status> + Send + Sync + 'static,
    R: Into<Response> + 'static,
{
    fn answer(&self, request: &SyncRequest<'_>) -> Result<Response, Status> {
        (self.0)(request).map(Into::into)
    }
}

impl<F, R> Handler for Immediate<F>
where
    F: Fn(&SyncRequest<'_>) -> Result<R, Status> + Send + Sync + 'static,
    R: Into<Response> + 'static,
{
    fn handle(&self, request: Request) -> BoxFuture<'static, Result<Response, Status>> {
        let result = self.answer(&SyncRequest::from(&request));
        Box::pin(std::future::ready(result))
    }

    fn as_sync(&self) -> Option<&dyn SyncHandler> {
        Some(self)
    }
}

/// A request as a [`SyncHandler`] gets it: borrowed.
#[derive(Clone, Copy)]
pub struct SyncRequest<'a> {
    pub(super) value: &'a [u8],
    pub(super) key: Option<&'a [u8]>,
    pub(super) headers: RequestHeaders<'a>,
    pub(super) requester: Option<&'a str>,
    pub(super) operation: Option<&'a str>,
    pub(super) attempt: u32,
    pub(super) offset: i64,
    pub(super) origin: Origin<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum RequestHeaders<'a> {
    /// All of the record.
    Read(&'a [(&'a [u8], Option<&'a [u8]>)]),
    /// Those of the application, copied out of it.
    Kept(&'a [(Bytes, Option<Bytes>)]),
}

impl<'a> SyncRequest<'a> {
    /// The payload; a null one is empty.
    pub fn value(&self) -> &'a [u8] {
        self.value
    }

    /// The record's key.
    pub fn key(&self) -> Option<&'a [u8]> {
        self.key
    }

    /// The first header of this name, if it has a value. The protocol's own headers are not here.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        let mut all = self.headers();
        all.find(|(n, _)| *n == name.as_bytes())?.1
    }

    /// All application headers, in order: names may be any bytes, values may be null.
    pub fn headers(&self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + use<'a> {
        let (read, kept): (&[_], &[_]) = match self.headers {
            RequestHeaders::Read(headers) => (headers, &[]),
            RequestHeaders::Kept(headers) => (&[], headers),
        };
        let read = read.iter().copied();
        let own = read.filter(|(name, _)| wire::is_application(name));
        own.chain(kept.iter().map(|(name, value)| (&**name, value.as_deref())))
    }

    /// The id that the requester matches its reply by, as it stands on the wire.
    pub fn correlation_id(&self) -> &'a [u8] {
        self.origin.correlation_id
    }

    /// The request topic.
    pub fn topic(&self) -> &'a str {
        &self.origin.partition.at().topic
    }

    /// The partition that the request came from.
    pub fn partition(&self) -> i32 {
        self.origin.partition.at().partition
    }

    /// The request's offset. Together with topic and partition it names the request, also when it
    /// is delivered again.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// Who asks, as `<client group>/<instance>/<incarnation>`.
    pub fn requester(&self) -> Option<&'a str> {
        self.requester
    }

    /// The operation that was asked for.
    pub fn operation(&self) -> Option<&'a str> {
        self.operation
    }

    /// Which attempt of the requester this is, from 1 on.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How long the requester still waits; `None` when it did not say.
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.origin.deadline?;
        let now = self.origin.partition.surroundings().clock.elapsed();
        Some(deadline.saturating_sub(now))
    }

    /// True when nobody waits for the reply any more, or the service is being closed.
    pub fn is_cancelled(&self) -> bool {
        let stopping = &self.origin.partition.surroundings().stopping;
        stopping.is_cancelled() || self.remaining().is_some_and(|left| left.is_zero())
    }
}

impl<'a> From<&'a Request> for SyncRequest<'a> {
    fn from(request: &'a Request) -> Self {
        let envelope = request.context.envelope();
        Self {
            value: &request.value,
            key: envelope.key.as_deref(),
            headers: RequestHeaders::Kept(&envelope.headers),
            requester: envelope.requester.as_deref(),
            operation: envelope.operation.as_deref(),
            attempt: envelope.attempt,
            offset: envelope.offset,
            origin: envelope.origin(),
        }
    }
}

impl fmt::Debug for SyncRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.correlation_id().escape_ascii().to_string();
        f.debug_struct("SyncRequest")
            .field("correlation_id", &id)
            .field("topic", &self.topic())
            .field("partition", &self.partition())
            .field("offset", &self.offset)
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

/// Calls the handler and answers; returns when that was done. `now` is when it began.
pub(super) fn answer(
    core: &Arc<ServiceCore>,
    handler: &dyn SyncHandler,
    request: &SyncRequest<'_>,
    to: Option<Destination>,
    now: Duration,
) -> Duration {
    let _place = Place::take(&**core);
    let origin = &request.origin;
    let at = origin.partition.at();
    let span = trace::process(origin.correlation_id, at, request.offset);
    let call = || catch_unwind(AssertUnwindSafe(|| handler.answer(request)));
    let result = span.in_scope(call);
    outcome::end(core, origin, to, result, now)
}
