//! What a handler's answer becomes on the wire.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use antiphon::{
    Code, Executed, RequestErrorKind as Kind, Service, Status,
    config::{ClientConfig, ReplyConfig},
    service::{self, Reply},
    transport::memory::{Faults, MemoryBroker},
};
use bytes::Bytes;

use crate::support::{
    assert_placed, broker, bytes, client, client_with, echo, eventually, faults, headers, serve,
};

async fn answering(
    broker: &MemoryBroker,
    response: impl Fn() -> Reply + Send + Sync + 'static,
) -> Service {
    let service = Service::builder("s", "1")
        .transport(broker.transport())
        .route(
            "echo",
            service::raw(move |_, _| {
                let response = response();
                async move { Ok(response) }
            }),
        )
        .start()
        .await
        .unwrap();
    service.ready().await;
    service
}

#[tokio::test(start_paused = true)]
async fn a_header_that_is_not_the_handlers_to_set_is_an_internal_error() {
    let wrong: [fn() -> Reply; 9] = [
        || Reply::new("x").header("correlation-id", "x"),
        || Reply::new("x").header("reply-topic", "x"),
        || Reply::new("x").header("antiphon", "v=1"),
        || Reply::new("x").header("status-message", "x"),
        || Reply::new("x").header("status-details", "x"),
        || Reply::new("x").header("", "x"),
        || Reply::new("x").header("a\0b", "x"),
        || {
            Reply::new("x")
                .header("content-type", "a")
                .header("content-type", "b")
        },
        || (0..300).fold(Reply::new("x"), |r, n| r.header(format!("h{n}"), "x")),
    ];
    for response in wrong {
        let broker = broker();
        let _service = answering(&broker, response).await;
        let client = client(&broker).await;
        let error = client.request("echo").send().await.unwrap_err();
        assert_placed(&error, Kind::Status, Executed::Yes);
        assert_eq!(error.status().unwrap().code(), Code::Internal);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handlers_own_media_type_takes_the_place_of_the_codecs() {
    let broker = broker();
    let _service = answering(&broker, || {
        Reply::new("x")
            .content_type("text/plain")
            .header("content-type", "text/html")
    })
    .await;
    let client = client(&broker).await;
    let reply = client.request("echo").send().await.unwrap();
    assert_eq!(reply.header("content-type"), Some(&bytes("text/html")));
}

#[tokio::test(start_paused = true)]
async fn headers_that_no_requester_would_read_are_an_internal_error() {
    let broker = broker();
    let _service = answering(&broker, || Reply::new("x").header("x", vec![b'x'; 70_000])).await;
    let client = client(&broker).await;
    let error = client.request("echo").send().await.unwrap_err();
    assert_placed(&error, Kind::Status, Executed::Yes);
    assert_eq!(error.status().unwrap().code(), Code::Internal);
}

#[tokio::test(start_paused = true)]
async fn an_errors_code_arrives_however_long_its_details_are() {
    let broker = broker();
    let _service = serve(&broker, "s", |_, _| async {
        let long = "\u{e4}".repeat(40_000);
        Err(Status::not_found(long.clone()).with_details(format!("{{\"x\":\"{long}\"}}")))
    })
    .await;
    let client = client(&broker).await;
    let error = client.request("echo").send().await.unwrap_err();
    assert_placed(&error, Kind::Status, Executed::Yes);
    let status = error.status().unwrap();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message().len(), 1_024);
    assert_eq!(status.details(), None);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_too_large_says_so_and_was_executed() {
    let broker = broker();
    let service = answering(&broker, || Reply::new(vec![0; 2 << 20])).await;
    let client = client(&broker).await;
    let error = client.request("echo").send().await.unwrap_err();
    assert_placed(&error, Kind::Status, Executed::Yes);
    assert_eq!(error.status().unwrap().code(), Code::ResourceExhausted);
    eventually("acknowledged", || service.unacknowledged() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn that_a_reply_was_too_large_is_said_as_soon_as_there_is_room() {
    let broker = broker();
    let full = broker.clone();
    let service = answering(&broker, move || {
        full.set_faults(faults(|faults| faults.queue = 0));
        Reply::new(vec![0; 2 << 20])
    })
    .await;
    let client = client(&broker).await;
    let call = tokio::spawn(client.request("echo").send());
    eventually("answered", || service.unacknowledged() == 1).await;
    broker.set_faults(Faults::default());
    let error = call.await.unwrap().unwrap_err();
    assert_placed(&error, Kind::Status, Executed::Yes);
    assert_eq!(error.status().unwrap().code(), Code::ResourceExhausted);
}

#[tokio::test(start_paused = true)]
async fn a_typed_handler_refuses_what_does_not_decode_without_running() {
    let broker = broker();
    let ran = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&ran);
    let service = Service::builder("s", "1")
        .transport(broker.transport())
        .route(
            "echo",
            service::json(move |_, number: u32| {
                noted.store(true, Ordering::Relaxed);
                async move { Ok(number + 1) }
            }),
        )
        .start()
        .await
        .unwrap();
    let config = ClientConfig {
        reply: ReplyConfig {
            read_headers: true,
            ..ReplyConfig::default()
        },
        ..ClientConfig::default()
    };
    let client = client_with(&broker, config).await;
    let error = client
        .request("echo")
        .value("no number")
        .send()
        .await
        .unwrap_err();
    assert_placed(&error, Kind::Status, Executed::No);
    assert_eq!(error.status().unwrap().code(), Code::InvalidArgument);
    assert!(!ran.load(Ordering::Relaxed));
    let reply = client.request("echo").value("41").send().await.unwrap();
    assert_eq!(&reply.value()[..], b"42");
    assert_eq!(
        reply.header("content-type"),
        Some(&bytes("application/json"))
    );
    drop(service);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_wants_no_reply_runs_and_is_committed() {
    let broker = broker();
    broker.create_topic("hand.replies", 1);
    let runs = Arc::new(AtomicUsize::new(0));
    let noted = Arc::clone(&runs);
    let _service = serve(&broker, "s", move |context, value: Bytes| {
        assert_eq!(context.remaining(), None);
        noted.fetch_add(1, Ordering::Relaxed);
        async move {
            if value.is_empty() {
                Err(Status::aborted("no"))
            } else {
                Ok(value)
            }
        }
    })
    .await;
    let silent = [("correlation-id", "1")];
    broker.append("echo", 0, None, Some(bytes("x")), headers(&silent));
    broker.append("echo", 0, None, None, headers(&silent));
    let none = [
        ("correlation-id", "2"),
        ("reply-topic", "hand.replies"),
        ("antiphon", "v=1;m=none"),
    ];
    broker.append("echo", 0, None, Some(bytes("x")), headers(&none));
    eventually("committed", || {
        broker.committed("s") == [("echo".to_owned(), 0, 3)]
    })
    .await;
    assert_eq!(runs.load(Ordering::Relaxed), 3);
    assert!(broker.records("hand.replies").is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_id_of_any_form_is_echoed_byte_for_byte() {
    let broker = broker();
    broker.create_topic("hand.replies", 4);
    let _service = echo(&broker).await;
    let ids: [&[u8]; 4] = [b"\0\xff\xfe", b"7", b"ABCDEF", &[b'x'; 255]];
    for id in ids {
        let pairs = vec![
            (bytes("correlation-id"), Some(Bytes::copy_from_slice(id))),
            (bytes("reply-topic"), Some(bytes("hand.replies"))),
        ];
        broker.append("echo", 0, None, Some(bytes("x")), pairs);
    }
    eventually("answered", || broker.records("hand.replies").len() == 4).await;
    let replies = broker.records("hand.replies");
    for id in ids {
        let reply = replies
            .iter()
            .find(|reply| reply.header("correlation-id").unwrap() == id);
        assert_eq!(reply.unwrap().key.as_deref(), Some(id));
    }
}
