//! What answers requests.

pub(super) mod adapters;
pub(super) mod message;
pub(super) mod sync;

use std::{fmt, sync::Arc, task};

use antiphon_proto::Status;
use futures::future::BoxFuture;
use tower::Service as TowerService;

use self::{
    message::{Inbound, Reply},
    sync::SyncRequest,
};

/// Answers requests. Made by [`raw`](super::raw), [`json`](super::json), [`typed`](super::typed),
/// [`tower`](super::tower()) or [`sync`](super::sync()), or by hand.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. An `Err` is sent to the requester as an error reply.
    fn handle(&self, request: Inbound) -> BoxFuture<'static, Result<Reply, Status>>;

    /// Returns the synchronous form of this handler, if it has one. The service prefers it over
    /// [`handle`](Self::handle). Default: `None`.
    fn as_sync(&self) -> Option<&dyn SyncHandler> {
        None
    }
}

/// A handler that computes and does not wait. Made by [`sync`](super::sync()), or by hand.
pub trait SyncHandler: Send + Sync + 'static {
    /// Answers one request. An `Err` is sent to the requester as an error reply.
    ///
    /// Must be short: it delays the thread that reads requests.
    fn answer(&self, request: &SyncRequest<'_>) -> Result<Reply, Status>;
}

/// A handler as a tower service, for layers to wrap.
#[derive(Clone)]
pub struct HandlerService(Arc<dyn Handler>);

impl HandlerService {
    pub(crate) fn new(handler: Arc<dyn Handler>) -> Self {
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
