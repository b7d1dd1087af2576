//! Whom a service hands a request to: operations, layers, tower services.

use std::{
    sync::{Arc, Mutex},
    task::{Context as TaskContext, Poll},
};

use antiphon::{
    Code, Executed, RequestErrorKind as Kind, Service, Status,
    service::{self, HandlerService, Reply},
};
use bytes::Bytes;
use futures::future::BoxFuture;
use tower::Service as TowerService;

use crate::support::{assert_placed, broker, client};

#[tokio::test(start_paused = true)]
async fn operations_reach_their_own_handlers() {
    let broker = broker();
    let named = |name: &'static str| service::raw(move |_, _| async move { Ok(name) });
    let service = Service::builder("s", "1")
        .transport(broker.transport())
        .operation("echo", "get", named("get"))
        .operation("echo", "orders/put", named("put"))
        .route("echo", named("plain"))
        .start()
        .await
        .unwrap();
    let client = client(&broker).await;
    for (operation, answered) in [
        (Some("get"), "get"),
        (Some("orders/put"), "put"),
        (None, "plain"),
    ] {
        let mut request = client.request("echo");
        if let Some(operation) = operation {
            request = request.operation(operation);
        }
        assert_eq!(
            &request.send().await.unwrap().value()[..],
            answered.as_bytes()
        );
    }
    let error = client
        .request("echo")
        .operation("Get")
        .send()
        .await
        .unwrap_err();
    assert_placed(&error, Kind::Status, Executed::No);
    assert_eq!(error.status().unwrap().code(), Code::Unimplemented);
    drop(service);
}

#[tokio::test(start_paused = true)]
async fn a_topic_without_a_plain_handler_wants_an_operation() {
    let broker = broker();
    let service = Service::builder("s", "1")
        .transport(broker.transport())
        .operation("echo", "get", service::raw(|_, _| async { Ok("x") }))
        .start()
        .await
        .unwrap();
    let client = client(&broker).await;
    let error = client.request("echo").send().await.unwrap_err();
    assert_placed(&error, Kind::Status, Executed::No);
    assert_eq!(error.status().unwrap().code(), Code::Unimplemented);
    drop(service);
}

#[derive(Clone)]
struct Noting<S> {
    name: &'static str,
    log: Arc<Mutex<Vec<&'static str>>>,
    inner: S,
}

impl<S> TowerService<service::Inbound> for Noting<S>
where
    S: TowerService<service::Inbound, Response = Reply, Error = Status>,
    S::Future: Send + 'static,
{
    type Response = Reply;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Reply, Status>>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: service::Inbound) -> Self::Future {
        self.log.lock().unwrap().push(self.name);
        if request.context.header("x-refuse").is_some() && self.name == "outer" {
            let status = Status::permission_denied("refused").with_executed(Executed::No);
            return Box::pin(std::future::ready(Err(status)));
        }
        Box::pin(self.inner.call(request))
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_layer_is_the_outermost_and_may_refuse() {
    let broker = broker();
    let log: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let layer = |name| {
        let log = Arc::clone(&log);
        tower::layer::layer_fn(move |inner: HandlerService| Noting {
            name,
            log: Arc::clone(&log),
            inner,
        })
    };
    let noted = Arc::clone(&log);
    let service = Service::builder("s", "1")
        .transport(broker.transport())
        .route(
            "echo",
            service::raw(move |_, value: Bytes| {
                noted.lock().unwrap().push("handler");
                async move { Ok(value) }
            }),
        )
        .layer(layer("inner"))
        .layer(layer("outer"))
        .operation(
            "echo",
            "bare",
            service::raw(|_, value: Bytes| async move { Ok(value) }),
        )
        .start()
        .await
        .unwrap();
    let client = client(&broker).await;
    client.request("echo").send().await.unwrap();
    assert_eq!(*log.lock().unwrap(), ["outer", "inner", "handler"]);
    log.lock().unwrap().clear();
    let error = client
        .request("echo")
        .header("x-refuse", "1")
        .send()
        .await
        .unwrap_err();
    assert_placed(&error, Kind::Status, Executed::No);
    assert_eq!(error.status().unwrap().code(), Code::PermissionDenied);
    assert_eq!(*log.lock().unwrap(), ["outer"]);
    log.lock().unwrap().clear();
    // Added after the layers.
    client
        .request("echo")
        .operation("bare")
        .send()
        .await
        .unwrap();
    assert!(log.lock().unwrap().is_empty());
    drop(service);
}

#[derive(Clone)]
struct Shouting(bool);

impl TowerService<service::Inbound> for Shouting {
    type Response = String;
    type Error = Status;
    type Future = std::future::Ready<Result<String, Status>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Status>> {
        self.0 = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: service::Inbound) -> Self::Future {
        assert!(self.0, "called before it was ready");
        let text = String::from_utf8_lossy(&request.value).to_uppercase();
        std::future::ready(Ok(text))
    }
}

#[tokio::test(start_paused = true)]
async fn a_tower_service_answers() {
    let broker = broker();
    let service = Service::builder("s", "1")
        .transport(broker.transport())
        .route("echo", service::tower(Shouting(false)))
        .start()
        .await
        .unwrap();
    let client = client(&broker).await;
    let reply = client.request("echo").value("hello").send().await.unwrap();
    assert_eq!(&reply.value()[..], b"HELLO");
    drop(service);
}
