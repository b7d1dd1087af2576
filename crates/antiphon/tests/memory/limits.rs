//! Places under the client's limits: who waits, who is refused, and that none is lost.

use std::time::Duration;

use antiphon::{RequestErrorKind as Kind, config::ClientConfig};

use crate::support::{
    ask, assert_unsent, broker, client_with, echo, for_ever, sent, serve, settle,
};

fn one_call(fail_fast: bool) -> ClientConfig {
    ClientConfig {
        max_in_flight: 1,
        fail_fast,
        ..ClientConfig::default()
    }
}

fn ten_bytes(fail_fast: bool) -> ClientConfig {
    ClientConfig {
        max_in_flight_bytes: 10,
        fail_fast,
        ..ClientConfig::default()
    }
}

#[tokio::test(start_paused = true)]
async fn at_a_limit_a_call_that_may_not_wait_is_overloaded() {
    for config in [one_call(true), ten_bytes(true)] {
        let broker = broker();
        let _service = serve(&broker, "s", for_ever).await;
        let client = client_with(&broker, config).await;
        let _first = ask(&client, "123456");
        sent(&broker, 1).await;
        let error = client
            .request("echo")
            .value("123456")
            .send()
            .await
            .unwrap_err();
        assert_unsent(&error, Kind::Overloaded);
        assert_eq!(client.in_flight(), 1);
        assert_eq!(broker.records("echo").len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn at_a_limit_a_call_waits_for_a_place() {
    for config in [one_call(false), ten_bytes(false)] {
        let broker = broker();
        let _service = serve(&broker, "s", |_, value| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(value)
        })
        .await;
        let client = client_with(&broker, config).await;
        let begun = tokio::time::Instant::now();
        let calls: Vec<_> = (0..5).map(|_| ask(&client, "123456")).collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        assert!(begun.elapsed() >= Duration::from_secs(5));
        assert_eq!(client.in_flight(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_gets_no_place_in_time_was_never_sent() {
    for config in [one_call(false), ten_bytes(false)] {
        let broker = broker();
        let _service = serve(&broker, "s", for_ever).await;
        let client = client_with(&broker, config).await;
        let _first = ask(&client, "123456");
        sent(&broker, 1).await;
        let begun = tokio::time::Instant::now();
        let request = client.request("echo").value("123456");
        let error = request
            .timeout(Duration::from_secs(2))
            .send()
            .await
            .unwrap_err();
        assert_unsent(&error, Kind::DeadlineBeforeSend);
        let took = begun.elapsed();
        assert!(took >= Duration::from_secs(2), "{took:?}");
        assert!(took <= Duration::from_millis(2_250), "{took:?}");
        assert_eq!(broker.records("echo").len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_spent_waiting_for_a_place_counts() {
    let broker = broker();
    let _service = serve(&broker, "s", |context, _| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let left = context.remaining().unwrap().as_millis();
        Ok(left.to_string().into())
    })
    .await;
    let client = client_with(&broker, one_call(false)).await;
    let begun = tokio::time::Instant::now();
    let slow = ask(&client, "");
    sent(&broker, 1).await;
    let request = client.request("echo").timeout(Duration::from_millis(1_500));
    let error = request.send().await.unwrap_err();
    assert_eq!(error.kind(), Kind::TimedOut);
    assert!(begun.elapsed() <= Duration::from_millis(1_750));
    slow.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn giving_up_the_wait_for_a_place_loses_none() {
    for config in [one_call(false), ten_bytes(false)] {
        let broker = broker();
        let _service = echo(&broker).await;
        let client = client_with(&broker, config).await;
        for _ in 0..20 {
            let calls: Vec<_> = (0..4).map(|_| ask(&client, "123456")).collect();
            tokio::task::yield_now().await;
            calls.iter().skip(1).for_each(|call| call.abort());
            settle().await;
        }
        assert_eq!(client.in_flight(), 0);
        client
            .request("echo")
            .value("1234567890")
            .send()
            .await
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_remembers_a_bounded_number_of_topics() {
    let broker = broker();
    broker.create_topic("another", 1);
    let _service = echo(&broker).await;
    let config = ClientConfig {
        max_topics: 1,
        ..ClientConfig::default()
    };
    let client = client_with(&broker, config).await;
    client.request("echo").send().await.unwrap();
    let error = client.request("another").send().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Overloaded);
    assert_eq!(error.executed(), antiphon::Executed::No);
    client.request("echo").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn more_partitions_are_used_once_the_count_is_old() {
    let broker = antiphon::transport::memory::MemoryBroker::new();
    broker.create_topic("echo", 1);
    let client = client_with(&broker, ClientConfig::default()).await;
    let call = ask(&client, "");
    sent(&broker, 1).await;
    call.abort();
    broker.delete_topic("echo");
    broker.create_topic("echo", 4);
    tokio::time::sleep(Duration::from_secs(31)).await;
    let _asks_for_the_count = ask(&client, "");
    settle().await;
    let calls: Vec<_> = (0..40).map(|_| ask(&client, "")).collect();
    sent(&broker, 41).await;
    let partitions: std::collections::BTreeSet<i32> = broker
        .records("echo")
        .iter()
        .map(|record| record.partition)
        .collect();
    assert_eq!(partitions.len(), 4);
    drop(calls);
}
