//! Handlers that answer where requests are read: `service::sync`.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon::{
    Code, Executed, RequestErrorKind as Kind, Service, Status,
    config::{FirstPoll, ServiceConfig},
    service::{self, HandlerService, Inbound, Reply, SyncRequest},
    transport::memory::MemoryBroker,
};
use bytes::Bytes;
use tokio::task;
use tower::{ServiceExt, layer::layer_fn, service_fn};

use crate::support::{
    ask, assert_all_done, assert_placed, broker, bytes, client, eventually, headers, sent,
    serve_handler, settle,
};

async fn plain(
    broker: &MemoryBroker,
    f: impl Fn(&SyncRequest<'_>) -> Result<Bytes, Status> + Send + Sync + 'static,
) -> Service {
    serve_handler(broker, ServiceConfig::default(), service::sync(f)).await
}

fn echo(request: &SyncRequest<'_>) -> Result<Bytes, Status> {
    Ok(Bytes::copy_from_slice(request.value()))
}

#[tokio::test(start_paused = true)]
async fn it_runs_where_requests_are_read_wherever_others_begin() {
    for first_poll in [FirstPoll::Inline, FirstPoll::Runtime] {
        let broker = broker();
        let config = ServiceConfig {
            first_poll,
            ..ServiceConfig::default()
        };
        let ran_in: Arc<Mutex<Vec<task::Id>>> = Arc::default();
        let noted = Arc::clone(&ran_in);
        let handler = service::sync(move |request| {
            noted.lock().unwrap().push(task::id());
            echo(request)
        });
        let service = serve_handler(&broker, config, handler).await;
        let client = client(&broker).await;
        // The reply topic is looked up first: this one runs in the task of the look-up.
        client.request("echo").send().await.unwrap();
        let calls: Vec<_> = (0..200).map(|n| ask(&client, &n.to_string())).collect();
        for (n, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap().unwrap().into_value(), n.to_string());
        }
        assert_all_done(&broker, &service, 201).await;
        let ran_in = std::mem::take(&mut *ran_in.lock().unwrap());
        assert_eq!(ran_in.len(), 201);
        assert_ne!(ran_in[0], ran_in[1]);
        assert!(ran_in[1..].iter().all(|id| *id == ran_in[1]));
    }
}

/// What a handler saw of a request.
fn seen(request: &SyncRequest<'_>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let all = request.headers().map(|(name, value)| {
        let value = value.map_or("null".to_owned(), text);
        format!("{}={value}", text(name))
    });
    format!(
        "{} {:?} {:?} {:?} {} {:?} {} {} {} {:?} {} {:?}",
        text(request.value()),
        request.key().map(text),
        request.header("x-one").map(text),
        request.header("correlation-id"),
        all.collect::<Vec<_>>().join(","),
        request.requester().map(|name| name.starts_with("web/")),
        request.topic(),
        request.attempt(),
        request.correlation_id().len(),
        request.operation(),
        request.is_cancelled(),
        request
            .remaining()
            .map(|left| left <= Duration::from_secs(30)),
    )
}

#[tokio::test(start_paused = true)]
async fn it_sees_the_same_of_a_request_on_both_ways() {
    let broker = broker();
    let places: Arc<Mutex<Vec<(i32, i64)>>> = Arc::default();
    let noted = Arc::clone(&places);
    let _service = plain(&broker, move |request| {
        let place = (request.partition(), request.offset());
        noted.lock().unwrap().push(place);
        Ok(seen(request).into())
    })
    .await;
    let client = client(&broker).await;
    for _ in ["by the look-up", "at once"] {
        let request = client.request("echo").value("v").key("k");
        let request = request.header("x-one", "1").header("x-two", "");
        let reply = request.send().await.unwrap();
        assert_eq!(
            String::from_utf8(reply.into_value().to_vec()).unwrap(),
            "v Some(\"k\") Some(\"1\") None x-one=1,x-two= Some(true) echo 1 36 None false Some(true)"
        );
    }
    let stored = broker.records("echo");
    let stored: Vec<_> = stored.iter().map(|r| (r.partition, r.offset)).collect();
    assert_eq!(*places.lock().unwrap(), stored);
}

#[tokio::test(start_paused = true)]
async fn it_may_say_no_panic_and_add_headers() {
    let broker = broker();
    let handler = service::sync(|request| match request.value() {
        b"no" => Err(Status::not_found("nobody").with_executed(Executed::No)),
        b"panic" => panic!("as the test wants"),
        b"bad" => Ok(Reply::new("x").header("correlation-id", "mine")),
        value => Ok(Reply::new(value.to_vec())
            .header("x-cache", "hit")
            .content_type("text/plain")),
    });
    let service = serve_handler(&broker, ServiceConfig::default(), handler).await;
    let client = client(&broker).await;
    for _ in 0..2 {
        let no = client.request("echo").value("no").send().await.unwrap_err();
        assert_placed(&no, Kind::Status, Executed::No);
        assert_eq!(no.status().unwrap().code(), Code::NotFound);
        let panicked = client.request("echo").value("panic").send().await;
        let panicked = panicked.unwrap_err();
        assert_placed(&panicked, Kind::Status, Executed::Maybe);
        assert_eq!(panicked.status().unwrap().code(), Code::Internal);
        let bad = client.request("echo").value("bad").send().await;
        assert_eq!(bad.unwrap_err().status().unwrap().code(), Code::Internal);
        let reply = client.request("echo").value("fine").send().await.unwrap();
        assert_eq!(reply.header("x-cache"), Some(&bytes("hit")));
        assert_eq!(reply.into_value(), "fine");
    }
    assert_all_done(&broker, &service, 8).await;
}

