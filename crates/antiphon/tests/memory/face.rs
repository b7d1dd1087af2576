//! What a user writes: handlers of extractors, routes with state, layers, requests as values.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use antiphon::{
    Client, Code, Context, Executed, Request, RequestError, RequestErrorKind as Kind, Service,
    StartError, Status,
    codec::Json as JsonCodec,
    config::{FirstPoll, ServiceConfig},
    service::{self, FromContext, FromRef, HandlerService, Inbound, Json, Routes, State},
    testing,
    transport::memory::MemoryBroker,
};
use bytes::Bytes;
use tower::{
    BoxError, ServiceBuilder, ServiceExt, layer::layer_fn, limit::ConcurrencyLimitLayer,
    load_shed::LoadShedLayer, timeout::TimeoutLayer, util::BoxCloneService,
};

async fn pair(routes: Routes) -> (Client, Service) {
    testing::pair(("t", routes)).await.unwrap()
}

#[derive(Clone)]
struct App {
    prefix: String,
    count: Arc<AtomicU32>,
}

struct Prefix(String);

impl FromRef<App> for String {
    fn from_ref(app: &App) -> Self {
        app.prefix.clone()
    }
}

impl<S> FromContext<S> for Prefix {
    fn from_context(context: &Context, _: &S) -> Result<Self, Status> {
        let prefix = context.header("prefix");
        let prefix = prefix.ok_or_else(|| Status::unauthenticated("no prefix"))?;
        Ok(Self(String::from_utf8_lossy(prefix).into_owned()))
    }
}

#[tokio::test(start_paused = true)]
async fn arguments_are_made_of_context_state_and_payload() {
    async fn all(
        cx: Context,
        State(prefix): State<String>,
        State(app): State<App>,
        Prefix(own): Prefix,
        Json(value): Json<u32>,
    ) -> String {
        app.count.fetch_add(1, Ordering::Relaxed);
        format!("{prefix} {own} {} {value}", cx.topic())
    }
    let app = App {
        prefix: "state".to_owned(),
        count: Arc::default(),
    };
    let count = Arc::clone(&app.count);
    let (client, _service) = pair(Routes::new().default(all).with_state(app)).await;
    let request = client.request("t").header("prefix", "header").value("7");
    assert_eq!(&request.await.unwrap().value()[..], b"state header t 7");
    assert_eq!(count.load(Ordering::Relaxed), 1);
    for (request, code) in [
        (client.request("t").value("7"), Code::Unauthenticated),
        (
            client.request("t").header("prefix", "p").value("seven"),
            Code::InvalidArgument,
        ),
    ] {
        let error = request.await.unwrap_err();
        assert_eq!(error.status().unwrap().code(), code);
        assert_eq!(error.executed(), Executed::No, "{error}");
    }
    assert_eq!(
        count.load(Ordering::Relaxed),
        1,
        "a rejection runs no handler"
    );
}

#[tokio::test(start_paused = true)]
async fn each_operation_has_its_handler_and_a_second_one_is_refused() {
    let routes = || {
        Routes::new()
            .on("nothing", || async {})
            .on("bytes", |value: Bytes| async move { value })
            .default(|| async { Status::not_found("x").message().to_owned() })
    };
    let (client, _service) = pair(routes()).await;
    let ask = |operation: &str| client.request("t").operation(operation).value("v").send();
    assert!(ask("nothing").await.unwrap().value().is_empty());
    assert_eq!(&ask("bytes").await.unwrap().value()[..], b"v");
    let error = ask("absent").await.unwrap_err();
    assert_eq!(error.status().unwrap().code(), Code::Unimplemented);
    let twice: Result<_, StartError> =
        testing::pair(("t", routes().merge(Routes::new().on("bytes", || async {})))).await;
    assert!(twice.unwrap_err().to_string().contains("bytes"));
}

