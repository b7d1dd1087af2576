//! A request, borrowed from the record that was read.

use std::{fmt, time::Duration};

use bytes::Bytes;

use super::message::Inbound;
use crate::{service::request::RequestId, wire};

/// A request, as a [`SyncHandler`](super::SyncHandler) gets it: borrowed.
///
/// ```
/// use antiphon::{Status, service::{self, SyncRequest}};
///
/// fn tenant(request: &SyncRequest<'_>) -> Result<Vec<u8>, Status> {
///     let tenant = request.header("tenant");
///     tenant.map(<[u8]>::to_vec).ok_or_else(|| Status::unauthenticated("no tenant"))
/// }
///
/// let handler = service::sync(tenant);
/// ```
#[derive(Clone, Copy)]
pub struct SyncRequest<'a> {
    pub(crate) value: &'a [u8],
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) headers: RequestHeaders<'a>,
    pub(crate) requester: Option<&'a str>,
    pub(crate) operation: Option<&'a str>,
    pub(crate) attempt: u32,
    pub(crate) offset: i64,
    pub(crate) id: RequestId<'a>,
}

#[derive(Clone, Copy)]
pub(crate) enum RequestHeaders<'a> {
    /// All headers of the record.
    Read(&'a [(&'a [u8], Option<&'a [u8]>)]),
    /// Headers of the application, copied from the record.
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

    /// The first header of this name, if it has a value. The protocol's own headers are left out.
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

    /// The id by which the requester matches the reply, as it is on the wire.
    pub fn correlation_id(&self) -> &'a [u8] {
        self.id.correlation_id
    }

    /// The request topic.
    pub fn topic(&self) -> &'a str {
        &self.id.partition().at().topic
    }

    /// The partition that the request came from.
    pub fn partition(&self) -> i32 {
        self.id.partition().at().partition
    }

    /// The request's offset. Together with topic and partition it names the request, also when it
    /// is delivered again.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// The requester, as `<client group>/<instance>/<incarnation>`.
    pub fn requester(&self) -> Option<&'a str> {
        self.requester
    }

    /// The operation that the request names.
    pub fn operation(&self) -> Option<&'a str> {
        self.operation
    }

    /// Which attempt of the requester this is, from 1 on.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The `traceparent` of the trace that the request belongs to.
    pub fn traceparent(&self) -> Option<&'a str> {
        self.id.trace.map(|trace| trace.traceparent.as_str())
    }

    /// How long the requester still waits; `None` when the request has no deadline.
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.id.deadline?;
        let now = self.id.partition().env().clock.elapsed();
        Some(deadline.saturating_sub(now))
    }

    /// True when the requester has stopped waiting, or the service is being closed.
    pub fn is_cancelled(&self) -> bool {
        let stopping = &self.id.partition().env().stopping;
        stopping.is_cancelled() || self.remaining().is_some_and(|left| left.is_zero())
    }
}

impl<'a> From<&'a Inbound> for SyncRequest<'a> {
    fn from(request: &'a Inbound) -> Self {
        let meta = request.context.meta();
        Self {
            value: &request.value,
            key: meta.key.as_deref(),
            headers: RequestHeaders::Kept(&meta.headers),
            requester: meta.requester.as_deref(),
            operation: meta.operation.as_deref(),
            attempt: meta.attempt,
            offset: meta.offset,
            id: meta.id(),
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
