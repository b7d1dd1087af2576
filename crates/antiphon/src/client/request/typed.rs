//! Calls of values: encoded before they are sent, decoded when the reply is there.

use std::{fmt, future::IntoFuture, marker::PhantomData, sync::Arc};

use antiphon_proto::{CorrelationId, Executed};
use bytes::Bytes;
use futures::future::BoxFuture;
use tower::{BoxError, Service as TowerService, ServiceExt as _};

use super::{super::reply::Reply, Request, RequestBuilder, parts::RequestParts, setters};
use crate::{
    codec::{Coded, Decode, Direction, Encode, Encoded, Outbound, Received},
    error::{RequestError, RequestErrorKind},
};

/// A request whose payload is a value, and whose reply is a `T`. Made by
/// [`RequestBuilder::json`] and [`RequestBuilder::codec`].
///
/// Awaiting it returns the `T`. [`with_reply`](Self::with_reply) keeps the reply's headers, id and
/// responder beside it.
///
/// ```
/// use antiphon::{Client, RequestError};
///
/// async fn sum(client: &Client) -> Result<i64, RequestError> {
///     let reply = client.request("sums").json::<i64>(&[1, 2, 39]).with_reply().await?;
///     println!("{} answered {}", reply.responder().unwrap_or("?"), reply.value());
///     Ok(reply.into_value())
/// }
/// ```
#[must_use = "a request does nothing until it is awaited"]
pub struct TypedRequest<C, T> {
    request: RequestBuilder,
    codec: C,
    encoded: Coded<Encoded>,
    reply: PhantomData<fn() -> T>,
}

impl<C: Decode<T>, T> TypedRequest<C, T> {
    pub(super) fn new<Req: ?Sized>(request: RequestBuilder, codec: C, value: &Req) -> Self
    where
        C: Encode<Req>,
    {
        let operation = request.parts().operation.as_deref();
        let about = Outbound::new(request.topic(), operation, Direction::Request);
        let encoded = codec.encode(value, &about);
        Self {
            request,
            codec,
            encoded,
            reply: PhantomData,
        }
    }

    setters!();

    fn parts_mut(&mut self) -> &mut RequestParts {
        self.request.parts_mut()
    }

    /// Asks for the reply beside its value.
    pub fn with_reply(self) -> WithReply<C, T> {
        WithReply(self)
    }

    /// Sends the request and waits for the value, as awaiting does, but without a box around the
    /// future.
    ///
    /// # Errors
    /// As [`RequestBuilder::send`]; [`Invalid`](RequestErrorKind::Invalid), not executed, when the
    /// value does not encode; [`Undecodable`](RequestErrorKind::Undecodable), executed, when the
    /// reply does not decode.
    ///
    /// # Cancel safety
    /// As [`RequestBuilder::send`].
    pub async fn send(self) -> Result<T, RequestError> {
        Ok(self.call().await?.value)
    }

    async fn call(self) -> Result<TypedReply<T>, RequestError> {
        let Self {
            mut request,
            codec,
            encoded,
            ..
        } = self;
        let topic: Arc<str> = request.topic().into();
        let operation = request.parts().operation.clone();
        let encoded = encoded.await.map_err(|error| unencodable(&topic, error))?;
        request.set_encoded(encoded);
        let reply = request.send().await?;
        decode(&codec, &topic, operation.as_deref(), reply).await
    }
}

impl<C, T> IntoFuture for TypedRequest<C, T>
where
    C: Decode<T> + 'static,
    T: Send + 'static,
{
    type Output = Result<T, RequestError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<C, T> fmt::Debug for TypedRequest<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedRequest").field(&self.request).finish()
    }
}

/// A [`TypedRequest`] that returns the reply beside its value.
#[must_use = "a request does nothing until it is awaited"]
pub struct WithReply<C, T>(TypedRequest<C, T>);

