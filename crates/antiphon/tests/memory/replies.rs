//! What counts as the reply to a call, also when it is made by hand.

use antiphon::{
    Client,
    config::{ClientConfig, ReplyConfig},
    service::Reply,
    transport::memory::MemoryBroker,
};
use antiphon_proto::{CorrelationId, InstanceId};

use crate::support::{
    answer, ask, broker, bytes, client, client_with, echo, id_of, named_echo, sent, settle,
};

/// A call in flight that nobody serves, and its id.
async fn open_call(
    broker: &MemoryBroker,
    client: &Client,
) -> (
    tokio::task::JoinHandle<Result<antiphon::Reply, antiphon::RequestError>>,
    String,
) {
    let before = broker.records("echo").len();
    let call = ask(client, "x");
    let requests = sent(broker, before + 1).await;
    let known: Vec<_> = client
        .pending(10)
        .iter()
        .map(|call| call.correlation_id)
        .collect();
    let mine = requests
        .iter()
        .map(id_of)
        .find(|id| known.contains(id))
        .unwrap();
    (call, mine.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_reply_with_nothing_but_its_id_is_a_success() {
    let broker = broker();
    let client = client(&broker).await;
    let (call, id) = open_call(&broker, &client).await;
    let extra = [
        ("correlation-id", id.as_str()),
        ("x-trace", "7"),
        ("x-trace", "8"),
    ];
    answer(&broker, &client, None, "by hand", &extra);
    let reply = call.await.unwrap().unwrap();
    assert_eq!(&reply.value()[..], b"by hand");
    assert_eq!(reply.responder(), None);
    assert_eq!(reply.header("x-trace"), Some(&bytes("7")));
    assert_eq!(reply.headers().len(), 2);
    assert_eq!(reply.partition(), client.reply_partition());
    assert_eq!(reply.offset(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_reply_without_value_is_an_empty_one() {
    let broker = broker();
    let client = client(&broker).await;
    let (call, id) = open_call(&broker, &client).await;
    let headers = crate::support::headers(&[("correlation-id", &id)]);
    broker.append("web.replies", client.reply_partition(), None, None, headers);
    assert!(call.await.unwrap().unwrap().value().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_no_id_of_ours_leaves_it_to_the_header() {
    let broker = broker();
    let client = client(&broker).await;
    let upper = |id: &str| id.to_uppercase();
    for key in [
        "order-4711".to_owned(),
        String::new(),
        "0b5cbd2c-61b6-4f6e-9d3f-0d8c2b1e7a10".to_owned(),
        "00000000-0000-0000-0000-000000000000".to_owned(),
        upper("0b5cbd2c-61b6-8f6e-9d3f-0d8c2b1e7a10"),
    ] {
        let (call, id) = open_call(&broker, &client).await;
        answer(
            &broker,
            &client,
            Some(&key),
            "ok",
            &[("correlation-id", &id)],
        );
        call.await.unwrap().unwrap();
    }
    assert_eq!(client.stray_counts(), antiphon::StrayCounts::default());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_an_old_id_of_ours_leaves_it_to_the_header() {
    let broker = broker();
    let client = client(&broker).await;
    let (call, old) = open_call(&broker, &client).await;
    answer(&broker, &client, Some(&old), "old", &[]);
    call.await.unwrap().unwrap();
    let (call, id) = open_call(&broker, &client).await;
    answer(
        &broker,
        &client,
        Some(&old),
        "new",
        &[("correlation-id", &id)],
    );
    assert_eq!(&call.await.unwrap().unwrap().value()[..], b"new");
    assert_eq!(client.stray_counts(), antiphon::StrayCounts::default());
}

/// On a shared partition most keys are other instances' ids; their headers are not looked at.
#[tokio::test(start_paused = true)]
async fn a_key_that_is_another_instances_id_is_foreign_whatever_the_header_says() {
    let broker = broker();
    let client = client(&broker).await;
    let (call, id) = open_call(&broker, &client).await;
    let foreign = CorrelationId::compose(InstanceId::new(1), 2, 3, 4).to_string();
    answer(
        &broker,
        &client,
        Some(&foreign),
        "x",
        &[("correlation-id", &id)],
    );
    settle().await;
    assert_eq!(client.stray_counts().foreign, 1);
    assert!(!call.is_finished());
    answer(&broker, &client, None, "x", &[("correlation-id", &id)]);
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn unknown_fields_of_a_later_minor_version_are_ignored() {
    let broker = broker();
    let client = client(&broker).await;
    let (call, id) = open_call(&broker, &client).await;
    let packed = "v=1;zz=whatever;r=svc/1/a";
    answer(
        &broker,
        &client,
        None,
        "x",
        &[("correlation-id", &id), ("antiphon", packed)],
    );
    assert_eq!(call.await.unwrap().unwrap().responder(), Some("svc/1/a"));
}

#[tokio::test(start_paused = true)]
async fn a_plain_success_carries_its_id_as_key_and_no_headers_for_the_caller() {
    let broker = broker();
    let _service = echo(&broker).await;
    let client = client(&broker).await;
    let reply = client.request("echo").send().await.unwrap();
    assert_eq!((reply.responder(), reply.headers().len()), (None, 0));
    let stored = &broker.records("web.replies")[0];
    assert_eq!(stored.key, stored.header("correlation-id").cloned());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_headers_learns_who_answered() {
    let broker = broker();
    let _service = named_echo(&broker, "answers").await;
    let config = ClientConfig {
        reply: ReplyConfig {
            read_headers: true,
            ..ReplyConfig::default()
        },
        ..ClientConfig::default()
    };
    let client = client_with(&broker, config).await;
    let reply = client.request("echo").send().await.unwrap();
    assert!(reply.responder().unwrap().starts_with("answers/1.0.0/"));
}

#[tokio::test(start_paused = true)]
async fn a_handlers_headers_arrive_and_take_the_key_away() {
    let broker = broker();
    let service = antiphon::Service::builder("s", "1")
        .transport(broker.transport())
        .route(
            "echo",
            antiphon::service::raw(|_, value: bytes::Bytes| async move {
                Ok(Reply::new(value)
                    .header("x-cost", "3")
                    .content_type("text/plain"))
            }),
        )
        .start()
        .await
        .unwrap();
    let client = client(&broker).await;
    let reply = client.request("echo").value("v").send().await.unwrap();
    assert_eq!(reply.header("x-cost"), Some(&bytes("3")));
    assert_eq!(reply.header("content-type"), Some(&bytes("text/plain")));
    assert_eq!(reply.header("correlation-id"), None);
    assert!(reply.responder().is_some());
    assert_eq!(broker.records("web.replies")[0].key, None);
    drop(service);
}

#[tokio::test(start_paused = true)]
async fn a_reply_topic_that_has_grown_is_answered_on_its_new_partitions_at_once() {
    let broker = broker();
    broker.create_topic("web.replies", 1);
    let _service = echo(&broker).await;
    let on = |partition| ClientConfig {
        reply: ReplyConfig {
            partition: Some(partition),
            ..ReplyConfig::default()
        },
        ..ClientConfig::default()
    };
    let first = client_with(&broker, on(0)).await;
    first.request("echo").send().await.unwrap();
    first.close(std::time::Duration::ZERO).await;
    broker.delete_topic("web.replies");
    broker.create_topic("web.replies", 6);
    let second = client_with(&broker, on(5)).await;
    second.request("echo").send().await.unwrap();
}
