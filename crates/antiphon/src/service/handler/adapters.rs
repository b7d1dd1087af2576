//! Handlers made of functions and of tower services.

use std::{marker::PhantomData, sync::Arc};

use antiphon_proto::{Executed, Status};
use bytes::Bytes;
use futures::future::BoxFuture;
use tower::{BoxError, Service as TowerService, ServiceExt};

use super::{
    Handler, SyncHandler,
    message::{Context, Inbound, Reply},
    sync::SyncRequest,
};
use crate::{
    codec::{CodecError, Coded, Decode, Direction, Encode, HeaderSource, Json, Outbound, Received},
    error::status_of,
};

/// A handler of bytes.
pub fn raw<F, Fut, R>(f: F) -> impl Handler
where
    F: Fn(Context, Bytes) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Status>> + Send + 'static,
    R: Into<Reply> + 'static,
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
    typed(Json, f)
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
        types: PhantomData::<fn(Req) -> Resp>,
    }
}

/// A handler that is a tower service. A clone of it answers each request.
pub fn tower<S>(service: S) -> impl Handler
where
    S: TowerService<Inbound> + Clone + Send + Sync + 'static,
    S::Response: Into<Reply>,
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
    R: Into<Reply> + 'static,
{
    fn handle(&self, request: Inbound) -> BoxFuture<'static, Result<Reply, Status>> {
        let running = (self.0)(request.context, request.value);
        Box::pin(async move { running.await.map(Into::into) })
    }
}

struct Typed<C, F, T> {
    codec: Arc<C>,
    f: Arc<F>,
    types: PhantomData<T>,
}

impl<C, F, Fut, Req, Resp> Handler for Typed<C, F, fn(Req) -> Resp>
where
    C: Decode<Req> + Encode<Resp> + Send + Sync + 'static,
    F: Fn(Context, Req) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Resp, Status>> + Send + 'static,
    Req: Send + 'static,
    Resp: Send + 'static,
{
    fn handle(&self, request: Inbound) -> BoxFuture<'static, Result<Reply, Status>> {
        let Inbound { context, value } = request;
        let decoded = self.codec.decode(&Received::from_source(
            &value,
            about(&context, Direction::Request),
            HeaderSource::Pairs(context.headers()),
        ));
        let (codec, f) = (Arc::clone(&self.codec), Arc::clone(&self.f));
        let about = context.shared();
        match decoded {
            // Calls the handler here, on the thread of the first poll.
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

async fn encode<C: Encode<T>, T>(codec: &C, value: T, context: &Context) -> Result<Reply, Status> {
    let encoded = codec.encode(&value, &about(context, Direction::Reply));
    encoded
        .await
        .map(Reply::from)
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
    S: TowerService<Inbound> + Clone + Send + Sync + 'static,
    S::Response: Into<Reply>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    fn handle(&self, request: Inbound) -> BoxFuture<'static, Result<Reply, Status>> {
        let answered = self.0.clone().oneshot(request);
        Box::pin(async move {
            answered
                .await
                .map(Into::into)
                .map_err(|error| status_of(error.into()))
        })
    }
}

/// A handler that computes and does not wait: a function of a borrowed request. It costs no future, no
/// task and no copy of the request.
///
/// It runs on the thread that reads requests, whatever
/// [`first_poll`](crate::config::ServiceConfig::first_poll) says, and delays that thread: so it must
/// be short, and must not block. No timeout stops it. The first request for a reply topic waits until
/// the brokers have been asked for the topic, and runs on the runtime; so do all requests of a handler
/// in a [`layer`](crate::ServiceBuilder::layer).
pub fn sync<F, R>(f: F) -> impl Handler
where
    F: Fn(&SyncRequest<'_>) -> Result<R, Status> + Send + Sync + 'static,
    R: Into<Reply> + 'static,
{
    Immediate(f)
}

struct Immediate<F>(F);

impl<F, R> SyncHandler for Immediate<F>
where
    F: Fn(&SyncRequest<'_>) -> Result<R, Status> + Send + Sync + 'static,
    R: Into<Reply> + 'static,
{
    fn answer(&self, request: &SyncRequest<'_>) -> Result<Reply, Status> {
        (self.0)(request).map(Into::into)
    }
}

impl<F, R> Handler for Immediate<F>
where
    F: Fn(&SyncRequest<'_>) -> Result<R, Status> + Send + Sync + 'static,
    R: Into<Reply> + 'static,
{
    fn handle(&self, request: Inbound) -> BoxFuture<'static, Result<Reply, Status>> {
        let result = self.answer(&SyncRequest::from(&request));
        Box::pin(std::future::ready(result))
    }

    fn as_sync(&self) -> Option<&dyn SyncHandler> {
        Some(self)
    }
}
