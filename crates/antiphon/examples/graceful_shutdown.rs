//! A service that stops under load and loses no request that it has begun:
//! `cargo run -p antiphon --example graceful_shutdown`.
//!
//! A real program stops on a signal. This one ends by itself, half a second after the load began.

use std::time::Duration;

use antiphon::{Client, EmbeddedBroker, EmbeddedConfig, RequestError, Service, Status, service};
use bytes::Bytes;

/// Takes 50 to 200 milliseconds, so that some handlers run at any time.
async fn work(context: service::Context, value: Bytes) -> Result<Bytes, Status> {
    let uneven = u64::try_from(context.offset() % 4).unwrap_or(0);
    tokio::time::sleep(Duration::from_millis(50 + 50 * uneven)).await;
    Ok(value)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = EmbeddedBroker::start(EmbeddedConfig::default())?;
    broker.create_topic("jobs", 4)?;

    let service = Service::builder("worker")
        .version("1.0.0")
        .bootstrap_servers(broker.bootstrap_servers())
        .route("jobs", work)
        .start()
        .await?;
    service.ready().await;

    let client = Client::builder("web")
        .bootstrap_servers(broker.bootstrap_servers())
        .connect()
        .await?;

    // Twenty callers, each with one request after the other until one gets no reply.
    let callers: Vec<_> = (0..20)
        .map(|_| tokio::spawn(call_until_an_error(client.clone())))
        .collect();

    // In a real program: `async { let _ = tokio::signal::ctrl_c().await; }`.
    let stop = tokio::time::sleep(Duration::from_millis(500));

    // Serves until `stop` resolves. Then it takes no more requests, gives the running handlers up
    // to ten seconds to end and their replies to be acknowledged, commits, and leaves the group.
    let report = service.run_until(stop, Duration::from_secs(10)).await;
    println!(
        "service drained: {} requests were in hand, {} of them were not answered",
        report.in_hand, report.abandoned
    );

    // A client ends in the same way: it takes no more calls and lets those that wait go on for a
    // moment. Nobody answers any more here: what the callers have sent since stays in the topic,
    // for the next instance of the service.
    let report = client.close(Duration::from_millis(300)).await;
    println!(
        "client closed: {} calls were in flight, {} of them were given up",
        report.in_flight, report.abandoned
    );

    let mut answered = 0;
    for caller in callers {
        let (replies, error) = caller.await?;
        answered += replies;
        // Sent and not answered: `maybe`. The requester can not know that nobody has read it.
        println!("a caller got {replies} replies, then: {error}");
    }
    println!("{answered} replies in all");
    Ok(())
}

/// Returns how many replies came, and the error of the first request without one.
async fn call_until_an_error(client: Client) -> (u32, RequestError) {
    let mut replies = 0;
    loop {
        match client.request("jobs").value("job").send().await {
            Ok(_) => replies += 1,
            Err(error) => return (replies, error),
        }
    }
}
