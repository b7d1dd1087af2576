//! Trace context: request, handler, nested calls, reply.

use std::time::Duration;

use antiphon::{
    Client, Context, Service, Status,
    service::{self, Routes, State},
    testing,
    transport::memory::{MemoryBroker, StoredRecord},
};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn text(record: &StoredRecord, name: &str) -> Option<String> {
    let value = record.header(name)?;
    Some(String::from_utf8(value.to_vec()).unwrap())
}

async fn service(broker: &MemoryBroker, topic: &str, routes: Routes) -> Service {
    broker.create_topic(topic, 1);
    let service = Service::builder(topic).transport(broker.transport());
    let service = service.topic(topic, routes).start().await.unwrap();
    service.ready().await;
    service
}

async fn client(broker: &MemoryBroker, group: &str) -> Client {
    let client = Client::builder(group).transport(broker.transport());
    client.connect().await.unwrap()
}

/// `front` calls `stock` on its own task and `audit` on one that it spawns; each waits a little, so
/// that no handler is done at its first poll.
async fn shop(broker: &MemoryBroker) -> Vec<Service> {
    async fn front(cx: Context, State(inside): State<Client>) -> Result<String, Status> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        inside.request("stock").await?;
        let audit = {
            let inside = inside.clone();
            async move { inside.request("audit").await.map(drop) }
        };
        tokio::spawn(cx.in_trace(audit)).await.unwrap()?;
        let alone = tokio::spawn(inside.request("alone").send());
        alone.await.unwrap()?;
        Ok(cx.traceparent().unwrap_or("none").to_owned())
    }
    let inside = client(broker, "inside").await;
    let mut services = Vec::new();
    for topic in ["audit", "alone"] {
        services.push(service(broker, topic, Routes::new().default(|| async {})).await);
    }
    let stock = Routes::new().default(service::sync(|request| {
        Ok(request.traceparent().unwrap_or("none").to_owned())
    }));
    services.push(service(broker, "stock", stock).await);
    services.push(
        service(
            broker,
            "front",
            Routes::new().default(front).with_state(inside),
        )
        .await,
    );
    services
}

#[tokio::test(start_paused = true)]
async fn a_trace_goes_from_request_to_handler_to_nested_calls_and_back() {
    let broker = MemoryBroker::new();
    let _services = shop(&broker).await;
    let client = client(&broker, "web").await;
    let request = client.request("front").header("traceparent", PARENT);
    let request = request
        .header("tracestate", "vendor=1")
        .header("baggage", "user=7");
    let reply = request.await.unwrap();
    assert!(String::from_utf8_lossy(reply.value()).contains(TRACE));
    assert!(reply.traceparent().unwrap().contains(TRACE));
    for topic in ["front", "stock", "audit", "web.replies", "inside.replies"] {
        let records = broker.records(topic);
        let traced = records
            .iter()
            .filter(|record| record.header("traceparent").is_some());
        for record in traced {
            assert!(
                text(record, "traceparent").unwrap().contains(TRACE),
                "{topic}"
            );
        }
        assert!(text(&records[0], "traceparent").is_some(), "{topic}");
    }
    for topic in ["stock", "audit"] {
        let record = &broker.records(topic)[0];
        assert_eq!(text(record, "baggage").unwrap(), "user=7");
    }
    // Without a backend the headers are passed on as they came.
    if cfg!(not(feature = "opentelemetry")) {
        let stock = &broker.records("stock")[0];
        assert_eq!(text(stock, "traceparent").unwrap(), PARENT);
        assert_eq!(text(stock, "tracestate").unwrap(), "vendor=1");
    }
    // A task that the handler spawns by itself is no part of the trace.
    assert_eq!(text(&broker.records("alone")[0], "traceparent"), None);
}

