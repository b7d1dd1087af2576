use std::{sync::Arc, time::Duration};

use antiphon::{
    Client, Service, Status,
    config::{ClientConfig, ServiceConfig},
    service,
    transport::memory::MemoryBroker,
};
use bytes::Bytes;

pub(crate) fn broker() -> MemoryBroker {
    let broker = MemoryBroker::new();
    broker.create_topic("echo", 4);
    broker
}

pub(crate) async fn client(broker: &MemoryBroker) -> Client {
    client_with(broker, ClientConfig::default()).await
}

pub(crate) async fn client_with(broker: &MemoryBroker, config: ClientConfig) -> Client {
    Client::builder("web")
        .transport(broker.transport())
        .config(config)
        .connect()
        .await
        .unwrap()
}

pub(crate) async fn echo(broker: &MemoryBroker) -> Service {
    named_echo(broker, "echo-service").await
}

pub(crate) async fn named_echo(broker: &MemoryBroker, name: &str) -> Service {
    serve(broker, name, |_, value| async move { Ok(value) }).await
}

pub(crate) async fn serve<F, Fut>(broker: &MemoryBroker, name: &str, handler: F) -> Service
where
    F: Fn(service::Context, Bytes) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Bytes, Status>> + Send + 'static,
{
    let service = Service::builder(name, "1.0.0")
        .transport(broker.transport())
        .route("echo", service::raw(handler))
        .start()
        .await
        .unwrap();
    service.ready().await;
    service
}

pub(crate) async fn serve_with<F, Fut>(
    broker: &MemoryBroker,
    config: ServiceConfig,
    handler: F,
) -> Service
where
    F: Fn(service::Context, Bytes) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Bytes, Status>> + Send + 'static,
{
    let service = Service::builder("echo-service", "1.0.0")
        .transport(broker.transport())
        .config(config)
        .route("echo", service::raw(handler))
        .start()
        .await
        .unwrap();
    service.ready().await;
    service
}

/// Polls a condition; paused time makes the pauses free.
pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}

/// A handler that never ends.
pub(crate) async fn for_ever(_: service::Context, _: Bytes) -> Result<Bytes, Status> {
    std::future::pending().await
}

pub(crate) fn shared<T>(value: T) -> Arc<T> {
    Arc::new(value)
}