impl<C: Decode<T>, T> WithReply<C, T> {
    /// Sends the request and waits, as awaiting does, but without a box around the future.
    ///
    /// # Errors
    /// As [`TypedRequest::send`].
    ///
    /// # Cancel safety
    /// As [`RequestBuilder::send`].
    pub async fn send(self) -> Result<TypedReply<T>, RequestError> {
        self.0.call().await
    }
}

impl<C, T> IntoFuture for WithReply<C, T>
where
    C: Decode<T> + 'static,
    T: Send + 'static,
{
    type Output = Result<TypedReply<T>, RequestError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<C, T> fmt::Debug for WithReply<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WithReply").field(&self.0.request).finish()
    }
}

/// A decoded reply, with the record that it came in.
#[derive(Clone, Debug)]
pub struct TypedReply<T> {
    value: T,
    reply: Reply,
}

impl<T> TypedReply<T> {
    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The value, to keep.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The reply as it came: bytes, headers, place in the reply topic.
    pub fn reply(&self) -> &Reply {
        &self.reply
    }

    /// The id that request and reply bear on the wire.
    pub fn correlation_id(&self) -> CorrelationId {
        self.reply.correlation_id()
    }

    /// The first application header of this name; see [`Reply::header`].
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.reply.header(name)
    }

    /// Who answered, where the headers were read; see [`Reply::responder`].
    pub fn responder(&self) -> Option<&str> {
        self.reply.responder()
    }
}

/// A typed call over any stack of layers around a client: encodes `value` into `request`, calls
/// `service`, and decodes the reply.
///
/// # Errors
/// As [`TypedRequest::send`]. An error of a layer becomes a [`RequestError`] as its `From<BoxError>`
/// says.
///
/// # Cancel safety
/// As [`RequestBuilder::send`], if the layers keep it.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon::{Client, Request, RequestError, client::call, codec::Json};
/// use tower::{ServiceBuilder, timeout::TimeoutLayer};
///
/// async fn sum(client: &Client) -> Result<i64, RequestError> {
///     let layered = ServiceBuilder::new()
///         .layer(TimeoutLayer::new(Duration::from_secs(1)))
///         .service(client.clone());
///     let reply = call(layered, Request::new("sums"), &Json, &[1, 2, 39]).await?;
///     Ok(reply.into_value())
/// }
/// ```
pub async fn call<S, C, Req, T>(
    service: S,
    request: Request,
    codec: &C,
    value: &Req,
) -> Result<TypedReply<T>, RequestError>
where
    S: TowerService<Request, Response = Reply> + Send,
    S::Error: Into<BoxError>,
    S::Future: Send,
    C: Encode<Req> + Decode<T>,
    Req: Sync + ?Sized,
{
    let topic: Arc<str> = request.topic().into();
    let operation = request.operation().map(str::to_owned);
    let about = Outbound::new(&topic, operation.as_deref(), Direction::Request);
    let encoded = codec.encode(value, &about).await;
    let mut parts = request.into_parts();
    parts.set_encoded(encoded.map_err(|error| unencodable(&topic, error))?);
    let answered = service.oneshot(Request::from_parts(parts)).await;
    let reply = answered.map_err(|error| RequestError::from(error.into()))?;
    decode(codec, &topic, operation.as_deref(), reply).await
}

fn unencodable(topic: &Arc<str>, error: crate::codec::CodecError) -> RequestError {
    RequestError::invalid("the request does not encode")
        .on(topic, None)
        .with_source(error)
}

pub(super) async fn decode<C: Decode<T>, T>(
    codec: &C,
    topic: &Arc<str>,
    operation: Option<&str>,
    reply: Reply,
) -> Result<TypedReply<T>, RequestError> {
    let about = Outbound::new(topic, operation, Direction::Reply);
    let decoded = codec.decode(&Received::new(reply.value(), about, reply.headers()));
    match decoded.await {
        Ok(value) => Ok(TypedReply { value, reply }),
        Err(error) => Err(RequestError::new(
            RequestErrorKind::Undecodable,
            Executed::Yes,
            "the reply does not decode",
        )
        .on(topic, None)
        .with_id(reply.correlation_id())
        .with_source(error)),
    }
}
