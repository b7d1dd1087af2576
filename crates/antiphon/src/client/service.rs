//! A client, and a request topic of it, as tower services.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tower::Service as TowerService;

use super::{Client, Reply, Request, RequestFuture};
use crate::error::RequestError;

/// Always ready: a call waits for room under the client's limits in its own future, so that it is
/// bound by its own deadline.
impl TowerService<Request> for Client {
    type Response = Reply;
    type Error = RequestError;
    type Future = RequestFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), RequestError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> RequestFuture {
        self.execute(request)
    }
}

impl TowerService<Request> for &Client {
    type Response = Reply;
    type Error = RequestError;
    type Future = RequestFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), RequestError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> RequestFuture {
        self.execute(request)
    }
}

/// A request topic of a client, as a `tower::Service` of payloads. Made by [`Client::target`].
///
/// ```
/// use antiphon::{Client, Reply};
/// use bytes::Bytes;
/// use tower::{BoxError, ServiceBuilder, ServiceExt};
///
/// async fn price(client: &Client) -> Result<Reply, BoxError> {
///     let target = client.target("shop").operation("price");
///     let shed = ServiceBuilder::new().load_shed().service(target);
///     shed.oneshot(Bytes::from("apples")).await
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a target does nothing until it is called"]
pub struct Target {
    client: Client,
    template: Request,
}

impl Target {
    pub(super) fn new(client: Client, topic: Arc<str>) -> Self {
        Self {
            client,
            template: Request::new(topic),
        }
    }

    /// Names the operation of every call.
    pub fn operation(mut self, operation: impl Into<String>) -> Self {
        self.template = self.template.with_operation(operation);
        self
    }

    /// Sets the record's key of every call.
    pub fn key(mut self, key: impl Into<Bytes>) -> Self {
        self.template = self.template.with_key(key);
        self
    }

    /// Adds a header to every call.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.template = self.template.with_header(name, value);
        self
    }

    /// Sets how long each call may take. Default: the client's timeout.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.template = self.template.with_timeout(timeout);
        self
    }
}

impl TowerService<Bytes> for Target {
    type Response = Reply;
    type Error = RequestError;
    type Future = RequestFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), RequestError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, value: Bytes) -> RequestFuture {
        self.client.execute(self.template.clone().with_value(value))
    }
}
