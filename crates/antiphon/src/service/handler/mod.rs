//! What answers requests: functions, tower services, and handlers by hand.

pub(super) mod adapters;
pub(super) mod extract;
pub(super) mod function;
pub(super) mod message;
pub(super) mod reply;
pub(super) mod sync;
#[cfg(feature = "test-util")]
pub(super) mod test;

use std::{fmt, sync::Arc, task};

use antiphon_proto::Status;
use futures::future::BoxFuture;
use tower::Service as TowerService;

use self::{
    message::{Inbound, Reply},
    sync::SyncRequest,
};

/// What a route takes: an async function of [extractors](super::FromContext), or a [`RequestHandler`].
///
/// A function has up to eight arguments. Each is a [`FromContext`](super::FromContext), such as
/// [`Context`](super::Context) or [`State`](super::State); the last one may be a
/// [`FromRequest`](super::FromRequest) instead, which takes the payload: `Bytes`, `String`,
/// [`Json`](super::Json). It returns an [`IntoReply`](super::IntoReply), or a `Result` of one and a
/// [`Status`]; `?` turns a [`RequestError`](crate::RequestError) into a `Status`.
///
/// An argument that cannot be made of the request answers it with `INVALID_ARGUMENT`, not executed,
/// and the function is not called.
///
/// ```
/// use antiphon::{Context, Service, ServiceBuilder, Status, service::{Json, Routes, State}};
///
/// #[derive(Clone)]
/// struct Prices(u64);
///
/// async fn price(State(prices): State<Prices>, Json(fruit): Json<String>) -> Result<Json<u64>, Status> {
///     match fruit.as_str() {
///         "apple" => Ok(Json(prices.0)),
///         other => Err(Status::not_found(format!("no {other} here"))),
///     }
/// }
///
/// async fn ping(cx: Context) -> String {
///     format!("{} asks", cx.requester().unwrap_or("somebody"))
/// }
///
/// fn shop() -> ServiceBuilder {
///     let routes = Routes::new().on("price", price).on("ping", ping).with_state(Prices(3));
///     Service::builder("shop").topic("shop", routes)
/// }
/// ```
///
/// `Args` tells the forms of handlers apart; it is always inferred. The trait cannot be implemented
/// by hand: implement [`RequestHandler`].
pub trait Handler<Args, S = ()>: Send + Sync + Sized + 'static {
    /// The handler with its state.
    #[doc(hidden)]
    fn into_endpoint(self, state: &Arc<S>) -> Endpoint;
}

/// A handler with its state, as a service keeps it.
#[doc(hidden)]
#[derive(Clone)]
pub struct Endpoint(pub(crate) Arc<dyn RequestHandler>);

/// Answers requests. Made by [`typed`](super::typed), [`tower`](super::tower()) or
/// [`sync`](super::sync()), or by hand.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use antiphon::{Status, service::{Inbound, Reply, RequestHandler}};
/// use futures::future::BoxFuture;
///
/// struct Counter(AtomicU64);
///
/// impl RequestHandler for Counter {
///     fn handle(&self, _: Inbound) -> BoxFuture<'static, Result<Reply, Status>> {
///         let count = self.0.fetch_add(1, Ordering::Relaxed);
///         Box::pin(async move { Ok(Reply::new(count.to_string())) })
///     }
/// }
/// ```
pub trait RequestHandler: Send + Sync + 'static {
    /// Answers one request. An `Err` is sent to the requester as an error reply.
    fn handle(&self, request: Inbound) -> BoxFuture<'static, Result<Reply, Status>>;

    /// Returns the synchronous form of this handler, if it has one. The service prefers it over
    /// [`handle`](Self::handle). Default: `None`.
    fn as_sync(&self) -> Option<&dyn SyncHandler> {
        None
    }

    /// Whether the future of [`handle`](Self::handle) is usually done at its first poll, so that it is
    /// polled where requests are read, whatever
    /// [`first_poll`](crate::config::ServiceConfig::first_poll) says. True for a synchronous handler,
    /// also inside of layers. Default: whether there is a synchronous form.
    fn is_immediate(&self) -> bool {
        self.as_sync().is_some()
    }
}

/// A handler that computes and does not wait. Made by [`sync`](super::sync()), or by hand.
///
/// By hand it is the synchronous form of a [`RequestHandler`]:
///
/// ```
/// use antiphon::{Status, service::{Inbound, Reply, RequestHandler, SyncHandler, SyncRequest}};
/// use futures::future::BoxFuture;
///
/// struct Length;
///
/// impl SyncHandler for Length {
///     fn answer(&self, request: &SyncRequest<'_>) -> Result<Reply, Status> {
///         Ok(Reply::new(request.value().len().to_string()))
///     }
/// }
///
/// impl RequestHandler for Length {
///     fn handle(&self, request: Inbound) -> BoxFuture<'static, Result<Reply, Status>> {
///         let answer = self.answer(&SyncRequest::from(&request));
///         Box::pin(std::future::ready(answer))
///     }
///
///     fn as_sync(&self) -> Option<&dyn SyncHandler> {
///         Some(self)
///     }
/// }
/// ```
pub trait SyncHandler: Send + Sync + 'static {
    /// Answers one request. An `Err` is sent to the requester as an error reply.
    ///
    /// Must be short: it delays the thread that reads requests.
    fn answer(&self, request: &SyncRequest<'_>) -> Result<Reply, Status>;
}

/// Tells a [`RequestHandler`] from a function.
#[doc(hidden)]
#[derive(Debug)]
pub enum ByHand {}

impl<H: RequestHandler, S> Handler<ByHand, S> for H {
    fn into_endpoint(self, _: &Arc<S>) -> Endpoint {
        Endpoint(Arc::new(self))
    }
}

impl RequestHandler for Arc<dyn RequestHandler> {
    fn handle(&self, request: Inbound) -> BoxFuture<'static, Result<Reply, Status>> {
        (**self).handle(request)
    }

    fn as_sync(&self) -> Option<&dyn SyncHandler> {
        (**self).as_sync()
    }

    fn is_immediate(&self) -> bool {
        (**self).is_immediate()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoint")
    }
}

/// A handler as a tower service, for layers to wrap.
///
/// ```
/// use antiphon::{Service, ServiceBuilder, service::HandlerService};
/// use tower::{layer::layer_fn, limit::ConcurrencyLimit};
///
/// fn greeter() -> ServiceBuilder {
///     let few = layer_fn(|inner: HandlerService| ConcurrencyLimit::new(inner, 8));
///     Service::builder("greeter").route("greetings", || async { "hello" }).layer(few)
/// }
/// ```
#[derive(Clone)]
pub struct HandlerService(Arc<dyn RequestHandler>);

impl HandlerService {
    pub(crate) fn new(handler: Arc<dyn RequestHandler>) -> Self {
        Self(handler)
    }
}

impl TowerService<Inbound> for HandlerService {
    type Response = Reply;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Reply, Status>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), Status>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Inbound) -> Self::Future {
        self.0.handle(request)
    }
}

impl fmt::Debug for HandlerService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandlerService")
    }
}
