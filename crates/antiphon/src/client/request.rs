//! The builders of calls: one request, a scatter over topics, a gather on one topic.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_proto::{Executed, GatherRule, Metadata, ReplyMode, Until};
use bytes::Bytes;
use futures::future::BoxFuture;
use tracing::Instrument;

use super::{
    Client,
    call::Call,
    core::admit,
    draft::{Draft, To},
    gather::{GatherError, GatherStream, Gathered},
    reply::Reply,
};
use crate::{
    codec::{Decode, Direction, Encode, Outbound, Received},
    error::{RequestError, RequestErrorKind},
    telemetry::trace,
};

macro_rules! draft_setters {
    () => {
        /// The payload. Default: empty.
        pub fn value(mut self, value: impl Into<Bytes>) -> Self {
            self.draft.value = value.into();
            self
        }

        /// The record's key: chooses the partition as Java clients do, so that requests of one key
        /// meet one responder, in order. Without a key the less loaded of two random partitions is
        /// taken.
        pub fn key(mut self, key: impl Into<Bytes>) -> Self {
            self.draft.key = Some(key.into());
            self
        }

        /// Adds an application header. Names of the protocol are refused when the request is sent.
        pub fn header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
            self.draft.headers.push((name.into(), Some(value.into())));
            self
        }

        /// How long the call may take, from sending on. Default: the client's, 30 s. At most 24 days.
        pub fn timeout(mut self, timeout: Duration) -> Self {
            self.draft.timeout = timeout;
            self
        }

        /// Which operation of a service that has several on one topic.
        pub fn operation(mut self, operation: impl Into<String>) -> Self {
            self.draft.operation = Some(operation.into());
            self
        }

        /// Something to recognise the call by in [`Client::pending`]. Does not travel.
        pub fn metadata(mut self, metadata: impl Into<Metadata>) -> Self {
            self.draft.metadata = Some(metadata.into());
            self
        }
    };
}

/// One request. Made by [`Client::request`]; nothing happens until it is sent.
#[must_use = "a request does nothing until it is sent"]
#[derive(Clone)]
pub struct Request {
    client: Client,
    /// Boxed: it passes through several futures, each of which would hold it.
    draft: Box<Draft>,
}

impl Request {
    pub(super) fn new(client: &Client, topic: &str) -> Self {
        Self {
            draft: Draft::new(client.core(), topic),
            client: client.clone(),
        }
    }

    draft_setters!();

    /// Sends the request and waits for its reply.
    ///
    /// # Errors
    /// Each error says by [`RequestError::executed`] whether the work ran.
    ///
    /// # Cancel safety
    /// Dropping the future frees the call's slot and its places under the limits. A request that
    /// is out already may still be executed; its reply is then counted as late.
    pub async fn send(self) -> Result<Reply, RequestError> {
        let core = self.client.core();
        if trace::is_on() {
            let span = trace::request("send", self.draft.topic(core), &core.requester);
            // Boxed: a span would make every call's future larger, watched or not.
            return Box::pin(Call::new(core, self.draft).instrument(span)).await;
        }
        Call::new(core, self.draft).await
    }

    /// Encodes a value, sends it, and decodes the reply.
    ///
    /// # Errors
    /// As [`send`](Self::send); `Invalid` (not executed) when the value does not encode,
    /// `Undecodable` (executed) when the reply does not decode.
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn call<C, Req, Resp>(mut self, codec: C, request: &Req) -> Result<Resp, RequestError>
    where
        C: Encode<Req> + Decode<Resp> + Send + Sync,
        Req: Sync + ?Sized,
    {
        let topic: Arc<str> = self.draft.topic(self.client.core()).into();
        let operation = self.draft.operation.clone();
        let about = |direction| Outbound::new(&topic, operation.as_deref(), direction);
        let encoded = codec.encode(request, &about(Direction::Request)).await;
        self.draft.encoded(encoded.map_err(|error| {
            RequestError::invalid("the request does not encode")
                .on(&topic, None)
                .with_source(error)
        })?);
        let reply = self.send().await?;
        let received = Received::new(reply.value(), about(Direction::Reply), reply.headers());
        let decoded = codec.decode(&received);
        decoded.await.map_err(|error| {
            RequestError::new(
                RequestErrorKind::Undecodable,
                Executed::Yes,
                "the reply does not decode",
            )
            .on(&topic, None)
            .with_id(reply.correlation_id())
            .with_source(error)
        })
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("topic", &self.draft.topic(self.client.core()))
            .field("timeout", &self.draft.timeout)
            .finish_non_exhaustive()
    }
}

/// How many replies a scatter or gather wants.
#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    min: Option<u32>,
    max: Option<u32>,
    until_deadline: bool,
}