#[tokio::test(start_paused = true)]
async fn without_a_trace_nothing_is_written() {
    let broker = MemoryBroker::new();
    let _services = shop(&broker).await;
    let client = client(&broker, "web").await;
    for traceparent in [None, Some("00-not-valid-01"), Some("")] {
        let mut request = client.request("front");
        if let Some(traceparent) = traceparent {
            request = request
                .header("traceparent", traceparent)
                .header("tracestate", "v=1");
        }
        let reply = request.await.unwrap();
        assert_eq!(&reply.value()[..], b"none");
        assert_eq!(reply.traceparent(), None);
    }
    for topic in ["stock", "audit", "web.replies"] {
        for record in broker.records(topic) {
            assert_eq!(text(&record, "traceparent"), None, "{topic}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_reply_carries_the_trace() {
    let broker = MemoryBroker::new();
    let failing = || async { Err::<(), _>(Status::not_found("no")) };
    let _service = service(&broker, "front", Routes::new().default(failing)).await;
    let client = client(&broker, "web").await;
    let error = client.request("front").header("traceparent", PARENT).await;
    assert!(error.is_err());
    let reply = &broker.records("web.replies")[0];
    assert!(text(reply, "traceparent").unwrap().contains(TRACE));
}

/// Two handlers of one task take turns; each keeps its own trace.
#[tokio::test(start_paused = true)]
async fn handlers_that_run_at_once_do_not_mix_their_traces() {
    let (stock, _stock) = testing::pair((
        "stock",
        Routes::new()
            .default(|cx: Context| async move { cx.traceparent().unwrap_or("none").to_owned() }),
    ))
    .await
    .unwrap();
    async fn front(State(stock): State<Client>) -> Result<Vec<u8>, Status> {
        let mut last = Vec::new();
        for pause in 1..4 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            last = stock.request("stock").await?.into_value().to_vec();
        }
        Ok(last)
    }
    let routes = Routes::new().default(front).with_state(stock);
    let (client, _service) = testing::pair(("front", routes)).await.unwrap();
    let calls = (1..100_u32).map(|number| {
        let trace = format!("{number:032x}");
        let request = client.request("front");
        let request = request.header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"));
        async move { (trace, request.await.unwrap()) }
    });
    for (trace, reply) in futures::future::join_all(calls).await {
        assert!(String::from_utf8_lossy(reply.value()).contains(&trace));
    }
}

#[cfg(feature = "opentelemetry")]
mod backend {
    use opentelemetry::trace::{SpanId, TracerProvider as _};
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    fn find<'a>(spans: &'a [SpanData], name: &str, topic: &str) -> &'a SpanData {
        let of = |span: &&SpanData| {
            span.name == name
                && span.attributes.iter().any(|one| {
                    one.key.as_str() == "messaging.destination.name" && one.value.as_str() == topic
                })
        };
        spans.iter().find(of).unwrap()
    }

    /// Request, handler, nested request, nested handler are parents and children; each request is
    /// linked with the handler that answered it.
    #[tokio::test(start_paused = true)]
    async fn spans_of_client_and_service_are_one_trace() {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let broker = MemoryBroker::new();
        let _services = shop(&broker).await;
        let client = client(&broker, "web").await;
        client.request("front").await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let spans = exporter.get_finished_spans().unwrap();
        let sent = find(&spans, "request", "front");
        let front = find(&spans, "process", "front");
        let nested = find(&spans, "request", "stock");
        let stock = find(&spans, "process", "stock");
        assert_eq!(sent.parent_span_id, SpanId::INVALID);
        for (child, parent) in [(front, sent), (nested, front), (stock, nested)] {
            assert_eq!(child.parent_span_id, parent.span_context.span_id());
            assert_eq!(child.span_context.trace_id(), sent.span_context.trace_id());
        }
        for (request, handler) in [(sent, front), (nested, stock)] {
            let links = request.links.iter();
            let mut linked = links.map(|link| link.span_context.span_id());
            assert!(linked.any(|id| id == handler.span_context.span_id()));
        }
    }
}
