//! Tests of a service without Kafka, on the transport in memory and with paused time:
//! `cargo run -p antiphon --features test-util --example testing_a_service`.
//!
//! In a project of your own each function here is a test:
//!
//! ```text
//! [dev-dependencies]
//! antiphon = { version = "0.1", features = ["test-util"] }
//!
//! #[tokio::test(start_paused = true)]
//! async fn a_greeting_has_the_name_in_it() { … }
//! ```
//!
//! Paused time moves on only when every task waits, and then to the next timer at once. So the
//! two seconds of the time-out below take no time, and the test runs the same way each time.

use std::time::Duration;

use antiphon::{
    Client, Context, Executed, RequestErrorKind, Service, StartError, Status,
    service::Routes,
    testing,
    transport::memory::{Faults, MemoryBroker},
};
use bytes::Bytes;
use tokio::time::Instant;

/// The handler that is to be tested.
async fn greet(_: Context, name: Bytes) -> Result<Bytes, Status> {
    match &name[..] {
        b"" => Err(Status::invalid_argument("whom?")),
        // As if it had asked a database that does not answer.
        b"sleeper" => std::future::pending().await,
        name => Ok([b"hello, ", name].concat().into()),
    }
}

/// A client and a service that greets. The service stops when it is dropped.
async fn start() -> Result<(Client, Service), StartError> {
    testing::pair(("greetings", Routes::new().default(greet))).await
}

/// A handler is a function: most tests can call it without a service.
async fn a_handler_is_called_by_itself() -> Result<(), Box<dyn std::error::Error>> {
    let cx = Context::test().requester("web/1/2").build();
    assert_eq!(&greet(cx, "ann".into()).await?[..], b"hello, ann");
    Ok(())
}

async fn a_greeting_has_the_name_in_it() -> Result<(), Box<dyn std::error::Error>> {
    let (client, _service) = start().await?;
    let reply = client.request("greetings").value("ann").send().await?;
    assert_eq!(&reply.value()[..], b"hello, ann");
    Ok(())
}

async fn nobody_to_greet_is_an_error() -> Result<(), Box<dyn std::error::Error>> {
    let (client, _service) = start().await?;
    let outcome = client.request("greetings").send().await;
    let error = outcome.err().ok_or("it greeted nobody")?;
    assert_eq!(error.kind(), RequestErrorKind::Status);
    assert_eq!(error.status().map(Status::message), Some("whom?"));
    assert_eq!(error.executed(), Executed::Yes);
    Ok(())
}

async fn a_handler_that_is_stuck_is_a_time_out() -> Result<(), Box<dyn std::error::Error>> {
    let (client, _service) = start().await?;
    let begun = Instant::now();
    let request = client.request("greetings").value("sleeper");
    let outcome = request.timeout(Duration::from_secs(2)).send().await;
    let error = outcome.err().ok_or("it woke up")?;
    assert!(error.is_timeout());
    // The request was sent; whether the handler ran, a requester cannot know.
    assert_eq!(error.executed(), Executed::Maybe);
    // Never early; late by at most a quarter of a second.
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(2), "{took:?}");
    assert!(took <= Duration::from_millis(2_250), "{took:?}");
    Ok(())
}

async fn a_request_that_is_stored_twice_gets_one_reply() -> Result<(), Box<dyn std::error::Error>> {
    // Faults and the log itself need the broker, so this test connects both sides by hand.
    let broker = MemoryBroker::new();
    broker.create_topic("greetings", 4);
    let _service = Service::builder("greeter")
        .transport(broker.transport())
        .route("greetings", greet)
        .start()
        .await?;
    let client = Client::builder("test")
        .transport(broker.transport())
        .connect()
        .await?;
    // From here on every record stands in the log twice, requests and replies alike.
    broker.set_faults(Faults {
        duplicate: 1.0,
        ..Faults::default()
    });
    let reply = client.request("greetings").value("ann").send().await?;
    assert_eq!(&reply.value()[..], b"hello, ann");
    // Two requests in the log, so the handler ran twice (at least once), and each of its replies
    // stands there twice as well.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(broker.records("greetings").len(), 2);
    assert_eq!(broker.records("test.replies").len(), 4);
    // One ended the call. The other three were counted and reached nobody.
    assert_eq!(client.stray_counts().duplicate, 3);
    Ok(())
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let begun = std::time::Instant::now();
    a_handler_is_called_by_itself().await?;
    a_greeting_has_the_name_in_it().await?;
    nobody_to_greet_is_an_error().await?;
    a_handler_that_is_stuck_is_a_time_out().await?;
    a_request_that_is_stored_twice_gets_one_reply().await?;
    println!("five tests passed in {:?}", begun.elapsed());
    Ok(())
}
