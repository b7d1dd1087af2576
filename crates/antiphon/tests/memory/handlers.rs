//! How many handlers run at once, for how long, and what they know.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon::{
    Code, Context, Executed, RequestErrorKind as Kind, Service,
    config::{FirstPoll, ServiceConfig},
    transport::memory::MemoryBroker,
};
use bytes::Bytes;

use crate::support::{
    ask, assert_placed, broker, bytes, client, eventually, headers, serve, serve_with, settle,
};

#[tokio::test(start_paused = true)]
async fn no_more_handlers_run_at_once_than_allowed_and_all_requests_are_answered() {
    for first_poll in [FirstPoll::Runtime, FirstPoll::Inline] {
        at_most_three(first_poll).await;
    }
}

async fn at_most_three(first_poll: FirstPoll) {
    let broker = broker();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = (Arc::clone(&running), Arc::clone(&most));
    let config = ServiceConfig {
        concurrency: 3,
        first_poll,
        ..ServiceConfig::default()
    };
    let _service = serve_with(&broker, config, move |_, value| {
        let (running, most) = (Arc::clone(&seen.0), Arc::clone(&seen.1));
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            Ok(value)
        }
    })
    .await;
    let client = client(&broker).await;
    let calls: Vec<_> = (0..200).map(|n| ask(&client, &n.to_string())).collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 3);
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn replies_that_wait_for_acknowledgement_hold_new_requests_back() {
    let broker = broker();
    let config = ServiceConfig {
        max_unacknowledged: 2,
        ..ServiceConfig::default()
    };
    let service = serve_with(&broker, config, |_, value| async move { Ok(value) }).await;
    let client = client(&broker).await;
    let calls: Vec<_> = (0..10).map(|n| ask(&client, &n.to_string())).collect();
    tokio::task::yield_now().await;
    broker.set_faults(crate::support::faults(|f| f.reject = 1.0));
    settle().await;
    assert!(service.unacknowledged() <= 2);
    broker.set_faults(antiphon::transport::memory::Faults::default());
    for call in calls {
        // Those whose request was refused were not executed; all others are answered.
        if let Err(error) = call.await.unwrap() {
            assert_eq!(error.kind(), Kind::Rejected);
        }
    }
    eventually("all acknowledged", || service.unacknowledged() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_internal_error_and_the_service_lives_on() {
    let broker = broker();
    // Its twin is in `inline`.
    let on_the_runtime = ServiceConfig {
        group: Some("s".into()),
        first_poll: FirstPoll::Runtime,
        ..ServiceConfig::default()
    };
    let service = serve_with(&broker, on_the_runtime, |_, value: Bytes| {
        assert!(&value[..] != b"at once", "at once");
        async move {
            assert!(&value[..] != b"polled", "polled");
            tokio::time::sleep(Duration::from_millis(5)).await;
            assert!(&value[..] != b"later", "later");
            Ok(value)
        }
    })
    .await;
    let client = client(&broker).await;
    for value in ["at once", "polled", "later"] {
        let error = client
            .request("echo")
            .value(value)
            .send()
            .await
            .unwrap_err();
        assert_placed(&error, Kind::Status, Executed::Maybe);
        let status = error.status().unwrap();
        assert_eq!(status.code(), Code::Internal);
        assert!(
            !status.message().contains(value),
            "what panicked is not for others"
        );
        client.request("echo").value("fine").send().await.unwrap();
    }
    eventually("all in hand is done", || service.running() == 0).await;
    eventually("committed", || {
        let committed = broker.committed("s");
        committed.iter().map(|(_, _, next)| next).sum::<i64>() == 6
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_too_long_is_stopped() {
    struct Dropped(Arc<AtomicBool>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let broker = broker();
    let dropped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&dropped);
    let config = ServiceConfig {
        handler_timeout: Duration::from_secs(2),
        ..ServiceConfig::default()
    };
    let service = serve_with(&broker, config, move |_, value: Bytes| {
        let guard = Dropped(Arc::clone(&seen));
        async move {
            if &value[..] == b"long" {
                std::future::pending::<()>().await;
            }
            drop(guard);
            Ok(value)
        }
    })
    .await;
    let client = client(&broker).await;
    let begun = tokio::time::Instant::now();
    let error = client
        .request("echo")
        .value("long")
        .send()
        .await
        .unwrap_err();
    assert_placed(&error, Kind::Status, Executed::Maybe);
    assert_eq!(error.status().unwrap().code(), Code::DeadlineExceeded);
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert!(dropped.load(Ordering::Relaxed));
    client.request("echo").send().await.unwrap();
    eventually("done", || {
        service.running() == 0 && service.unacknowledged() == 0
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_while_it_is_dropped_is_answered_and_committed() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "dropped");
        }
    }
    let broker = broker();
    let config = ServiceConfig {
        handler_timeout: Duration::from_secs(1),
        ..ServiceConfig::default()
    };
    let service = serve_with(&broker, config, |_, value: Bytes| async move {
        if !value.is_empty() {
            let _guard = Panics;
            std::future::pending::<()>().await;
        }
        Ok(value)
    })
    .await;
    let client = client(&broker).await;
    let error = client.request("echo").value("x").send().await.unwrap_err();
    assert_placed(&error, Kind::Status, Executed::Maybe);
    assert_eq!(error.status().unwrap().code(), Code::Internal);
    client.request("echo").send().await.unwrap();
    eventually("done", || service.running() == 0).await;
    eventually("committed", || {
        let committed = broker.committed("echo-service");
        committed.iter().map(|(_, _, next)| next).sum::<i64>() == 2
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_endless_request_lets_only_so_many_pass() {
    let broker = MemoryBroker::new();
    broker.create_topic("echo", 1);
    let config = ServiceConfig {
        max_unacknowledged: 10,
        handler_timeout: Duration::from_secs(10),
        ..ServiceConfig::default()
    };
    let runs = Arc::new(AtomicUsize::new(0));
    let noted = Arc::clone(&runs);
    let _service = serve_with(&broker, config, move |_, value: Bytes| {
        noted.fetch_add(1, Ordering::Relaxed);
        async move {
            if &value[..] == b"0" {
                std::future::pending::<()>().await;
            }
            Ok(value)
        }
    })
    .await;
    for n in 0..1_000 {
        let pairs = [("correlation-id", "1")];
        broker.append(
            "echo",
            0,
            None,
            Some(bytes(&n.to_string())),
            headers(&pairs),
        );
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let passed = runs.load(Ordering::Relaxed);
    assert!((100..150).contains(&passed), "{passed}");
    eventually("the rest", || runs.load(Ordering::Relaxed) == 1_000).await;
}

fn unix_ms(broker: &MemoryBroker) -> u64 {
    broker.transport().clock().unix_ms()
}

#[tokio::test(start_paused = true)]
async fn a_request_that_has_expired_is_not_run_unless_clocks_may_be_wrong() {
    let broker = broker();
    broker.create_topic("hand.replies", 1);
    let at = unix_ms(&broker) + 1_000;
    let packed = format!("v=1;p=0;d={at};t=1000");
    let request = |id, value| {
        let pairs = [
            ("correlation-id", id),
            ("reply-topic", "hand.replies"),
            ("antiphon", packed.as_str()),
        ];
        broker.append("echo", 0, None, Some(bytes(value)), headers(&pairs));
    };
    request("early", "1");
    tokio::time::advance(Duration::from_secs(4)).await;
    let ran: Arc<Mutex<Vec<Bytes>>> = Arc::default();
    let noted = Arc::clone(&ran);
    let service = serve(&broker, "s", move |context, value| {
        noted
            .lock()
            .unwrap()
            .push(Bytes::copy_from_slice(context.correlation_id()));
        async move { Ok(value) }
    })
    .await;
    settle().await;
    drop(service);
    // Four seconds are within the five that clocks may be wrong.
    assert_eq!(*ran.lock().unwrap(), [bytes("early")]);
    request("late", "2");
    tokio::time::advance(Duration::from_secs(20)).await;
    let noted = Arc::clone(&ran);
    let _service = serve(&broker, "s", move |context, value| {
        noted
            .lock()
            .unwrap()
            .push(Bytes::copy_from_slice(context.correlation_id()));
        async move { Ok(value) }
    })
    .await;
    settle().await;
    let runs = ran
        .lock()
        .unwrap()
        .iter()
        .filter(|id| ***id == *b"late")
        .count();
    assert_eq!(runs, 0);
    let replies = broker.records("hand.replies");
    let last = replies.last().unwrap();
    assert_eq!(last.header("correlation-id"), Some(&bytes("late")));
    let answered = String::from_utf8_lossy(last.header("antiphon").unwrap()).into_owned();
    assert!(answered.contains("s=DEADLINE_EXCEEDED"), "{answered}");
    assert!(answered.contains("e=maybe"), "{answered}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_knows_what_came_with_its_request() {
    let broker = broker();
    let seen: Arc<Mutex<Vec<Context>>> = Arc::default();
    let kept = Arc::clone(&seen);
    let service = Service::builder("s")
        .version("1")
        .transport(broker.transport())
        .operation("echo", "get", move |context: Context, value: Bytes| {
            kept.lock().unwrap().push(context);
            async move { Ok(value) }
        })
        .start()
        .await
        .unwrap();
    let client = client(&broker).await;
    let request = client.request("echo").operation("get").key("k1");
    let request = request
        .header("x-a", "1")
        .header("x-a", "2")
        .header("x-empty", "");
    request
        .timeout(Duration::from_secs(3))
        .send()
        .await
        .unwrap();
    let stored = &broker.records("echo")[0];
    let seen = seen.lock().unwrap();
    let context = &seen[0];
    assert_eq!(context.key(), Some(&bytes("k1")));
    assert_eq!(context.header("x-a"), Some(&bytes("1")));
    assert_eq!(context.header("x-empty"), Some(&Bytes::new()));
    assert_eq!(context.header("antiphon"), None);
    assert_eq!(context.headers().len(), 3);
    assert_eq!(
        Some(context.correlation_id()),
        stored.header("correlation-id").map(|id| &id[..])
    );
    assert_eq!(context.topic(), "echo");
    assert_eq!(
        (context.partition(), context.offset()),
        (stored.partition, stored.offset)
    );
    assert!(context.requester().unwrap().starts_with("web/"));
    assert_eq!((context.operation(), context.attempt()), (Some("get"), 1));
    assert!(!context.is_cancelled());
    assert!(context.remaining().unwrap() <= Duration::from_secs(3));
    drop(service);
}

#[tokio::test(start_paused = true)]
async fn a_handler_learns_that_nobody_waits_any_more() {
    let broker = broker();
    let learned: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let noted = Arc::clone(&learned);
    let service = serve(&broker, "s", move |context, value| {
        let noted = Arc::clone(&noted);
        async move {
            let begun = tokio::time::Instant::now();
            context.cancelled().await;
            assert!(context.is_cancelled());
            noted.lock().unwrap().push(begun.elapsed());
            // A reply now could still be in time.
            settle().await;
            Ok(value)
        }
    })
    .await;
    let client = client(&broker).await;
    let call = client
        .request("echo")
        .timeout(Duration::from_secs(2))
        .send();
    assert_eq!(call.await.unwrap_err().kind(), Kind::TimedOut);
    eventually("told by the deadline", || {
        learned.lock().unwrap().len() == 1
    })
    .await;
    let took = learned.lock().unwrap()[0].as_millis();
    assert!((2_000..2_050).contains(&took), "{took}");
    let _call = ask(&client, "x");
    settle().await;
    drop(service);
    eventually("told by the end", || learned.lock().unwrap().len() == 2).await;
}