/// A request by hand, as any peer could write it.
fn write(broker: &MemoryBroker, partition: i32, reply_topic: &str, packed: &str) {
    let headers = headers(&[
        ("correlation-id", "by-hand"),
        ("reply-topic", reply_topic),
        ("antiphon", packed),
    ]);
    assert!(broker.append("echo", partition, None, Some(bytes("x")), headers));
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_is_not_run() {
    let broker = broker();
    broker.create_topic("hand.replies", 1);
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let exact = ServiceConfig {
        clock_skew: Duration::ZERO,
        ..ServiceConfig::default()
    };
    let handler = service::sync(move |request| {
        counted.fetch_add(1, Ordering::SeqCst);
        echo(request)
    });
    let service = serve_handler(&broker, exact, handler).await;
    // Known from here on.
    write(&broker, 0, "hand.replies", "v=1;p=0");
    eventually("answered", || broker.records("hand.replies").len() == 1).await;
    write(&broker, 0, "hand.replies", "v=1;p=0;d=1000;t=0");
    eventually("answered", || broker.records("hand.replies").len() == 2).await;
    let refused = &broker.records("hand.replies")[1];
    let packed = String::from_utf8_lossy(refused.header("antiphon").unwrap()).into_owned();
    assert!(packed.contains("e=maybe"), "{packed}");
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_all_done(&broker, &service, 2).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_run_for_an_address_that_is_refused_and_no_reply_is_sent_where_none_is_wanted() {
    let broker = broker();
    broker.create_topic("hand.replies", 1);
    broker.create_topic("elsewhere", 1);
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let service = plain(&broker, move |request| {
        counted.fetch_add(1, Ordering::SeqCst);
        echo(request)
    })
    .await;
    write(&broker, 0, "hand.replies", "v=1;p=0");
    eventually("answered", || broker.records("hand.replies").len() == 1).await;
    // Not on the list, no such partition, no such topic.
    write(&broker, 0, "elsewhere", "v=1;p=0");
    write(&broker, 0, "hand.replies", "v=1;p=7");
    write(&broker, 0, "absent.replies", "v=1;p=0");
    assert_all_done(&broker, &service, 4).await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    write(&broker, 0, "hand.replies", "v=1;p=0;m=none");
    assert_all_done(&broker, &service, 5).await;
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!(broker.records("hand.replies").len(), 1);
    assert!(broker.records("elsewhere").is_empty());
}

#[tokio::test(start_paused = true)]
async fn in_a_layer_it_is_a_handler_as_any_other() {
    let broker = broker();
    let ran_in: Arc<Mutex<Vec<task::Id>>> = Arc::default();
    let noted = Arc::clone(&ran_in);
    let slow = layer_fn(|inner: HandlerService| {
        service_fn(move |request: Inbound| {
            let inner = inner.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                inner.oneshot(request).await
            }
        })
    });
    let service = Service::builder("echo-service", "1.0.0")
        .transport(broker.transport())
        .operation(
            "echo",
            "named",
            service::sync(move |request| {
                noted.lock().unwrap().push(task::id());
                Ok(request.operation().unwrap_or("none").to_owned())
            }),
        )
        .layer(slow)
        .start()
        .await
        .unwrap();
    service.ready().await;
    let client = client(&broker).await;
    for _ in 0..3 {
        let request = client.request("echo").operation("named");
        assert_eq!(request.send().await.unwrap().into_value(), "named");
    }
    let mut ran_in = std::mem::take(&mut *ran_in.lock().unwrap());
    ran_in.dedup();
    assert_eq!(ran_in.len(), 3, "a task each");
    assert_all_done(&broker, &service, 3).await;
}

#[tokio::test(start_paused = true)]
async fn it_may_spawn_and_a_drain_waits_for_its_replies() {
    let broker = broker();
    let spawned = Arc::new(AtomicBool::new(false));
    let done = Arc::clone(&spawned);
    let service = plain(&broker, move |request| {
        let done = Arc::clone(&done);
        tokio::spawn(async move { done.store(true, Ordering::SeqCst) });
        echo(request)
    })
    .await;
    let client = client(&broker).await;
    client.request("echo").send().await.unwrap();
    spawned.store(false, Ordering::SeqCst);
    let calls: Vec<_> = (0..50).map(|n| ask(&client, &n.to_string())).collect();
    sent(&broker, 51).await;
    settle().await;
    let report = service.drain(Duration::from_secs(5)).await;
    assert_eq!(report.abandoned, 0);
    assert!(spawned.load(Ordering::SeqCst));
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let committed = broker.committed("echo-service");
    assert_eq!(committed.iter().map(|(_, _, next)| next).sum::<i64>(), 51);
}
