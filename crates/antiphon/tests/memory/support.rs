use std::{sync::Arc, time::Duration};

use antiphon::{
    Client, CorrelationId, Executed, Reply, RequestError, RequestErrorKind, Service, Status,
    config::{ClientConfig, ServiceConfig},
    service::{self, Handler},
    transport::{
        HeaderPairs,
        memory::{Faults, MemoryBroker, StoredRecord},
    },
};
use bytes::Bytes;
use tokio::task::JoinHandle;

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
    let service = Service::builder(name)
        .version("1.0.0")
        .transport(broker.transport())
        .route("echo", handler)
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
    serve_handler(broker, config, handler).await
}

pub(crate) async fn serve_handler<Args>(
    broker: &MemoryBroker,
    config: ServiceConfig,
    handler: impl Handler<Args>,
) -> Service {
    let service = Service::builder("echo-service")
        .version("1.0.0")
        .transport(broker.transport())
        .config(config)
        .route("echo", handler)
        .start()
        .await
        .unwrap();
    service.ready().await;
    service
}

/// How many requests of all partitions a group has committed.
pub(crate) fn committed(broker: &MemoryBroker, group: &str) -> i64 {
    let all = broker.committed(group);
    all.iter().map(|(_, _, next)| next).sum()
}

/// Every request is committed, and nothing is left in hand.
pub(crate) async fn assert_all_done(broker: &MemoryBroker, service: &Service, requests: i64) {
    eventually("all in hand is done", || {
        service.running() == 0 && service.unacknowledged() == 0
    })
    .await;
    eventually("committed", || {
        committed(broker, "echo-service") == requests
    })
    .await;
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

/// Lets everything that is due happen.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

pub(crate) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(crate) fn headers(pairs: &[(&str, &str)]) -> HeaderPairs {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| (bytes(name), Some(bytes(value))))
        .collect()
}

/// A call that runs by itself.
pub(crate) fn ask(client: &Client, value: &str) -> JoinHandle<Result<Reply, RequestError>> {
    tokio::spawn(client.request("echo").value(value.to_owned()).send())
}

/// The requests on `echo`, once there are `count`.
pub(crate) async fn sent(broker: &MemoryBroker, count: usize) -> Vec<StoredRecord> {
    eventually("requests sent", || broker.records("echo").len() >= count).await;
    broker.records("echo")
}

pub(crate) fn id_of(record: &StoredRecord) -> CorrelationId {
    CorrelationId::parse(record.header("correlation-id").unwrap()).unwrap()
}

/// Answers as any peer could.
pub(crate) fn answer(
    broker: &MemoryBroker,
    client: &Client,
    key: Option<&str>,
    value: &str,
    pairs: &[(&str, &str)],
) {
    let partition = client.reply_partition();
    let appended = broker.append(
        client.reply_topic(),
        partition,
        key.map(bytes),
        Some(bytes(value)),
        headers(pairs),
    );
    assert!(appended);
}

pub(crate) fn faults(set: impl FnOnce(&mut Faults)) -> Faults {
    let mut faults = Faults::default();
    set(&mut faults);
    faults
}

/// An error of a call that was never handed to the log.
#[track_caller]
pub(crate) fn assert_unsent(error: &RequestError, kind: RequestErrorKind) {
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(error.executed(), Executed::No, "{error}");
    assert_eq!(error.topic(), Some("echo"), "{error}");
    assert_eq!(error.partition(), None, "{error}");
    assert_eq!(error.correlation_id(), None, "{error}");
}

/// An error of a call that had its id and its partition.
#[track_caller]
pub(crate) fn assert_placed(error: &RequestError, kind: RequestErrorKind, executed: Executed) {
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(error.executed(), executed, "{error}");
    assert_eq!(error.topic(), Some("echo"), "{error}");
    assert!((0..4).contains(&error.partition().unwrap()), "{error}");
    assert!(error.correlation_id().is_some(), "{error}");
}

/// Something that handlers count on.
pub(crate) fn shared<T>(value: T) -> Arc<T> {
    Arc::new(value)
}
