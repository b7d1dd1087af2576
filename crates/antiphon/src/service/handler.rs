//! What answers requests: an async function, or a tower service.

use std::{borrow::Cow, future::Future, sync::Arc};

use bytes::Bytes;
use futures::future::BoxFuture;
use tower::{BoxError, Service as TowerService, ServiceExt};

use antiphon_proto::{Executed, Status};

use super::{context::Context, sync::SyncHandler};
use crate::codec::{
    CodecError, Coded, Decode, Direction, Encode, Encoded, HeaderSource, Outbound, Received,
};
use crate::error::status_of;

/// A request as a handler gets it.
#[derive(Debug)]
pub struct Request {
    /// Who asks, how long there is, and what came with it.
    pub context: Context,
    /// The payload.
    pub value: Bytes,
}

/// A reply as a handler gives it.
#[derive(Clone, Debug, Default)]
pub struct Response {
    value: Bytes,
    headers: Vec<(String, Bytes)>,
    content_type: Option<Cow<'static, str>>,
    message_type: Option<Cow<'static, str>>,
}

impl Response {
    /// A reply with this payload.
    pub fn new(value: impl Into<Bytes>) -> Self {
        Self {
            value: value.into(),
            ..Self::default()
        }
    }

    /// Adds an application header. A name that belongs to the protocol makes the reply an
    /// `INTERNAL` error.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Says what the payload is.
    #[must_use]
    pub fn content_type(mut self, media_type: impl Into<Cow<'static, str>>) -> Self {
        self.content_type = Some(media_type.into());
        self
    }

    /// Sets the application's name for the type of the payload.
    #[must_use]
    pub fn message_type(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.message_type = Some(name.into());
        self
    }

    pub(crate) fn into_encoded(self) -> Encoded {
        Encoded {
            value: self.value,
            headers: self.headers,
            content_type: self.content_type,
            message_type: self.message_type,
        }
    }
}

impl From<Encoded> for Response {
    fn from(encoded: Encoded) -> Self {
        Self {
            value: encoded.value,
            headers: encoded.headers,
            content_type: encoded.content_type,
            message_type: encoded.message_type,
        }
    }
}

impl<T: Into<Bytes>> From<T> for Response {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Answers requests. Made by [`raw`], [`json`], [`typed`], [`tower()`] or [`sync`](super::sync()),
/// or by hand.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. An `Err` is sent to the requester as an error reply.
    fn handle(&self, request: Request) -> BoxFuture<'static, Result<Response, Status>>;

    /// This handler as one that does not wait, if it is one: then it is called so, and
    /// [`handle`](Self::handle) only where that is not possible. Default: it is none.
    fn as_sync(&self) -> Option<&dyn SyncHandler> {
        None
    }
}

/// A handler of bytes.
pub fn raw<F, Fut, R>(f: F) -> impl Handler
where
    F: Fn(Context, Bytes) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Status>> + Send + 'static,
    R: Into<Response> + 'static,
{
    Raw(f)
}

/// A handler of JSON values.
pub fn json<F, Fut, Req, Resp>(f: F) -> impl Handler
where
    F: Fn(Context, Req) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Resp, Status>> + Send + 'static,
    Req: serde::de::DeserializeOwned + Send + 'static,
    Resp: serde::Serialize + Send + 'static,
{
    typed(crate::codec::Json, f)
}

/// A handler of values in any encoding. A request that does not decode is answered with
/// `INVALID_ARGUMENT` and does not reach the handler.
pub fn typed<C, F, Fut, Req, Resp>(codec: C, f: F) -> impl Handler
where
    C: Decode<Req> + Encode<Resp> + Send + Sync + 'static,
    F: Fn(Context, Req) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Resp, Status>> + Send + 'static,
    Req: Send + 'static,
    Resp: Send + 'static,
{
    Typed {
        codec: Arc::new(codec),
        f: Arc::new(f),
        types: std::marker::PhantomData::<fn(Req) -> Resp>,
    }
}

/// A handler that is a tower service. Each request is answered by a clone of it.
pub fn tower<S>(service: S) -> impl Handler
where
    S: TowerService<Request> + Clone + Send + Sync + 'static,
    S::Response: Into<Response>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    Tower(service)
}

struct Raw<F>(F);

impl<F, Fut, R> Handler for Raw<F>
where
    F: Fn(Context, Bytes) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Status>> + Send + 'static,
    R: Into<Response> + 'static,
{
    fn handle(&self, request: Request) -> BoxFuture<'static, Result<Response, Status>> {
        let running = (self.0)(request.context, request.value);
        Box::pin(async move { running.await.map(Into::into) })
    }
}

struct Typed<C, F, T> {
    codec: Arc<C>,
    f: Arc<F>,
    types: std::marker::PhantomData<T>,
}

impl<C, F, Fut, Req, Resp> Handler for Typed<C, F, fn(Req) -> Resp>
where
    C: Decode<Req> + Encode<Resp> + Send + Sync + 'static,
    F: Fn(Context, Req) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Resp, Status>> + Send + 'static,
    Req: Send + 'static,
    Resp: Send + 'static,
{
    fn handle(&self, request: Request) -> BoxFuture<'static, Result<Response, Status>> {
        let Request { context, value } = request;
        let decoded = self.codec.decode(&Received::from_source(
            &value,
            about(&context, Direction::Request),
            HeaderSource::Pairs(context.headers()),
        ));
        let (codec, f) = (Arc::clone(&self.codec), Arc::clone(&self.f));
        let about = context.shared();
        match decoded {
            // The handler's future is made here, where its first poll may be.
            Coded::Ready(Ok(value)) => {
                let running = f(context, value);
                Box::pin(async move { encode(&*codec, running.await?, &about).await })
            }
            Coded::Ready(Err(error)) => Box::pin(std::future::ready(Err(undecodable(&error)))),
            Coded::Waiting(decoding) => Box::pin(async move {
                let value = decoding.await.map_err(|error| undecodable(&error))?;
                encode(&*codec, f(context, value).await?, &about).await
            }),
        }
    }
}

async fn encode<C: Encode<T>, T>(
    codec: &C,
    value: T,
    context: &Context,
) -> Result<Response, Status> {
    let encoded = codec.encode(&value, &about(context, Direction::Reply));
    encoded
        .await
        .map(Response::from)
        .map_err(|error| Status::internal(format!("the reply does not encode: {error}")))
}

fn about(context: &Context, direction: Direction) -> Outbound<'_> {
    Outbound::new(context.topic(), context.operation(), direction)
}

fn undecodable(error: &CodecError) -> Status {
    Status::invalid_argument(format!("the request does not decode: {error}"))
        .with_executed(Executed::No)
}

struct Tower<S>(S);

impl<S> Handler for Tower<S>
where
    S: TowerService<Request> + Clone + Send + Sync + 'static,
    S::Response: Into<Response>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    fn handle(&self, request: Request) -> BoxFuture<'static, Result<Response, Status>> {
        let answered = self.0.clone().oneshot(request);
        Box::pin(async move {
            answered
                .await
                .map(Into::into)
                .map_err(|error| status_of(error.into()))
        })
    }
}

/// A handler as a tower service, for layers to wrap.
#[derive(Clone)]
pub struct HandlerService(Arc<dyn Handler>);

impl HandlerService {
    pub(crate) fn new(handler: Arc<dyn Handler>) -> Self {
        Self(handler)
    }
}

impl TowerService<Request> for HandlerService {
    type Response = Response;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response, Status>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Status>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.0.handle(request)
    }
}

impl std::fmt::Debug for HandlerService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HandlerService")
    }
}
