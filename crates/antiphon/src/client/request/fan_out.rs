//! Questions with several answers: a scatter over topics, a gather on one topic.

use std::{future::IntoFuture, sync::Arc};

use antiphon_proto::{GatherRule, ReplyMode, Until};
use futures::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    super::{
        call::admit,
        gather::{GatherError, GatherStream, Gathered},
        inner::Inner,
    },
    RequestFuture, TypedFanOut,
    builder::destination,
    parts::{Destination, RequestParts},
    payload_setters, setters,
};
use crate::{
    codec::{Coded, Decode, Direction, Encode, Encoded, Json, Outbound},
    error::RequestError,
};

/// How many replies a scatter or gather wants.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    pub(super) min: Option<u32>,
    pub(super) max: Option<u32>,
    pub(super) until_deadline: bool,
}

impl Wanted {
    /// The rule for this number of targets; `None` where the number is not known.
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
        /// Succeeds with at least this many replies. A minimum of zero, or above the number of
        /// targets, is refused before anything is sent.
        pub fn min_replies(mut self, min: u32) -> Self {
            self.wanted_mut().min = Some(min);
            self
        }

        /// Does not end with the minimum, but with this many replies, or at the deadline.
        pub fn max_replies(mut self, max: u32) -> Self {
            self.wanted_mut().max = Some(max);
            self
        }

        /// Does not end with the minimum: takes what comes until the deadline.
        pub fn until_deadline(mut self) -> Self {
            self.wanted_mut().until_deadline = true;
            self
        }
    };
}

pub(super) use wanted_setters;

macro_rules! sends {
    () => {
        /// Sends, and collects replies until the rule is met or the deadline has passed, as
        /// awaiting does.
        ///
        /// # Errors
        /// Below the minimum; the error carries what arrived. `Invalid`, with nothing sent, for a
        /// rule that cannot be met.
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

        /// Encodes `value` as JSON, and decodes the replies. `T` is the type of a reply.
        ///
        /// Set the operation before: the codec reads it.
        pub fn json<T: DeserializeOwned>(
            self,
            value: &(impl Serialize + ?Sized),
        ) -> TypedFanOut<Json, T> {
            self.codec(Json, value)
        }

        pub(super) fn parts_mut(&mut self) -> &mut RequestParts {
            &mut self.parts
        }

        pub(super) fn wanted_mut(&mut self) -> &mut Wanted {
            &mut self.wanted
        }
    };
}

/// One question to several request topics, one call each. Made by
/// [`Client::scatter`](crate::Client::scatter).
///
/// ```
/// use antiphon::{Client, GatherError};
///
/// async fn ask(client: &Client) -> Result<(), GatherError> {
///     let topics = ["prices.north", "prices.south", "prices.west"];
///     let gathered = client.scatter(topics).value("apples").min_replies(2).await?;
///     for reply in &gathered.replies {
///         println!("{}: {} bytes", reply.target(), reply.reply().value().len());
///     }
///     Ok(())
/// }
/// ```
#[must_use = "a scatter does nothing until it is awaited"]
#[derive(Clone, Debug)]
pub struct Scatter {
    client: ClientHandle,
    targets: Vec<String>,
    parts: RequestParts,
    wanted: Wanted,
}

/// One question on one topic, to several responder groups, one call. Made by
/// [`Client::gather`](crate::Client::gather).
///
/// Responders are told apart by their service name: each service has one vote.
///
/// ```
/// use antiphon::{Client, GatherError};
///
/// async fn ask(client: &Client) -> Result<(), GatherError> {
///     let gathered = client.gather("quotes").value("apples").min_replies(2).await?;
///     println!("{} services answered", gathered.replies.len());
///     Ok(())
/// }
/// ```
#[must_use = "a gather does nothing until it is awaited"]
#[derive(Clone, Debug)]
pub struct Gather {
    client: ClientHandle,
    parts: Box<RequestParts>,
    wanted: Wanted,
}

impl Scatter {
    pub(in super::super) fn new(client: &Arc<Inner>, targets: Vec<String>) -> Self {
        Self {
            client: ClientHandle(Arc::clone(client)),
            targets,
            parts: RequestParts::to(Destination::Named(Arc::default())),
            wanted: Wanted::default(),
        }
    }

    setters!();
    payload_setters!();
    wanted_setters!();
    sends!();

    /// The replies as they come. Nothing is sent before the stream is polled.
    ///
    /// # Errors
    /// `Invalid` for a rule that cannot be met.
    #[expect(clippy::unused_async, reason = "the same shape as a gather's")]
    pub async fn stream(self) -> Result<GatherStream, RequestError> {
        let parts = self.targets.iter().map(|_| self.parts.clone()).collect();
        self.stream_of(parts)
    }