#[tokio::test(start_paused = true)]
async fn towers_own_layers_fit_and_say_whether_the_work_ran() {
    async fn slow() {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let boxed = layer_fn(|inner: HandlerService| {
        let timeout = TimeoutLayer::new(Duration::from_secs(1));
        BoxCloneService::new(ServiceBuilder::new().layer(timeout).service(inner))
    });
    let shed = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1));
    let (client, _service) = pair(
        Routes::new()
            .on("late", slow)
            .layer(boxed)
            .merge(Routes::new().on("shed", slow).layer(shed)),
    )
    .await;
    let ask = |operation: &str| client.request("t").operation(operation).send();
    let late = ask("late").await.unwrap_err();
    assert_eq!(late.status().unwrap().code(), Code::DeadlineExceeded);
    assert_eq!(late.executed(), Executed::Maybe);
    let running = tokio::spawn(ask("shed"));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let shed = ask("shed").await.unwrap_err();
    assert_eq!(shed.status().unwrap().code(), Code::ResourceExhausted);
    assert_eq!(shed.executed(), Executed::No);
    assert!(shed.is_retryable());
    running.abort();
}

/// A synchronous handler is called where requests are read: before another record of the batch is
/// handed to the runtime, and whatever `first_poll` says.
#[tokio::test(start_paused = true)]
async fn a_layered_synchronous_handler_stays_synchronous() {
    let broker = MemoryBroker::new();
    broker.create_topic("t", 1);
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let order = Arc::clone(&order);
        move || order.lock().unwrap().push(name)
    };
    let (sync, task) = (note("sync"), note("async"));
    let config = ServiceConfig {
        first_poll: FirstPoll::Runtime,
        ..ServiceConfig::default()
    };
    let service = Service::builder("s")
        .transport(broker.transport())
        .config(config)
        .operation("t", "async", move || {
            task();
            async {}
        })
        .operation(
            "t",
            "sync",
            service::sync(move |_| {
                sync();
                Ok(())
            }),
        )
        .layer(TimeoutLayer::new(Duration::from_secs(5)))
        .start()
        .await
        .unwrap();
    service.ready().await;
    let client = Client::builder("c")
        .transport(broker.transport())
        .connect()
        .await
        .unwrap();
    // The first request of a reply topic asks the brokers for it, and runs on the runtime.
    client.request("t").operation("sync").await.unwrap();
    order.lock().unwrap().clear();
    let asked = ["async", "sync"].map(|name| client.request("t").operation(name).send());
    for outcome in futures::future::join_all(asked).await {
        outcome.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), ["sync", "async"]);
}

#[tokio::test(start_paused = true)]
async fn a_nested_call_fails_with_its_own_certainty() {
    let (stock, _stock_service) = pair(Routes::new().default(|| async {
        Err::<(), _>(Status::unavailable("busy").with_executed(Executed::Maybe))
    }))
    .await;
    async fn sell(State(stock): State<Client>) -> Result<(), Status> {
        stock.request("t").await?;
        Ok(())
    }
    let (client, _service) = pair(Routes::new().default(sell).with_state(stock)).await;
    let error = client.request("t").await.unwrap_err();
    assert_eq!(error.status().unwrap().code(), Code::Unavailable);
    assert_eq!(error.executed(), Executed::Maybe);
}

