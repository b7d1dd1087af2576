//! Several threads and real time: what only shows when things truly happen at once. Nothing here
//! waits for a time to pass.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon::{
    Executed, RequestErrorKind as Kind,
    config::{ClientConfig, FirstPoll, ServiceConfig},
};
use bytes::Bytes;
use futures::{StreamExt, stream::FuturesUnordered};

use crate::support::{broker, client, client_with, echo, serve_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_service_with_few_places_misses_no_place_that_comes_free() {
    for first_poll in [FirstPoll::Runtime, FirstPoll::Inline] {
        with_few_places(first_poll).await;
    }
}

async fn with_few_places(first_poll: FirstPoll) {
    let broker = broker();
    let config = ServiceConfig {
        concurrency: 2,
        max_unacknowledged: 3,
        first_poll,
        ..ServiceConfig::default()
    };
    let _service = serve_with(&broker, config, |_, value: Bytes| async move {
        if value.len().is_multiple_of(2) {
            tokio::task::yield_now().await;
        }
        Ok(value)
    })
    .await;
    let client = client(&broker).await;
    let begun = tokio::time::Instant::now();
    for _ in 0..20 {
        let calls: FuturesUnordered<_> = (0..100)
            .map(|n| tokio::spawn(client.request("echo").value(vec![0; n]).send()))
            .collect();
        let replies: Vec<_> = calls.collect().await;
        assert!(replies.into_iter().all(|reply| reply.unwrap().is_ok()));
    }
    // A place that is missed waits for the next look, 50 ms later.
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_with_few_places_misses_no_place_that_comes_free() {
    let broker = broker();
    let _service = echo(&broker).await;
    let config = ClientConfig {
        max_in_flight: 3,
        max_in_flight_bytes: 150,
        ..ClientConfig::default()
    };
    let client = client_with(&broker, config).await;
    for _ in 0..20 {
        let calls: Vec<_> = (0..100)
            .map(|n| tokio::spawn(client.request("echo").value(vec![0; n]).send()))
            .collect();
        // Some give up, waiting or not, wherever they are.
        calls
            .iter()
            .step_by(7)
            .for_each(tokio::task::JoinHandle::abort);
        for call in calls {
            // A place that is missed would be waited for until the deadline.
            match call.await {
                Ok(reply) => drop(reply.unwrap()),
                Err(gone) => assert!(gone.is_cancelled(), "{gone}"),
            }
        }
        assert_eq!(client.in_flight(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_and_losses_of_the_path_at_once_leave_no_call_behind() {
    let broker = broker();
    let _service = echo(&broker).await;
    let client = client(&broker).await;
    // From here on the service knows the reply topic; one that it found missing it would believe
    // to be missing for a while.
    client.request("echo").send().await.unwrap();
    let calls: FuturesUnordered<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..300 {
                    let request = client.request("echo").timeout(Duration::from_secs(3));
                    let begun = tokio::time::Instant::now();
                    if let Err(error) = request.send().await {
                        let lost = [Kind::ReplyPathLost, Kind::NotReady];
                        assert!(lost.contains(&error.kind()), "{error}");
                    }
                    assert!(begun.elapsed() < Duration::from_secs(6));
                }
            })
        })
        .collect();
    let deleting = tokio::spawn({
        let broker = broker.clone();
        async move {
            for _ in 0..20 {
                let topic = || broker.topics().contains(&"web.replies".to_owned());
                while !topic() {
                    tokio::task::yield_now().await;
                }
                broker.delete_topic("web.replies");
            }
        }
    });
    let ended: Vec<_> = calls.collect().await;
    ended.into_iter().for_each(|ended| ended.unwrap());
    deleting.abort();
    assert_eq!(client.in_flight(), 0);
    // The path is there in the end.
    let last = client.request("echo").timeout(Duration::from_secs(20));
    if let Err(error) = last.send().await {
        assert_eq!(error.kind(), Kind::ReplyPathLost);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_and_a_close_at_once_have_one_outcome_each() {
    for _ in 0..30 {
        let broker = broker();
        let ran: Arc<Mutex<HashSet<Bytes>>> = Arc::default();
        let noted = Arc::clone(&ran);
        let service = serve_with(&broker, ServiceConfig::default(), move |_, value: Bytes| {
            noted.lock().unwrap().insert(value.clone());
            async move { Ok(value) }
        })
        .await;
        let client = client(&broker).await;
        let calls: Vec<_> = (0..100)
            .map(|n: u32| {
                let value = Bytes::from(n.to_string());
                let call = client.request("echo").value(value.clone()).send();
                (value, tokio::spawn(call))
            })
            .collect();
        client.close(Duration::from_millis(1)).await;
        let mut not_run = Vec::new();
        for (value, call) in calls {
            if let Err(error) = call.await.unwrap() {
                assert_eq!(error.kind(), Kind::Closed);
                if error.executed() == Executed::No {
                    not_run.push(value);
                }
            }
        }
        assert_eq!(client.in_flight(), 0);
        let report = service.drain(Duration::from_secs(5)).await;
        assert_eq!(report.abandoned, 0);
        let ran = ran.lock().unwrap();
        assert!(not_run.iter().all(|value| !ran.contains(value)));
    }
}
