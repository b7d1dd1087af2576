//! Handlers of values in any encoding, of tower services, and of functions that do not wait.

use std::{
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
};

use antiphon_proto::Status;
use futures::future::BoxFuture;
use tower::{BoxError, Service as TowerService, ServiceExt};

use super::{
    RequestHandler, SyncHandler,
    extract::undecodable,
    message::{Context, Inbound, Reply},
    reply::IntoReply,
    sync::SyncRequest,
};
use crate::{
    codec::{Coded, Decode, Direction, Encode, HeaderSource, Outbound, Received},
    error::status_of,
};

/// A handler of values in any encoding. A request that does not decode is answered with
/// `INVALID_ARGUMENT` and does not reach the handler.
///
/// ```
/// use antiphon::{Service, ServiceBuilder, codec::Json, service};
///
/// fn adder() -> ServiceBuilder {
///     let sum = service::typed(Json, |_, numbers: Vec<i64>| async move {
///         Ok(numbers.iter().sum::<i64>())
///     });
///     Service::builder("adder").route("sums", sum)
/// }
/// ```
pub fn typed<C, F, Fut, Req, Resp>(codec: C, f: F) -> impl RequestHandler
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
///
/// An error may be anything that boxes: a [`Status`] is sent as it is, tower's `Elapsed` as
/// `DEADLINE_EXCEEDED` and maybe executed, its `Overloaded` as `RESOURCE_EXHAUSTED` and not executed,
/// and any other error as `INTERNAL`.
///
/// ```
/// use antiphon::{Service, ServiceBuilder, Status, service::{self, Inbound}};
/// use tower::service_fn;
///
/// fn echo() -> ServiceBuilder {
///     let echo = service_fn(|request: Inbound| async move { Ok::<_, Status>(request.value) });
///     Service::builder("echo").route("echo", service::tower(echo))
/// }
/// ```
pub fn tower<S>(service: S) -> impl RequestHandler
where
    S: TowerService<Inbound> + Clone + Send + 'static,
    S::Response: Into<Reply>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    Tower::new(service, false)
}

struct Typed<C, F, T> {
    codec: Arc<C>,
    f: Arc<F>,
    types: PhantomData<T>,
}

impl<C, F, Fut, Req, Resp> RequestHandler for Typed<C, F, fn(Req) -> Resp>
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

/// A tower service as a handler.
pub(crate) struct Tower<S> {
    /// Cloned for each request. Few tower services are `Sync`, and a clone takes no time.
    service: Mutex<S>,
    immediate: bool,
}

impl<S> Tower<S> {
    /// `immediate`: what is inside does not wait, as far as is known.
    pub(crate) fn new(service: S, immediate: bool) -> Self {
        Self {
            service: Mutex::new(service),
            immediate,
        }
    }
}

impl<S> RequestHandler for Tower<S>
where
    S: TowerService<Inbound> + Clone + Send + 'static,
    S::Response: Into<Reply>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    fn handle(&self, request: Inbound) -> BoxFuture<'static, Result<Reply, Status>> {
        let service = self.service.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = S::clone(&service).oneshot(request);
        drop(service);
        Box::pin(async move {
            answered
                .await
                .map(Into::into)
                .map_err(|error| status_of(error.into()))
        })
    }

    fn is_immediate(&self) -> bool {
        self.immediate
    }
}

/// A handler that computes and does not wait: a function of a borrowed request. It costs no future, no
/// task and no copy of the request. It returns what any handler may: see [`IntoReply`].
///
/// It runs on the thread that reads requests, whatever
/// [`first_poll`](crate::config::ServiceConfig::first_poll) says, and delays that thread: so it must
/// be short, and must not block. No timeout stops it. In a [layer](crate::ServiceBuilder::layer) it
/// still runs there, with a copy of the request. The first request for a reply topic waits until the
/// brokers have been asked for the topic, and runs on the runtime.
///
/// ```
/// use antiphon::{Service, ServiceBuilder, service};
///
/// fn upper() -> ServiceBuilder {
///     let upper = service::sync(|request| Ok(request.value().to_ascii_uppercase()));
///     Service::builder("upper").route("upper", upper)
/// }
/// ```
pub fn sync<F, R>(f: F) -> impl RequestHandler
where
    F: Fn(&SyncRequest<'_>) -> R + Send + Sync + 'static,
    R: IntoReply + 'static,
{
    Immediate(f)
}

struct Immediate<F>(F);

impl<F, R> SyncHandler for Immediate<F>
where
    F: Fn(&SyncRequest<'_>) -> R + Send + Sync + 'static,
    R: IntoReply + 'static,
{
    fn answer(&self, request: &SyncRequest<'_>) -> Result<Reply, Status> {
        (self.0)(request).into_reply()
    }
}

impl<F, R> RequestHandler for Immediate<F>
where
    F: Fn(&SyncRequest<'_>) -> R + Send + Sync + 'static,
    R: IntoReply + 'static,
{
    fn handle(&self, request: Inbound) -> BoxFuture<'static, Result<Reply, Status>> {
        let result = self.answer(&SyncRequest::from(&request));
        Box::pin(std::future::ready(result))
    }

    fn as_sync(&self) -> Option<&dyn SyncHandler> {
        Some(self)
    }
}
