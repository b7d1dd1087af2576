//! What a service does with a request: whom it hands it to, how many at once, and what comes back.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use antiphon::{
    Code, Context, Executed, RequestErrorKind as Kind, Service, StartErrorKind, Status,
    config::{ClientConfig, ReplyConfig, ServiceConfig},
    service::{self, HandlerService, Response},
    transport::memory::MemoryBroker,
};
use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::Notify;
use tower::Service as TowerService;

use crate::support::{
    ask, assert_placed, broker, bytes, client, client_with, echo, eventually, headers, serve,
    serve_with, settle,
};

#[tokio::test(start_paused = true)]
async fn no_more_handlers_run_at_once_than_allowed_and_all_requests_are_answered() {
    let broker = broker();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = (Arc::clone(&running), Arc::clone(&most));
    let config = ServiceConfig {
        concurrency: 3,
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
    let service = serve(&broker, "s", |_, value: Bytes| {
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
async fn operations_reach_their_own_handlers() {
    let broker = broker();
    let named = |name: &'static str| service::raw(move |_, _| async move { Ok(name) });
    let service = Service::builder("s", "1")
        .transport(broker.transport())
        .operation("echo", "get", named("get"))
        .operation("echo", "orders/put", named("put"))
        .route("echo", named("plain"))
        .start()
        .await
        .unwrap();
    let client = client(&broker).await;
    for (operation, answered) in [
        (Some("get"), "get"),
        (Some("orders/put"), "put"),
        (None, "plain"),
    ] {
        let mut request = client.request("echo");
        if let Some(operation) = operation {
            request = request.operation(operation);
        }
        assert_eq!(
            &request.send().await.unwrap().value()[..],
            answered.as_bytes()
        );
    }
    let error = client
        .request("echo")
        .operation("Get")
        .send()
        .await
        .unwrap_err();
    assert_placed(&error, Kind::Status, Executed::No);
    assert_eq!(error.status().unwrap().code(), Code::Unimplemented);
    drop(service);
}

#[tokio::test(start_paused = true)]
async fn a_topic_without_a_plain_handler_wants_an_operation() {
    let broker = broker();
    let service = Service::builder("s", "1")
        .transport(broker.transport())
        .operation("echo", "get", service::raw(|_, _| async { Ok("x") }))
        .start()
        .await
        .unwrap();
    let client = client(&broker).await;
    let error = client.request("echo").send().await.unwrap_err();
    assert_placed(&error, Kind::Status, Executed::No);
    assert_eq!(error.status().unwrap().code(), Code::Unimplemented);
    drop(service);
}

#[derive(Clone)]
struct Noting<S> {
    name: &'static str,
    log: Arc<Mutex<Vec<&'static str>>>,
    inner: S,
}

impl<S> TowerService<service::Request> for Noting<S>
where
    S: TowerService<service::Request, Response = Response, Error = Status>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response, Status>>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: service::Request) -> Self::Future {
        self.log.lock().unwrap().push(self.name);
        if request.context.header("x-refuse").is_some() && self.name == "outer" {
            let status = Status::permission_denied("refused").with_executed(Executed::No);
            return Box::pin(std::future::ready(Err(status)));
        }
        Box::pin(self.inner.call(request))
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_layer_is_the_outermost_and_may_refuse() {
    let broker = broker();
    let log: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let layer = |name| {
        let log = Arc::clone(&log);
        tower::layer::layer_fn(move |inner: HandlerService| Noting {
            name,
            log: Arc::clone(&log),
            inner,
        })
    };
    let noted = Arc::clone(&log);
    let service = Service::builder("s", "1")
        .transport(broker.transport())
        .route(
            "echo",
            service::raw(move |_, value: Bytes| {
                noted.lock().unwrap().push("handler");
                async move { Ok(value) }
            }),
        )
        .layer(layer("inner"))
        .layer(layer("outer"))
        .operation(
            "echo",
            "bare",
            service::raw(|_, value: Bytes| async move { Ok(value) }),
        )
        .start()
        .await
        .unwrap();
    let client = client(&broker).await;
    client.request("echo").send().await.unwrap();
    assert_eq!(*log.lock().unwrap(), ["outer", "inner", "handler"]);
    log.lock().unwrap().clear();
    let error = client
        .request("echo")
        .header("x-refuse", "1")
        .send()
        .await
        .unwrap_err();
    assert_placed(&error, Kind::Status, Executed::No);
    assert_eq!(error.status().unwrap().code(), Code::PermissionDenied);
    assert_eq!(*log.lock().unwrap(), ["outer"]);
    log.lock().unwrap().clear();
    // Added after the layers.
    client
        .request("echo")
        .operation("bare")
        .send()
        .await
        .unwrap();
    assert!(log.lock().unwrap().is_empty());
    drop(service);
}

#[derive(Clone)]
struct Shouting(bool);

impl TowerService<service::Request> for Shouting {
    type Response = String;
    type Error = Status;
    type Future = std::future::Ready<Result<String, Status>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Status>> {
        self.0 = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: service::Request) -> Self::Future {
        assert!(self.0, "called before it was ready");
        let text = String::from_utf8_lossy(&request.value).to_uppercase();
        std::future::ready(Ok(text))
    }
}

#[tokio::test(start_paused = true)]
async fn a_tower_service_answers() {
    let broker = broker();
    let service = Service::builder("s", "1")
        .transport(broker.transport())
        .route("echo", service::tower(Shouting(false)))
        .start()
        .await
        .unwrap();
    let client = client(&broker).await;
    let reply = client.request("echo").value("hello").send().await.unwrap();
    assert_eq!(&reply.value()[..], b"HELLO");
    drop(service);
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
        noted.lock().unwrap().push(context.correlation_id().clone());
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
        noted.lock().unwrap().push(context.correlation_id().clone());
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
    let service = Service::builder("s", "1")
        .transport(broker.transport())
        .operation(
            "echo",
            "get",
            service::raw(move |context, value: Bytes| {
                kept.lock().unwrap().push(context);
                async move { Ok(value) }
            }),
        )
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
        stored.header("correlation-id")
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

async fn answering(
    broker: &MemoryBroker,
    response: impl Fn() -> Response + Send + Sync + 'static,
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
    let wrong: [fn() -> Response; 9] = [
        || Response::new("x").header("correlation-id", "x"),
        || Response::new("x").header("reply-topic", "x"),
        || Response::new("x").header("antiphon", "v=1"),
        || Response::new("x").header("status-message", "x"),
        || Response::new("x").header("status-details", "x"),
        || Response::new("x").header("", "x"),
        || Response::new("x").header("a\0b", "x"),
        || {
            Response::new("x")
                .header("content-type", "a")
                .header("content-type", "b")
        },
        || (0..300).fold(Response::new("x"), |r, n| r.header(format!("h{n}"), "x")),
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
        Response::new("x")
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
    let _service = answering(&broker, || {
        Response::new("x").header("x", vec![b'x'; 70_000])
    })
    .await;
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
    let service = answering(&broker, || Response::new(vec![0; 2 << 20])).await;
    let client = client(&broker).await;
    let error = client.request("echo").send().await.unwrap_err();
    assert_placed(&error, Kind::Status, Executed::Yes);
    assert_eq!(error.status().unwrap().code(), Code::ResourceExhausted);
    eventually("acknowledged", || service.unacknowledged() == 0).await;
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

#[tokio::test(start_paused = true)]
async fn a_service_that_makes_no_sense_does_not_start() {
    let broker = broker();
    let new = |name: &str| Service::builder(name, "1").transport(broker.transport());
    let handler = || service::raw(|_, value: Bytes| async move { Ok(value) });
    let with = |set: fn(&mut ServiceConfig)| {
        let mut config = ServiceConfig::default();
        set(&mut config);
        new("s").route("echo", handler()).config(config)
    };
    let wrong = [
        new("s"),
        new("").route("echo", handler()),
        new(&"s".repeat(600)).route("echo", handler()),
        new("s").route("no/topic", handler()),
        new("s").route("echo", handler()).route("echo", handler()),
        new("s").operation("echo", "a b", handler()),
        new("s")
            .operation("echo", "a", handler())
            .operation("echo", "a", handler()),
        new("s").route("echo", handler()).allow_reply_topic("("),
        with(|config| config.concurrency = 0),
        with(|config| config.max_unacknowledged = 0),
        with(|config| config.commit_interval = Duration::ZERO),
        with(|config| config.handler_timeout = Duration::ZERO),
    ];
    for builder in wrong {
        let described = format!("{builder:?}");
        let error = builder.start().await.expect_err(&described);
        assert_eq!(error.kind(), StartErrorKind::Config, "{described}");
    }
    let error = new("s")
        .route("nowhere", handler())
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StartErrorKind::UnknownTopic);
    assert!(!broker.topics().contains(&"nowhere".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn settings_without_end_are_taken() {
    let broker = broker();
    let config = ServiceConfig {
        commit_interval: Duration::MAX,
        handler_timeout: Duration::MAX,
        revoke_timeout: Duration::MAX,
        clock_skew: Duration::MAX,
        create_topics: Some(2),
        ..ServiceConfig::default()
    };
    let service = Service::builder("s", "1")
        .transport(broker.transport())
        .config(config)
        .route(
            "created",
            service::raw(|_, value: Bytes| async move { Ok(value) }),
        )
        .start()
        .await
        .unwrap();
    let client = client(&broker).await;
    client.request("created").send().await.unwrap();
    let report = service.drain(Duration::MAX).await;
    assert_eq!(report.abandoned, 0);
    assert_eq!(broker.committed("s").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_runs_until_it_is_told_to_stop() {
    let broker = broker();
    let service = echo(&broker).await;
    let client = client(&broker).await;
    let stop = Arc::new(Notify::new());
    let running = tokio::spawn({
        let stop = Arc::clone(&stop);
        service.run_until(async move { stop.notified().await }, Duration::from_secs(5))
    });
    client.request("echo").send().await.unwrap();
    stop.notify_one();
    let report = running.await.unwrap();
    assert_eq!(report.abandoned, 0);
    let error = client
        .request("echo")
        .timeout(Duration::from_secs(1))
        .send()
        .await;
    assert_eq!(error.unwrap_err().kind(), Kind::TimedOut);
}
