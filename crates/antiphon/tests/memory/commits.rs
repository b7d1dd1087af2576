//! At least once: nothing is committed before its reply is safe, and all that is done is.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon::{
    Service, Status,
    transport::memory::{Faults, MemoryBroker},
};
use bytes::Bytes;
use tokio::sync::Notify;

use crate::support::{
    ask, client, committed, echo, eventually, faults, for_ever, headers, sent, serve, settle,
};

/// A topic whose order is the order of sending.
fn one_partition() -> MemoryBroker {
    let broker = MemoryBroker::new();
    broker.create_topic("echo", 1);
    broker
}

/// Answers once it is let.
async fn gated(broker: &MemoryBroker) -> (Service, Arc<Notify>) {
    let gate = Arc::new(Notify::new());
    let waits = Arc::clone(&gate);
    let service = serve(broker, "s", move |_, value| {
        let gate = Arc::clone(&waits);
        async move {
            gate.notified().await;
            Ok(value)
        }
    })
    .await;
    (service, gate)
}

#[tokio::test(start_paused = true)]
async fn nothing_is_committed_before_the_reply_is_acknowledged() {
    for fault in [faults(|f| f.reject = 1.0), faults(|f| f.uncertain = 1.0)] {
        let broker = one_partition();
        let (service, gate) = gated(&broker).await;
        let client = client(&broker).await;
        let call = ask(&client, "x");
        eventually("handler runs", || service.running() == 1).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(committed(&broker, "s"), 0);
        broker.set_faults(fault);
        gate.notify_one();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!((service.running(), service.unacknowledged()), (0, 1));
        assert_eq!(committed(&broker, "s"), 0);
        broker.set_faults(Faults::default());
        call.await.unwrap().unwrap();
        eventually("committed", || committed(&broker, "s") == 1).await;
        assert_eq!(service.unacknowledged(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_nobody_waits_for_is_given_up_and_committed() {
    let broker = one_partition();
    let (service, gate) = gated(&broker).await;
    let client = client(&broker).await;
    let call = client
        .request("echo")
        .timeout(Duration::from_secs(5))
        .send();
    let call = tokio::spawn(call);
    eventually("handler runs", || service.running() == 1).await;
    broker.set_faults(faults(|f| f.reject = 1.0));
    gate.notify_one();
    assert!(call.await.unwrap().unwrap_err().is_timeout());
    eventually("given up", || service.unacknowledged() == 0).await;
    eventually("committed", || committed(&broker, "s") == 1).await;
    assert!(broker.records("web.replies").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_reply_topic_that_has_gone_does_not_hold_the_offset() {
    let broker = one_partition();
    broker.create_topic("hand.replies", 1);
    let (service, gate) = gated(&broker).await;
    let pairs = [("correlation-id", "7"), ("reply-topic", "hand.replies")];
    broker.append("echo", 0, None, None, headers(&pairs));
    eventually("handler runs", || service.running() == 1).await;
    broker.delete_topic("hand.replies");
    gate.notify_one();
    eventually("committed", || committed(&broker, "s") == 1).await;
    assert_eq!(service.unacknowledged(), 0);
    assert!(!broker.topics().contains(&"hand.replies".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn only_what_is_done_without_a_gap_is_committed() {
    let broker = one_partition();
    let gate = Arc::new(Notify::new());
    let waits = Arc::clone(&gate);
    let service = serve(&broker, "s", move |_, value| {
        let gate = Arc::clone(&waits);
        async move {
            if &value[..] == b"slow" {
                gate.notified().await;
            }
            Ok(value)
        }
    })
    .await;
    let client = client(&broker).await;
    let values = ["a", "b", "slow", "c", "d", "slow", "e"];
    let mut calls = Vec::new();
    for (n, value) in values.into_iter().enumerate() {
        calls.push(ask(&client, value));
        sent(&broker, n + 1).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(committed(&broker, "s"), 2);
    gate.notify_one();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(committed(&broker, "s"), 5);
    gate.notify_one();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(committed(&broker, "s"), 7);
    assert_eq!(service.running(), 0);
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn draining_ends_what_runs_commits_all_and_takes_nothing_new() {
    let broker = one_partition();
    let service = serve(&broker, "s", |_, value| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(value)
    })
    .await;
    let client = client(&broker).await;
    let calls: Vec<_> = (0..5).map(|n| ask(&client, &n.to_string())).collect();
    eventually("handlers run", || service.running() == 5).await;
    let draining = tokio::spawn(service.drain(Duration::from_secs(10)));
    tokio::task::yield_now().await;
    let after = ask(&client, "after");
    let report = draining.await.unwrap();
    assert_eq!((report.in_hand, report.abandoned), (5, 0));
    assert_eq!(committed(&broker, "s"), 5);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert!(!after.is_finished());
    let _next = echo_in_group(&broker, "s").await;
    after.await.unwrap().unwrap();
    assert_eq!(
        client.stray_counts().duplicate + client.stray_counts().late,
        0
    );
}

async fn echo_in_group(broker: &MemoryBroker, group: &str) -> Service {
    let service = Service::builder("another")
        .version("1")
        .transport(broker.transport())
        .group(group)
        .route("echo", |value: Bytes| async move { Ok(value) })
        .start()
        .await
        .unwrap();
    service.ready().await;
    service
}

#[tokio::test(start_paused = true)]
async fn a_drain_abandons_at_its_deadline_what_is_then_delivered_again() {
    let broker = one_partition();
    let service = serve(&broker, "s", for_ever).await;
    let client = client(&broker).await;
    let call = ask(&client, "x");
    eventually("handler runs", || service.running() == 1).await;
    let begun = tokio::time::Instant::now();
    let report = service.drain(Duration::from_secs(3)).await;
    assert_eq!((report.in_hand, report.abandoned), (1, 1));
    assert!(begun.elapsed() >= Duration::from_secs(3));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(committed(&broker, "s"), 0);
    let _next = echo_in_group(&broker, "s").await;
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_replies_that_are_not_acknowledged() {
    let broker = one_partition();
    let (service, gate) = gated(&broker).await;
    let client = client(&broker).await;
    let call = ask(&client, "x");
    eventually("handler runs", || service.running() == 1).await;
    broker.set_faults(faults(|f| f.reject = 1.0));
    gate.notify_one();
    eventually("reply refused", || service.unacknowledged() == 1).await;
    let draining = tokio::spawn(service.drain(Duration::from_secs(20)));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!draining.is_finished());
    broker.set_faults(Faults::default());
    let report = draining.await.unwrap();
    assert_eq!((report.in_hand, report.abandoned), (1, 0));
    assert_eq!(committed(&broker, "s"), 1);
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn giving_up_a_drain_stops_the_service() {
    let broker = one_partition();
    let service = serve(&broker, "s", for_ever).await;
    let client = client(&broker).await;
    let call = ask(&client, "x");
    eventually("handler runs", || service.running() == 1).await;
    let given_up = service.drain(Duration::from_secs(3600));
    assert!(
        tokio::time::timeout(Duration::from_secs(1), given_up)
            .await
            .is_err()
    );
    // The group goes on without it.
    let _next = echo_in_group(&broker, "s").await;
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_service_dropped_in_the_middle_of_work_loses_none_of_it() {
    let broker = one_partition();
    let runs = Arc::new(AtomicUsize::new(0));
    let noted = Arc::clone(&runs);
    let service = serve(&broker, "s", move |context, value| {
        noted.fetch_add(1, Ordering::Relaxed);
        for_ever(context, value)
    })
    .await;
    let client = client(&broker).await;
    let calls: Vec<_> = (0..20).map(|n| ask(&client, &n.to_string())).collect();
    eventually("all run", || runs.load(Ordering::Relaxed) == 20).await;
    drop(service);
    let _next = echo_in_group(&broker, "s").await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
    eventually("committed", || committed(&broker, "s") == 20).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_ends_after_its_service_was_dropped_commits_nothing() {
    let broker = one_partition();
    let (service, gate) = gated(&broker).await;
    let client = client(&broker).await;
    let call = ask(&client, "x");
    eventually("handler runs", || service.running() == 1).await;
    drop(service);
    gate.notify_one();
    settle().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(committed(&broker, "s"), 0);
    let _next = echo_in_group(&broker, "s").await;
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_restarted_group_goes_on_where_it_was_committed() {
    let broker = one_partition();
    let client = client(&broker).await;
    let ran: Arc<Mutex<Vec<Bytes>>> = Arc::default();
    for round in 0..5_i64 {
        let noted = Arc::clone(&ran);
        let service = serve(&broker, "s", move |_, value: Bytes| {
            noted.lock().unwrap().push(value.clone());
            async move { Ok(value) }
        })
        .await;
        for n in 0..10 {
            client
                .request("echo")
                .value(format!("{round}/{n}"))
                .send()
                .await
                .unwrap();
        }
        service.drain(Duration::from_secs(5)).await;
        assert_eq!(committed(&broker, "s"), 10 * (round + 1));
    }
    assert_eq!(ran.lock().unwrap().len(), 50);
}

#[tokio::test(start_paused = true)]
async fn errors_are_committed_as_successes_are() {
    let broker = one_partition();
    let _service = serve(&broker, "s", |_, _| async { Err(Status::internal("no")) }).await;
    let client = client(&broker).await;
    for _ in 0..3 {
        assert!(client.request("echo").send().await.is_err());
    }
    eventually("committed", || committed(&broker, "s") == 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_topic_made_anew_is_served_from_its_beginning() {
    let broker = one_partition();
    let _service = echo(&broker).await;
    let client = client(&broker).await;
    for _ in 0..5 {
        client.request("echo").send().await.unwrap();
    }
    eventually("committed", || committed(&broker, "echo-service") == 5).await;
    broker.delete_topic("echo");
    settle().await;
    broker.create_topic("echo", 1);
    for _ in 0..3 {
        client.request("echo").send().await.unwrap();
    }
    // Also when the service sees neither the end nor the beginning.
    broker.delete_topic("echo");
    broker.create_topic("echo", 1);
    client.request("echo").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_before_a_topic_was_made_anew_is_not_committed_on_it() {
    let broker = one_partition();
    let (service, gate) = gated(&broker).await;
    let client = client(&broker).await;
    let old: Vec<_> = (0..3).map(|n| ask(&client, &n.to_string())).collect();
    eventually("handlers run", || service.running() == 3).await;
    broker.delete_topic("echo");
    broker.create_topic("echo", 1);
    let new = ask(&client, "new");
    eventually("the new one runs too", || service.running() == 4).await;
    // In the order in which they began to wait: the old ones.
    for _ in 0..3 {
        gate.notify_one();
        settle().await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(committed(&broker, "s"), 0);
    gate.notify_one();
    new.await.unwrap().unwrap();
    eventually("the new one is committed", || committed(&broker, "s") == 1).await;
    drop(old);
}