impl Wanted {
    /// The rule for so many targets; `None` where the number is not known.
    fn rule(self, targets: Option<u32>) -> Result<GatherRule, RequestError> {
        let wait = self.until_deadline || self.max.is_some();
        let rule = GatherRule {
            min: self.min.unwrap_or_else(|| targets.unwrap_or(1)),
            max: self.max,
            until: if wait {
                Until::Deadline
            } else {
                Until::Minimum
            },
        };
        match rule.validate(targets) {
            Ok(()) => Ok(rule),
            Err(bad) => Err(RequestError::invalid(bad.to_string())),
        }
    }
}

macro_rules! wanted_setters {
    () => {
        /// Succeed with at least so many replies. A minimum of zero, or above the number of
        /// targets, is refused before anything is sent.
        pub fn min_replies(mut self, min: u32) -> Self {
            self.wanted.min = Some(min);
            self
        }

        /// Do not end with the minimum: go on until so many replies are there, or the deadline.
        pub fn max_replies(mut self, max: u32) -> Self {
            self.wanted.max = Some(max);
            self
        }

        /// Do not end with the minimum: take what comes until the deadline.
        pub fn until_deadline(mut self) -> Self {
            self.wanted.until_deadline = true;
            self
        }

        /// Sends, and collects replies until the rule is met or the deadline has passed.
        ///
        /// # Errors
        /// Below the minimum; the error carries what arrived. `Invalid`, with nothing sent, for a
        /// rule that can not be met.
        ///
        /// # Cancel safety
        /// Dropping the future frees what it holds in the client. Requests that are out already
        /// may still be executed.
        pub async fn send(self) -> Result<Gathered, GatherError> {
            self.stream()
                .await
                .map_err(GatherError::refused)?
                .collect_all()
                .await
        }
    };
}

/// One question to several request topics, one call each. Made by [`Client::scatter`].
#[must_use = "a scatter does nothing until it is sent"]
#[derive(Clone, Debug)]
pub struct Scatter {
    client: Client,
    targets: Vec<String>,
    draft: Draft,
    wanted: Wanted,
}

impl Scatter {
    pub(super) fn new(client: &Client, targets: Vec<String>) -> Self {
        Self {
            draft: Draft::of_no_topic(client.core().config.timeout),
            client: client.clone(),
            targets,
            wanted: Wanted::default(),
        }
    }

    draft_setters!();
    wanted_setters!();

    /// The replies as they come. Nothing is sent before the stream is polled.
    ///
    /// # Errors
    /// `Invalid` for a rule that can not be met.
    #[expect(clippy::unused_async, reason = "the same shape as a gather's")]
    pub async fn stream(self) -> Result<GatherStream, RequestError> {
        let count = u32::try_from(self.targets.len()).unwrap_or(u32::MAX);
        let rule = self.wanted.rule(Some(count))?;
        let calls = self.targets.iter().map(|target| {
            let target: Arc<str> = target.as_str().into();
            let mut draft = Box::new(self.draft.clone());
            draft.to = To::Named(Arc::clone(&target));
            let core = Arc::clone(self.client.core());
            let span = trace::request("scatter", &target, &core.requester);
            let call: BoxFuture<'static, _> = Box::pin(Call::new(core, draft).instrument(span));
            (target, call)
        });
        Ok(GatherStream::of_calls(rule, calls.collect()))
    }
}

/// One question on one topic, to several responder groups, one call. Made by [`Client::gather`].
///
/// Responders are told apart by their service name: each service has one vote.
#[must_use = "a gather does nothing until it is sent"]
#[derive(Clone, Debug)]
pub struct Gather {
    client: Client,
    draft: Box<Draft>,
    wanted: Wanted,
}

impl Gather {
    pub(super) fn new(client: &Client, topic: &str) -> Self {
        let mut draft = Draft::new(client.core(), topic);
        draft.mode = ReplyMode::Gather;
        Self {
            draft,
            client: client.clone(),
            wanted: Wanted::default(),
        }
    }

    draft_setters!();
    wanted_setters!();

    /// The replies as they come. Waits for a place under the client's limits; the request goes out
    /// with the first poll of the stream.
    ///
    /// # Errors
    /// As a request's before it is sent; all say `Executed::No`.
    pub async fn stream(self) -> Result<GatherStream, RequestError> {
        let rule = self.wanted.rule(None)?;
        let admitted = admit(Arc::clone(self.client.core()), self.draft).await?;
        Ok(GatherStream::of_entry(rule, admitted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_result<T, F>(_: impl Fn(T) -> F) -> usize {
        size_of::<F>()
    }

    /// A call in flight is a task whose memory is cold when its turn comes.
    #[test]
    fn a_call_in_flight_stays_small() {
        let size = size_of_result(Request::send);
        assert!(size <= 128, "{size} bytes");
    }
}
