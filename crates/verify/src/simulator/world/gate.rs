//! Code of a process that stands still with it, and never goes on when it is dead.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use antiphon::{
    Status,
    service::{Handler, Inbound, Reply, SyncHandler, SyncRequest},
};
use futures::future::BoxFuture;

use crate::simulator::life::Life;

/// A future that is polled only while its process runs.
pub(super) struct Gated<F> {
    inner: Pin<Box<F>>,
    life: Arc<Life>,
    /// Waited for while the process stands still.
    opening: Option<BoxFuture<'static, bool>>,
}

impl<F> Gated<F> {
    pub(super) fn new(life: &Arc<Life>, inner: F) -> Self {
        Self {
            inner: Box::pin(inner),
            life: Arc::clone(life),
            opening: None,
        }
    }
}

impl<F: Future> Future for Gated<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        loop {
            if self.life.is_running() {
                self.opening = None;
                return self.inner.as_mut().poll(cx);
            }
            if self.life.is_dead() {
                // Whoever waits for it waits for ever.
                return Poll::Pending;
            }
            let life = Arc::clone(&self.life);
            let opening = self
                .opening
                .get_or_insert_with(|| Box::pin(async move { life.running().await }));
            match opening.as_mut().poll(cx) {
                Poll::Ready(_) => self.opening = None,
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// A handler that is called and polled only while its process runs. Its clones are one handler.
#[derive(Clone)]
pub(super) struct GatedHandler {
    inner: Arc<dyn Handler>,
    life: Arc<Life>,
}

impl GatedHandler {
    pub(super) fn new(life: &Arc<Life>, inner: Arc<dyn Handler>) -> Self {
        Self {
            inner,
            life: Arc::clone(life),
        }
    }
}

impl Handler for GatedHandler {
    fn handle(&self, request: Inbound) -> BoxFuture<'static, Result<Reply, Status>> {
        let inner = Arc::clone(&self.inner);
        let run = async move { inner.handle(request).await };
        Box::pin(Gated::new(&self.life, run))
    }

    fn as_sync(&self) -> Option<&dyn SyncHandler> {
        self.inner.as_sync().map(|_| self as &dyn SyncHandler)
    }
}

/// Called where records are handed over, and so not while the process stands still.
impl SyncHandler for GatedHandler {
    fn answer(&self, request: &SyncRequest<'_>) -> Result<Reply, Status> {
        let inner = self.inner.as_sync();
        let inner = inner.ok_or_else(|| Status::internal("it is one that waits"))?;
        inner.answer(request)
    }
}

impl fmt::Debug for GatedHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GatedHandler").field(&self.life).finish()
    }
}
