use std::time::Duration;

use antiphon::{Code, Executed, RequestErrorKind, Status};

use crate::support::{broker, client, echo, for_ever, serve};

#[tokio::test(start_paused = true)]
async fn a_request_gets_its_reply() {
    let broker = broker();
    let _service = echo(&broker).await;
    let client = client(&broker).await;
    let reply = client.request("echo").value("hello").send().await.unwrap();
    assert_eq!(&reply.value()[..], b"hello");
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_at_once_get_their_own_replies() {
    let broker = broker();
    let _service = echo(&broker).await;
    let client = client(&broker).await;
    let calls = (0..1_000).map(|n| {
        let request = client.request("echo").value(n.to_string());
        async move { (n, request.send().await.unwrap()) }
    });
    for (n, reply) in futures::future::join_all(calls).await {
        assert_eq!(&reply.value()[..], n.to_string().as_bytes());
    }
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_times_out_at_its_deadline_and_not_before() {
    let broker = broker();
    let _service = serve(&broker, "slow", for_ever).await;
    let client = client(&broker).await;
    let begun = tokio::time::Instant::now();
    let request = client.request("echo").timeout(Duration::from_secs(2));
    let error = request.send().await.unwrap_err();
    assert_eq!(error.kind(), RequestErrorKind::TimedOut);
    assert_eq!(error.executed(), Executed::Maybe);
    assert_eq!(error.topic(), Some("echo"));
    assert!(error.partition().is_some() && error.correlation_id().is_some());
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(2), "{took:?}");
    assert!(took <= Duration::from_millis(2_250), "{took:?}");
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_handler_error_reaches_the_caller_with_its_certainty() {
    let broker = broker();
    let _service = serve(&broker, "picky", |_, _| async {
        Err(Status::not_found("no such order").with_details(r#"{"id":7}"#))
    })
    .await;
    let client = client(&broker).await;
    let error = client.request("echo").send().await.unwrap_err();
    assert_eq!(error.kind(), RequestErrorKind::Status);
    assert_eq!(error.executed(), Executed::Yes);
    let status = error.status().unwrap();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "no such order");
    assert_eq!(status.details(), Some(r#"{"id":7}"#));
}

#[tokio::test(start_paused = true)]
async fn a_typed_call_encodes_and_decodes() {
    let broker = broker();
    let _service = echo(&broker).await;
    let client = client(&broker).await;
    let sum: Vec<u32> = client
        .request("echo")
        .json(&vec![1_u32, 2, 3])
        .await
        .unwrap();
    assert_eq!(sum, [1, 2, 3]);
    let wrong = client.request("echo").json::<u32>("text").await;
    let error = wrong.unwrap_err();
    assert_eq!(error.kind(), RequestErrorKind::Undecodable);
    assert_eq!(error.executed(), Executed::Yes);
}
