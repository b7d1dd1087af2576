//! Arguments and return values of handler functions, in all their forms.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use antiphon::{
    Client, Code, Context, Executed, RequestError, Service, Status,
    codec::Encoded,
    service::{Extracted, FromRequest, Inbound, Reply, Routes, State},
    testing,
};
use bytes::Bytes;

async fn pair(routes: Routes) -> (Client, Service) {
    testing::pair(("t", routes)).await.unwrap()
}

async fn ask(
    client: &Client,
    operation: &str,
    value: &'static [u8],
) -> Result<Bytes, RequestError> {
    let request = client.request("t").operation(operation).value(value);
    request.await.map(|reply| reply.value().clone())
}

#[tokio::test(start_paused = true)]
async fn a_payload_comes_in_several_forms() {
    let routes = Routes::new()
        .on("bytes", |value: Bytes| async move { value })
        .on("vec", |value: Vec<u8>| async move { value })
        .on("string", |value: String| async move { value })
        .on("whole", |request: Inbound| async move {
            assert_eq!(request.context.operation(), Some("whole"));
            request.value
        });
    let (client, _service) = pair(routes).await;
    for operation in ["bytes", "vec", "string", "whole"] {
        assert_eq!(ask(&client, operation, b"v").await.unwrap(), "v");
        assert_eq!(ask(&client, operation, b"").await.unwrap(), "");
    }
    assert_eq!(ask(&client, "vec", b"\xff").await.unwrap(), &b"\xff"[..]);
    let error = ask(&client, "string", b"\xff").await.unwrap_err();
    assert_eq!(error.status().unwrap().code(), Code::InvalidArgument);
    assert_eq!(error.executed(), Executed::No);
}

#[tokio::test(start_paused = true)]
async fn a_reply_comes_in_several_forms() {
    let routes = Routes::new()
        .on("text", || async { "v" })
        .on("slice", || async { &b"v"[..] })
        .on("encoded", || async {
            Encoded::new("v").content_type("text/plain")
        })
        .on("reply", || async { Reply::new("v").header("h", "1") })
        .on("result", || async { Ok("v") })
        .on("error", || async {
            Err::<(), _>(Status::not_found("no v here"))
        });
    let (client, _service) = pair(routes).await;
    for operation in ["text", "slice", "encoded", "reply", "result"] {
        assert_eq!(ask(&client, operation, b"").await.unwrap(), "v");
    }
    let error = ask(&client, "error", b"").await.unwrap_err();
    assert_eq!(error.status().unwrap().code(), Code::NotFound);
    assert_eq!(error.executed(), Executed::Yes);
}

#[tokio::test(start_paused = true)]
async fn a_function_has_up_to_eight_arguments() {
    #[allow(clippy::too_many_arguments, reason = "eight are the most")]
    async fn eight(
        a: Context,
        State(b): State<u32>,
        c: Context,
        State(d): State<u32>,
        e: Context,
        State(f): State<u32>,
        g: Context,
        value: String,
    ) -> String {
        let same = [&c, &e, &g].iter().all(|cx| cx.offset() == a.offset());
        format!("{same} {} {value}", b + d + f)
    }
    async fn last_leaves_the_payload(_: State<u32>, cx: Context) -> String {
        cx.topic().to_owned()
    }
    let routes = Routes::new()
        .on("eight", eight)
        .on("context", last_leaves_the_payload)
        .with_state(2);
    let (client, _service) = pair(routes).await;
    assert_eq!(ask(&client, "eight", b"v").await.unwrap(), "true 6 v");
    assert_eq!(ask(&client, "context", b"v").await.unwrap(), "t");
}

/// A payload whose schema has to be fetched first.
struct Looked(Bytes);

impl<S> FromRequest<S> for Looked {
    fn from_request(request: Inbound, _: &S) -> Extracted<Self> {
        Extracted::Waiting(Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            match &request.value[..] {
                b"unknown" => Err(Status::invalid_argument("no such schema")),
                _ => Ok(Self(request.value)),
            }
        }))
    }
}

#[tokio::test(start_paused = true)]
async fn an_argument_may_wait_and_its_rejection_runs_no_handler() {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let routes = Routes::new().on("looked", move |Looked(value): Looked| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move { value }
    });
    let (client, _service) = pair(routes).await;
    assert_eq!(ask(&client, "looked", b"v").await.unwrap(), "v");
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    let error = ask(&client, "looked", b"unknown").await.unwrap_err();
    assert_eq!(error.status().unwrap().code(), Code::InvalidArgument);
    assert_eq!(error.executed(), Executed::No);
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}
