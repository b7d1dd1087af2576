//! Each way in which a call can end: what it says, whether the work ran, and where.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use antiphon::{
    Code, Executed, RequestErrorKind as Kind, Status,
    codec::{Coded, Decode, Encode, Encoded, Outbound, Received},
    config::ClientConfig,
};

use crate::support::{
    answer, ask, assert_placed, assert_unsent, broker, client, client_with, echo, eventually,
    faults, for_ever, id_of, sent, serve, settle, shared,
};

#[tokio::test(start_paused = true)]
async fn what_can_not_be_valid_is_refused_and_not_sent() {
    let broker = broker();
    let client = client(&broker).await;
    let request = || client.request("echo");
    let reserved = [
        "correlation-id",
        "reply-topic",
        "antiphon",
        "status-message",
        "status-details",
    ];
    let mut wrong: Vec<_> = reserved.map(|name| request().header(name, "x")).into();
    wrong.push(request().header("", "x"));
    wrong.push(request().header("a\0b", "x"));
    wrong.push((0..201).fold(request(), |request, n| request.header(format!("h{n}"), "x")));
    wrong.push(request().timeout(Duration::ZERO));
    wrong.push(request().timeout(Duration::from_secs(25 * 24 * 3600)));
    wrong.push(request().timeout(Duration::MAX));
    wrong.push(request().operation(""));
    wrong.push(request().operation("a b"));
    wrong.push(request().operation("x".repeat(201)));
    for request in wrong {
        let error = request.send().await.unwrap_err();
        assert_unsent(&error, Kind::Invalid);
    }
    assert!(broker.records("echo").is_empty());
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_header_that_may_stand_only_once_is_not_sent_twice() {
    let broker = broker();
    let service = echo(&broker).await;
    let client = client(&broker).await;
    for name in ["content-type", "message-type", "idempotency-key"] {
        let request = client.request("echo").header(name, "a").header(name, "b");
        assert_unsent(&request.send().await.unwrap_err(), Kind::Invalid);
        let once = client.request("echo").header(name, "a");
        once.send().await.unwrap();
    }
    // The caller's own media type takes the place of the codec's.
    let typed = client
        .request("echo")
        .header("content-type", "application/vnd.x+json");
    let number: u32 = typed.json(&7).await.unwrap();
    assert_eq!(number, 7);
    drop(service);
}

#[tokio::test(start_paused = true)]
async fn a_topic_name_that_kafka_would_refuse_is_invalid() {
    let broker = broker();
    let client = client(&broker).await;
    for name in [
        "",
        ".",
        "..",
        "a/b",
        "a b",
        "\u{e4}",
        "x".repeat(250).as_str(),
    ] {
        let error = client.request(name).send().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert_eq!(error.executed(), Executed::No);
        assert_eq!(error.topic(), Some(name));
    }
}

struct Broken;

impl Encode<str> for Broken {
    fn encode(&self, _: &str, _: &Outbound<'_>) -> Coded<Encoded> {
        Coded::err("no form")
    }
}

impl Decode<String> for Broken {
    fn decode(&self, _: &Received<'_>) -> Coded<String> {
        Coded::err("not a text")
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_does_not_encode_is_invalid() {
    let broker = broker();
    let client = client(&broker).await;
    let call = client.request("echo").codec(Broken, "x");
    let error: antiphon::RequestError = call.await.unwrap_err();
    assert_unsent(&error, Kind::Invalid);
    assert!(std::error::Error::source(&error).is_some());
    assert!(broker.records("echo").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_above_the_clients_limit_is_too_large() {
    let broker = broker();
    let config = ClientConfig {
        max_request_bytes: 10,
        ..ClientConfig::default()
    };
    let client = client_with(&broker, config).await;
    let error = client
        .request("echo")
        .value("x".repeat(11))
        .send()
        .await
        .unwrap_err();
    assert_unsent(&error, Kind::TooLarge);
    let keyed = client.request("echo").value("x".repeat(6)).key("12345");
    assert_unsent(&keyed.send().await.unwrap_err(), Kind::TooLarge);
    assert!(broker.records("echo").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_could_never_have_a_place_is_too_large() {
    let broker = broker();
    let config = ClientConfig {
        max_in_flight_bytes: 10,
        ..ClientConfig::default()
    };
    let client = client_with(&broker, config).await;
    let error = client
        .request("echo")
        .value("x".repeat(11))
        .send()
        .await
        .unwrap_err();
    assert_unsent(&error, Kind::TooLarge);
}

#[tokio::test(start_paused = true)]
async fn a_request_above_the_brokers_limit_is_too_large() {
    let broker = broker();
    let config = ClientConfig {
        max_request_bytes: 4 << 20,
        ..ClientConfig::default()
    };
    let client = client_with(&broker, config).await;
    let error = client
        .request("echo")
        .value(vec![0; 2 << 20])
        .send()
        .await
        .unwrap_err();
    assert_placed(&error, Kind::TooLarge, Executed::No);
    assert!(broker.records("echo").is_empty());
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_does_not_exist_is_not_created() {
    let broker = broker();
    let client = client(&broker).await;
    let before = broker.topics();
    let error = client.request("nowhere").send().await.unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownTopic);
    assert_eq!(error.executed(), Executed::No);
    assert_eq!(error.topic(), Some("nowhere"));
    assert_eq!((error.partition(), error.correlation_id()), (None, None));
    assert_eq!(broker.topics(), before);
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_was_deleted_is_unknown_until_it_is_back() {
    let broker = broker();
    let client = client(&broker).await;
    drop(ask(&client, "first"));
    sent(&broker, 1).await;
    broker.delete_topic("echo");
    let error = client.request("echo").send().await.unwrap_err();
    assert_placed(&error, Kind::UnknownTopic, Executed::No);
    let error = client.request("echo").send().await.unwrap_err();
    assert_unsent(&error, Kind::UnknownTopic);
    assert!(!broker.topics().contains(&"echo".to_owned()));
    broker.create_topic("echo", 1);
    let _service = echo(&broker).await;
    for _ in 0..20 {
        client.request("echo").send().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_the_broker_refused_was_not_executed() {
    let broker = broker();
    let runs = shared(AtomicU32::new(0));
    let counted = std::sync::Arc::clone(&runs);
    let _service = serve(&broker, "s", move |_, value| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move { Ok(value) }
    })
    .await;
    let client = client(&broker).await;
    broker.set_faults(faults(|f| f.reject = 1.0));
    let error = client.request("echo").send().await.unwrap_err();
    assert_placed(&error, Kind::Rejected, Executed::No);
    settle().await;
    assert_eq!(runs.load(Ordering::Relaxed), 0);
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_acknowledgement_was_lost_may_have_been_executed() {
    let broker = broker();
    let client = client(&broker).await;
    broker.set_faults(faults(|f| f.uncertain = 1.0));
    let error = client.request("echo").send().await.unwrap_err();
    assert_placed(&error, Kind::SendUnknown, Executed::Maybe);
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_vanishes_times_out() {
    let broker = broker();
    let _service = echo(&broker).await;
    let client = client(&broker).await;
    broker.set_faults(faults(|f| f.loss = 1.0));
    let error = client.request("echo").send().await.unwrap_err();
    assert_placed(&error, Kind::TimedOut, Executed::Maybe);
    assert!(error.is_timeout());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_its_caller_drops_gives_back_all_it_held() {
    let broker = broker();
    let _service = serve(&broker, "s", |_, value| async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(value)
    })
    .await;
    let config = ClientConfig {
        max_in_flight: 1,
        max_in_flight_bytes: 4,
        fail_fast: true,
        ..ClientConfig::default()
    };
    let client = client_with(&broker, config).await;
    for _ in 0..3 {
        let call = client.request("echo").value("four").send();
        let given_up = tokio::time::timeout(Duration::from_secs(1), call).await;
        assert!(given_up.is_err());
        assert_eq!(client.in_flight(), 0);
    }
    eventually("late replies", || client.stray_counts().late == 3).await;
    client.request("echo").value("four").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_before_its_first_poll_is_never_sent() {
    let broker = broker();
    let client = client(&broker).await;
    drop(client.request("echo").send());
    settle().await;
    assert!(broker.records("echo").is_empty());
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_handlers_error_says_how_certain_it_is() {
    for executed in [Executed::No, Executed::Maybe, Executed::Yes] {
        let broker = broker();
        let _service = serve(&broker, "s", move |_, _| async move {
            let status = Status::unavailable("later\nperhaps").with_executed(executed);
            Err(status.with_retry_after(Duration::from_millis(1_500)))
        })
        .await;
        let client = client(&broker).await;
        let error = client.request("echo").send().await.unwrap_err();
        assert_placed(&error, Kind::Status, executed);
        let status = error.status().unwrap();
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.message(), "later perhaps");
        assert_eq!(status.retry_after(), Some(Duration::from_millis(1_500)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_calls_itself_ok_is_still_an_error() {
    let broker = broker();
    let _service = serve(&broker, "s", |_, _| async {
        Err(Status::new(Code::Ok, "fine"))
    })
    .await;
    let client = client(&broker).await;
    let error = client.request("echo").send().await.unwrap_err();
    assert_placed(&error, Kind::Status, Executed::Yes);
    assert_eq!(error.status().unwrap().code(), Code::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_does_not_decode_was_executed() {
    let broker = broker();
    let _service = echo(&broker).await;
    let client = client(&broker).await;
    let error = client
        .request("echo")
        .json::<Vec<u8>>("text")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Undecodable);
    assert_eq!(error.executed(), Executed::Yes);
    assert_eq!(error.topic(), Some("echo"));
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_reply_whose_own_header_can_not_be_read_ends_the_call() {
    let hostile: [&[(&str, &str)]; 6] = [
        &[("antiphon", "")],
        &[("antiphon", "v=1;s=NOT_A_CODE")],
        &[("antiphon", "v=1"), ("antiphon", "v=1")],
        &[("antiphon", "v=9")],
        &[("antiphon", "v=1;v=1")],
        &[
            ("antiphon", "v=1"),
            ("status-message", "a"),
            ("status-message", "b"),
        ],
    ];
    for extra in hostile {
        let broker = broker();
        let client = client(&broker).await;
        let call = ask(&client, "x");
        let id = id_of(&sent(&broker, 1).await[0]);
        let text = id.to_string();
        let mut pairs = vec![("correlation-id", text.as_str())];
        pairs.extend_from_slice(extra);
        answer(&broker, &client, None, "hello", &pairs);
        let error = call.await.unwrap().unwrap_err();
        assert_placed(&error, Kind::Undecodable, Executed::Maybe);
        assert_eq!(error.correlation_id(), Some(id));
        assert_eq!(client.in_flight(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_with_too_many_headers_ends_the_call() {
    let broker = broker();
    let client = client(&broker).await;
    let call = ask(&client, "x");
    let text = id_of(&sent(&broker, 1).await[0]).to_string();
    let mut pairs = vec![("correlation-id", text.as_str())];
    pairs.resize(300, ("a", "b"));
    answer(&broker, &client, None, "hello", &pairs);
    let error = call.await.unwrap().unwrap_err();
    assert_placed(&error, Kind::Undecodable, Executed::Maybe);
}

#[tokio::test(start_paused = true)]
async fn closing_drains_what_ends_and_abandons_the_rest() {
    let broker = broker();
    let _service = serve(&broker, "s", |_, value| async move {
        if &value[..] == b"never" {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(value)
    })
    .await;
    let client = client(&broker).await;
    let (ends, never) = (ask(&client, "soon"), ask(&client, "never"));
    sent(&broker, 2).await;
    let begun = tokio::time::Instant::now();
    let closing = tokio::spawn({
        let client = client.clone();
        async move { client.close(Duration::from_secs(5)).await }
    });
    tokio::task::yield_now().await;
    let refused = client.request("echo").send().await.unwrap_err();
    assert_unsent(&refused, Kind::Closed);
    let report = closing.await.unwrap();
    assert_eq!((report.in_flight, report.abandoned), (2, 1));
    assert!(begun.elapsed() < Duration::from_secs(6));
    assert_eq!(&ends.await.unwrap().unwrap().value()[..], b"soon");
    let error = never.await.unwrap().unwrap_err();
    assert_placed(&error, Kind::Closed, Executed::Maybe);
    assert_eq!(client.in_flight(), 0);
    let again = client.close(Duration::from_secs(5)).await;
    assert_eq!((again.in_flight, again.abandoned), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn closing_turns_away_the_calls_that_wait_for_a_place() {
    let broker = broker();
    let _service = serve(&broker, "s", for_ever).await;
    let config = ClientConfig {
        max_in_flight: 1,
        ..ClientConfig::default()
    };
    let client = client_with(&broker, config).await;
    let (first, second) = (ask(&client, "a"), ask(&client, "b"));
    sent(&broker, 1).await;
    let report = client.close(Duration::from_secs(1)).await;
    assert_eq!(report.abandoned, 1);
    let mut errors = [
        first.await.unwrap().unwrap_err(),
        second.await.unwrap().unwrap_err(),
    ];
    errors.sort_by_key(|error| error.correlation_id().is_none());
    assert_placed(&errors[0], Kind::Closed, Executed::Maybe);
    assert_unsent(&errors[1], Kind::Closed);
    assert_eq!(broker.records("echo").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn closing_may_wait_without_end() {
    let broker = broker();
    let _service = echo(&broker).await;
    let client = client(&broker).await;
    let call = ask(&client, "a");
    sent(&broker, 1).await;
    let report = client.close(Duration::MAX).await;
    assert_eq!(report.abandoned, 0);
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_dropped_stops_reading() {
    let broker = broker();
    let client = client(&broker).await;
    let mut strays = client.strays();
    drop(client);
    let ended = tokio::time::timeout(Duration::from_secs(5), strays.recv()).await;
    assert!(matches!(
        ended,
        Ok(Err(tokio::sync::broadcast::error::RecvError::Closed))
    ));
}
