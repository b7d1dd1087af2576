//! The queue of calls that wait for a place under the limits: in which order they go on, and how
//! the waiting ends.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon::{Client, RequestErrorKind as Kind, Service, config::ClientConfig};
use bytes::Bytes;
use tokio::time::{Instant, sleep};

use crate::support::{
    ask, assert_placed, assert_unsent, broker, client_with, for_ever, sent, serve, settle,
};

fn ten_bytes() -> ClientConfig {
    ClientConfig {
        max_in_flight_bytes: 10,
        ..ClientConfig::default()
    }
}

const SMALL: &str = "12345";
const BIG: &str = "1234567890";

/// The sizes of the requests, in the order in which they came to the service.
type Sizes = Arc<Mutex<Vec<usize>>>;

/// A client with ten bytes, and a service that takes a second for each request.
async fn with_a_slow_service() -> (Client, Service, Sizes) {
    let broker = broker();
    let sizes = Sizes::default();
    let noted = Arc::clone(&sizes);
    let service = serve(&broker, "s", move |_, value: Bytes| {
        noted.lock().unwrap().push(value.len());
        async move {
            sleep(Duration::from_secs(1)).await;
            Ok(value)
        }
    })
    .await;
    let client = client_with(&broker, ten_bytes()).await;
    (client, service, sizes)
}

#[tokio::test(start_paused = true)]
async fn a_call_that_needs_much_is_not_overtaken_by_small_ones() {
    let (client, _service, sizes) = with_a_slow_service().await;
    // One of the two is in flight at any time, for minutes: by themselves they leave no moment in
    // which all ten bytes are free.
    let crowd = [0, 500].map(|delay| {
        let client = client.clone();
        tokio::spawn(async move {
            sleep(Duration::from_millis(delay)).await;
            for _ in 0..100 {
                let request = client.request("echo").value(SMALL);
                request
                    .timeout(Duration::from_secs(600))
                    .send()
                    .await
                    .unwrap();
            }
        })
    });
    sleep(Duration::from_millis(600)).await;
    let begun = Instant::now();
    let big = ask(&client, BIG);
    sleep(Duration::from_millis(500)).await;
    // Half of the bytes are free now, and it would fit.
    let late = ask(&client, SMALL);
    big.await.unwrap().unwrap();
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(2_500), "{took:?}");
    assert_eq!(sizes.lock().unwrap()[..3], [5, 5, 10]);
    late.await.unwrap().unwrap();
    for caller in crowd {
        assert!(!caller.is_finished());
        caller.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn who_gives_its_turn_up_lets_the_next_one_in() {
    let (client, _service, sizes) = with_a_slow_service().await;
    let first = ask(&client, SMALL);
    settle().await;
    let big = ask(&client, BIG);
    settle().await;
    let small = ask(&client, SMALL);
    settle().await;
    assert_eq!(*sizes.lock().unwrap(), [5], "both wait");
    big.abort();
    settle().await;
    assert_eq!(*sizes.lock().unwrap(), [5, 5]);
    assert!(!first.is_finished(), "no place had come free");
    first.await.unwrap().unwrap();
    small.await.unwrap().unwrap();
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn closing_ends_all_that_wait_at_once_and_none_of_them_is_sent() {
    let broker = broker();
    let _service = serve(&broker, "s", for_ever).await;
    let client = client_with(&broker, ten_bytes()).await;
    let running = ask(&client, SMALL);
    sent(&broker, 1).await;
    let waiting: Vec<_> = [BIG, SMALL, BIG, SMALL]
        .map(|value| ask(&client, value))
        .into();
    let gather = tokio::spawn({
        let client = client.clone();
        async move { client.gather("echo").value(BIG).stream().await.map(drop) }
    });
    settle().await;
    assert_eq!(client.in_flight(), 1);
    let begun = Instant::now();
    let closing = tokio::spawn(async move { client.close(Duration::from_secs(5)).await });
    for call in waiting {
        assert_unsent(&call.await.unwrap().unwrap_err(), Kind::Closed);
    }
    assert_unsent(&gather.await.unwrap().unwrap_err(), Kind::Closed);
    assert!(begun.elapsed() < Duration::from_millis(100));
    let report = closing.await.unwrap();
    assert_eq!((report.in_flight, report.abandoned), (1, 1));
    let error = running.await.unwrap().unwrap_err();
    assert_placed(&error, Kind::Closed, antiphon::Executed::Maybe);
    assert_eq!(broker.records("echo").len(), 1);
}