#[tokio::test(start_paused = true)]
async fn requests_are_values_that_layers_read_and_change() {
    #[derive(Clone)]
    struct Tenant(&'static str);
    let (client, _service) = pair(Routes::new().default(|cx: Context| async move {
        let tenant = cx.header("tenant").map(|tenant| tenant.to_vec());
        tenant.unwrap_or_default()
    }))
    .await;
    let layered = ServiceBuilder::new()
        .map_request(|mut request: Request| {
            assert_eq!(request.topic(), "t");
            let tenant = request.extensions().get::<Tenant>().unwrap().0;
            request
                .headers_mut()
                .push(("tenant".to_owned(), Some(tenant.into())));
            request
        })
        .service(client.clone());
    let mut request = Request::new("t");
    request.extensions_mut().insert(Tenant("acme"));
    let reply = layered.oneshot(request).await.unwrap();
    assert_eq!(&reply.value()[..], b"acme");
    let target = client.target("t").header("tenant", "other");
    assert_eq!(
        &target.oneshot(Bytes::new()).await.unwrap().value()[..],
        b"other"
    );
}

#[tokio::test(start_paused = true)]
async fn a_payload_that_is_set_twice_is_refused() {
    let (client, _service) = pair(Routes::new().default(|| async {})).await;
    for error in [
        client.request("t").value("a").value("b").await.unwrap_err(),
        client
            .request("t")
            .value("a")
            .json::<()>("b")
            .await
            .unwrap_err(),
        client
            .execute(Request::new("t").with_value("a").with_value("b"))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(
            (error.kind(), error.executed()),
            (Kind::Invalid, Executed::No)
        );
        assert!(error.to_string().contains("twice"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_typed_reply_keeps_what_came_with_it() {
    let (client, _service) = pair(Routes::new().default(|Json(n): Json<u32>| async move {
        let bytes = serde_json::to_vec(&(n + 1)).unwrap();
        service::Reply::new(bytes)
            .header("page", "2")
            .message_type("Number")
    }))
    .await;
    let reply = client
        .request("t")
        .json::<u32>(&1)
        .with_reply()
        .await
        .unwrap();
    assert_eq!(*reply.value(), 2);
    assert_eq!(reply.header("page").unwrap(), "2");
    assert!(reply.responder().unwrap().starts_with("test-service//"));
    let layered = ServiceBuilder::new()
        .layer(TimeoutLayer::new(Duration::from_secs(1)))
        .service(client.clone());
    let reply = antiphon::client::call::<_, _, _, u32>(layered, Request::new("t"), &JsonCodec, &1);
    assert_eq!(reply.await.unwrap().into_value(), 2);
}

#[tokio::test(start_paused = true)]
async fn typed_scatter_and_gather_decode_each_reply() {
    let broker = MemoryBroker::new();
    let mut services = Vec::new();
    for (name, answer) in [("a", "1"), ("b", "2"), ("c", "no number")] {
        broker.create_topic(name, 1);
        broker.create_topic("all", 1);
        let service = Service::builder(name)
            .transport(broker.transport())
            .route(name, move || async move { answer })
            .route("all", move || async move { answer })
            .start()
            .await
            .unwrap();
        service.ready().await;
        services.push(service);
    }
    let client = Client::builder("c")
        .transport(broker.transport())
        .connect()
        .await
        .unwrap();
    let sum = |replies: &[antiphon::GatherReply<antiphon::TypedReply<u32>>]| -> u32 {
        replies.iter().map(|reply| *reply.reply().value()).sum()
    };
    let scattered = client
        .scatter(["a", "b", "c"])
        .json::<u32>("?")
        .min_replies(2)
        .until_deadline();
    let scattered = scattered.await.unwrap();
    assert_eq!(sum(&scattered.replies), 3);
    assert_eq!(scattered.missing[0].error().kind(), Kind::Undecodable);
    let gathered = client.gather("all").json::<u32>("?").min_replies(3);
    let error = gathered.timeout(Duration::from_secs(2)).await.unwrap_err();
    assert_eq!(error.error().kind(), Kind::BelowMinimum);
    assert_eq!(sum(&error.gathered().replies), 3);
}

#[tokio::test(start_paused = true)]
async fn errors_of_client_layers_keep_their_certainty() {
    let (client, _service) = pair(Routes::new().default(|| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }))
    .await;
    let layered = ServiceBuilder::new()
        .layer(TimeoutLayer::new(Duration::from_secs(1)))
        .service(client);
    let error: BoxError = layered.oneshot(Request::new("t")).await.unwrap_err();
    let error = RequestError::from(error);
    assert_eq!(
        (error.kind(), error.executed()),
        (Kind::TimedOut, Executed::Maybe)
    );
}

#[tokio::test]
async fn a_context_can_be_made_for_a_unit_test() {
    let cx = Context::test()
        .topic("orders")
        .key("k")
        .operation("price")
        .requester("web/1/2")
        .deadline(Duration::from_secs(60))
        .build();
    assert_eq!(
        (cx.topic(), cx.operation(), cx.requester()),
        ("orders", Some("price"), Some("web/1/2"))
    );
    assert_eq!(cx.key().unwrap(), "k");
    assert!(cx.remaining().unwrap() > Duration::from_secs(50) && !cx.is_cancelled());
    let inbound: Inbound = Context::test().inbound("x");
    assert_eq!(inbound.value, "x");
}
