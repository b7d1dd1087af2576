//! Calls of values: encoded before they are sent, decoded when the reply is there.

use std::{fmt, future::IntoFuture, marker::PhantomData, sync::Arc};

use antiphon_proto::Executed;
use futures::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use tower::{BoxError, Service as TowerService, ServiceExt as _};

use super::{
    super::reply::{Reply, TypedReply},
    builder::RequestBuilder,
    parts::RequestParts,
    setters,
    value::Request,
};
use crate::{
    codec::{CodecError, Coded, Decode, Direction, Encode, Encoded, Json, Outbound, Received},
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

impl RequestBuilder {
    /// Encodes `value` as JSON, and decodes the reply. `T` is the type of the reply.
    ///
    /// Set the operation before: the codec reads it.
    pub fn json<T: DeserializeOwned>(
        self,
        value: &(impl Serialize + ?Sized),
    ) -> TypedRequest<Json, T> {
        self.codec(Json, value)
    }

    /// Encodes `value` with a codec, and decodes the reply with it. `T` is the type of the reply.
    ///
    /// Set the operation before: the codec reads it.
    pub fn codec<C, Req, T>(self, codec: C, value: &Req) -> TypedRequest<C, T>
    where
        C: Encode<Req> + Decode<T>,
        Req: ?Sized,
    {
        TypedRequest::new(self, codec, value)
    }
}

impl<C: Decode<T>, T> TypedRequest<C, T> {
    fn new<Req: ?Sized>(request: RequestBuilder, codec: C, value: &Req) -> Self
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
        Ok(self.call().await?.into_value())
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

/// A tower service of requests that can be shared: a [`Client`](crate::Client), or any stack of layers
/// around one that can be cloned. Implemented for all of them.
pub trait RequestService:
    TowerService<Request, Response = Reply, Error: Into<BoxError>, Future: Send> + Clone + Send + Sync
{
}

impl<S> RequestService for S where
    S: TowerService<Request, Response = Reply, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + Sync
{
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
    S: TowerService<Request, Response = Reply, Error: Into<BoxError>, Future: Send> + Send,
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

fn unencodable(topic: &Arc<str>, error: CodecError) -> RequestError {
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
        Ok(value) => Ok(TypedReply::new(value, reply)),
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