    /// Encodes `value` with a codec for each topic, and decodes the replies with it. `T` is the
    /// type of a reply.
    ///
    /// Set the operation before: the codec reads it.
    pub fn codec<C, Req, T>(self, codec: C, value: &Req) -> TypedFanOut<C, T>
    where
        C: Encode<Req> + Decode<T>,
        Req: ?Sized,
    {
        let operation = self.parts.operation.as_deref();
        let targets = self.targets.iter();
        let encoded = targets.map(|topic| encode(&codec, value, topic, operation));
        let encoded = encoded.collect();
        TypedFanOut::scatter(self, codec, encoded)
    }

    /// One call for each target, with these parts.
    fn stream_of(self, parts: Vec<RequestParts>) -> Result<GatherStream, RequestError> {
        let count = u32::try_from(self.targets.len()).unwrap_or(u32::MAX);
        let rule = self.wanted.rule(Some(count))?;
        let calls = self.targets.iter().zip(parts).map(|(target, parts)| {
            let target: Arc<str> = target.as_str().into();
            let parts = Box::new(RequestParts {
                to: Destination::Named(Arc::clone(&target)),
                ..parts
            });
            let client = Arc::clone(&self.client.0);
            let call: BoxFuture<'static, _> = Box::pin(RequestFuture::of("scatter", client, parts));
            (target, call)
        });
        Ok(GatherStream::of_calls(rule, calls.collect()))
    }

    pub(super) async fn stream_encoded(
        self,
        encoded: Vec<Coded<Encoded>>,
    ) -> Result<GatherStream, RequestError> {
        let mut parts = Vec::with_capacity(encoded.len());
        for (encoded, topic) in encoded.into_iter().zip(&self.targets) {
            let mut one = self.parts.clone();
            one.set_encoded(encoded.await.map_err(|error| unencodable(topic, error))?);
            parts.push(one);
        }
        self.stream_of(parts)
    }

    pub(super) fn operation_name(&self) -> Option<String> {
        self.parts.operation.clone()
    }
}

impl Gather {
    pub(in super::super) fn new(client: &Arc<Inner>, topic: &str) -> Self {
        let mut parts = RequestParts::to(destination(client, topic));
        parts.mode = ReplyMode::Gather;
        Self {
            client: ClientHandle(Arc::clone(client)),
            parts: Box::new(parts),
            wanted: Wanted::default(),
        }
    }

    setters!();
    payload_setters!();
    wanted_setters!();
    sends!();

    /// The replies as they come. Waits for room under the client's limits; the request goes out
    /// with the first poll of the stream.
    ///
    /// # Errors
    /// As a request's before it is sent; all say `Executed::No`.
    pub async fn stream(self) -> Result<GatherStream, RequestError> {
        let rule = self.wanted.rule(None)?;
        let admitted = admit(self.client.0, self.parts).await?;
        Ok(GatherStream::of_mailbox(rule, admitted))
    }

    /// Encodes `value` with a codec, and decodes the replies with it. `T` is the type of a reply.
    ///
    /// Set the operation before: the codec reads it.
    pub fn codec<C, Req, T>(self, codec: C, value: &Req) -> TypedFanOut<C, T>
    where
        C: Encode<Req> + Decode<T>,
        Req: ?Sized,
    {
        let topic = self.parts.topic(&self.client.0.topics);
        let encoded = encode(&codec, value, topic, self.parts.operation.as_deref());
        TypedFanOut::gather(self, codec, encoded)
    }

    pub(super) async fn stream_encoded(
        mut self,
        encoded: Coded<Encoded>,
    ) -> Result<GatherStream, RequestError> {
        let encoded = encoded.await.map_err(|error| {
            let topic = self.parts.topic(&self.client.0.topics);
            unencodable(topic, error)
        })?;
        self.parts.set_encoded(encoded);
        self.stream().await
    }

    pub(super) fn operation_name(&self) -> Option<String> {
        self.parts.operation.clone()
    }
}

fn encode<C: Encode<Req>, Req: ?Sized>(
    codec: &C,
    value: &Req,
    topic: &str,
    operation: Option<&str>,
) -> Coded<Encoded> {
    codec.encode(value, &Outbound::new(topic, operation, Direction::Request))
}

pub(super) fn unencodable(topic: &str, error: crate::codec::CodecError) -> RequestError {
    RequestError::invalid("the request does not encode")
        .on(&topic.into(), None)
        .with_source(error)
}

impl IntoFuture for Scatter {
    type Output = Result<Gathered, GatherError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl IntoFuture for Gather {
    type Output = Result<Gathered, GatherError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// A client, for builders that derive `Debug`.
#[derive(Clone)]
struct ClientHandle(Arc<Inner>);

impl std::fmt::Debug for ClientHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.requester)
    }
}
