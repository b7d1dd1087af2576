//! Handlers that are called and first polled where requests are read: `FirstPoll::Inline`.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon::{
    Code, Executed, RequestErrorKind as Kind, Service, Status,
    config::{FirstPoll, ServiceConfig},
};
use bytes::Bytes;
use tokio::task;

use crate::support::{
    ask, assert_all_done, assert_placed, broker, client, sent, serve, serve_with, settle,
};

fn inline() -> ServiceConfig {
    ServiceConfig {
        first_poll: FirstPoll::Inline,
        ..ServiceConfig::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_is_ready_at_once_costs_no_task() {
    let broker = broker();
    let ran_in: Arc<Mutex<HashSet<task::Id>>> = Arc::default();
    let noted = Arc::clone(&ran_in);
    let service = serve_with(&broker, inline(), move |_, value| {
        noted.lock().unwrap().insert(task::id());
        async move { Ok(value) }
    })
    .await;
    let client = client(&broker).await;
    // The reply topic is known from here on; a handler before that is started by the look-up.
    client.request("echo").send().await.unwrap();
    ran_in.lock().unwrap().clear();
    let calls: Vec<_> = (0..200).map(|n| ask(&client, &n.to_string())).collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap().into_value(), n.to_string());
    }
    assert_eq!(ran_in.lock().unwrap().len(), 1, "the task that reads");
    assert_all_done(&broker, &service, 201).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_waits_goes_on_as_a_task_and_holds_nobody_up() {
    let broker = broker();
    let ran_in: Arc<Mutex<Vec<(task::Id, task::Id)>>> = Arc::default();
    let noted = Arc::clone(&ran_in);
    let service = serve_with(&broker, inline(), move |_, value: Bytes| {
        let noted = Arc::clone(&noted);
        async move {
            if !value.is_empty() {
                let first = task::id();
                tokio::time::sleep(Duration::from_secs(1)).await;
                noted.lock().unwrap().push((first, task::id()));
            }
            Ok(value)
        }
    })
    .await;
    let client = client(&broker).await;
    client.request("echo").send().await.unwrap();
    let begun = tokio::time::Instant::now();
    let slow: Vec<_> = (0..10).map(|n| ask(&client, &n.to_string())).collect();
    sent(&broker, 11).await;
    client.request("echo").send().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
    for call in slow {
        call.await.unwrap().unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "all at once");
    let ran_in = std::mem::take(&mut *ran_in.lock().unwrap());
    let first: HashSet<_> = ran_in.iter().map(|(first, _)| *first).collect();
    let later: HashSet<_> = ran_in.iter().map(|(_, later)| *later).collect();
    assert_eq!((first.len(), later.len()), (1, 10));
    assert!(first.is_disjoint(&later));
    assert_all_done(&broker, &service, 12).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_ends_is_stopped() {
    let broker = broker();
    let config = ServiceConfig {
        handler_timeout: Duration::from_secs(2),
        ..inline()
    };
    let service = serve_with(&broker, config, crate::support::for_ever).await;
    let client = client(&broker).await;
    let error = client.request("echo").send().await.unwrap_err();
    assert_placed(&error, Kind::Status, Executed::Maybe);
    assert_eq!(error.status().unwrap().code(), Code::DeadlineExceeded);
    assert_all_done(&broker, &service, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_internal_error_and_requests_are_read_on() {
    let broker = broker();
    let service = serve_with(&broker, inline(), |_, value: Bytes| {
        assert!(&value[..] != b"called", "called");
        async move {
            assert!(&value[..] != b"polled", "polled");
            tokio::time::sleep(Duration::from_millis(5)).await;
            assert!(&value[..] != b"later", "later");
            Ok(value)
        }
    })
    .await;
    let client = client(&broker).await;
    for value in ["called", "polled", "later"] {
        let request = client.request("echo").value(value);
        let error = request.send().await.unwrap_err();
        assert_placed(&error, Kind::Status, Executed::Maybe);
        assert_eq!(error.status().unwrap().code(), Code::Internal);
        client.request("echo").value("fine").send().await.unwrap();
    }
    assert_all_done(&broker, &service, 6).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_spawn_tasks() {
    let broker = broker();
    let service = serve_with(&broker, inline(), |_, value| {
        // In the call and in the first poll: both are on the thread that reads.
        let called = tokio::spawn(async { "called" });
        async move {
            let polled = tokio::spawn(async move { value });
            let failed = |error: task::JoinError| Status::internal(error.to_string());
            assert_eq!(called.await.map_err(failed)?, "called");
            polled.await.map_err(failed)
        }
    })
    .await;
    let client = client(&broker).await;
    for _ in 0..2 {
        let reply = client.request("echo").value("x").send().await.unwrap();
        assert_eq!(&reply.value()[..], b"x");
    }
    assert_all_done(&broker, &service, 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_ask_another_service() {
    let broker = broker();
    broker.create_topic("front", 1);
    let _behind = serve(&broker, "behind", |_, value| async move { Ok(value) }).await;
    let client = client(&broker).await;
    let asking = client.clone();
    let front = Service::builder("front")
        .version("1.0.0")
        .transport(broker.transport())
        .config(inline())
        .route("front", move |value: Bytes| {
            let call = asking.request("echo").value(value).send();
            async move {
                let reply = call.await;
                reply
                    .map_err(|error| Status::unavailable(error.to_string()))
                    .map(antiphon::Reply::into_value)
            }
        })
        .start()
        .await
        .unwrap();
    front.ready().await;
    for value in ["a", "b"] {
        let reply = client.request("front").value(value).send().await.unwrap();
        assert_eq!(reply.into_value(), value);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_what_has_begun() {
    let broker = broker();
    let service = serve_with(&broker, inline(), |_, value| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(value)
    })
    .await;
    let client = client(&broker).await;
    let call = ask(&client, "x");
    settle().await;
    let report = service.drain(Duration::from_secs(5)).await;
    assert_eq!((report.in_hand, report.abandoned), (1, 0));
    call.await.unwrap().unwrap();
}
