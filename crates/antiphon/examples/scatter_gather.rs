//! One question, several answers: `cargo run -p antiphon --example scatter_gather`.
//!
//! * `scatter` asks several topics, one request each.
//! * `gather` asks one topic that several services read, each in a consumer group of its own.

use std::time::Duration;

use antiphon::{Client, EmbeddedBroker, EmbeddedConfig, Gathered, Service, StartError};
use bytes::Bytes;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = EmbeddedBroker::start(EmbeddedConfig::default())?;
    for topic in ["prices.north", "prices.south", "prices.west", "offers"] {
        broker.create_topic(topic, 2)?;
    }
    let servers = broker.bootstrap_servers();
    let client = Client::builder("web")
        .bootstrap_servers(servers.as_str())
        .connect()
        .await?;

    // Nobody answers on prices.west.
    let north = answer(&servers, "north", "prices.north", "31 cents").await?;
    let south = answer(&servers, "south", "prices.south", "29 cents").await?;

    // Two of three are enough: the scatter ends with the second reply and does not wait for the
    // third. Without `min_replies` all targets have to answer.
    let gathered = client
        .scatter(["prices.north", "prices.south", "prices.west"])
        .value("apples")
        .min_replies(2)
        .timeout(Duration::from_secs(10))
        .send()
        .await?;
    print("scatter over three topics", &gathered);

    // The same topic, three services. Each gets every request, because each has its own group,
    // and each has one vote.
    let mut shops = Vec::new();
    for name in ["corner-shop", "market", "discounter"] {
        shops.push(answer(&servers, name, "offers", name).await?);
    }
    let gathered = client
        .gather("offers")
        .value("apples")
        .min_replies(3)
        .timeout(Duration::from_secs(10))
        .send()
        .await?;
    print("gather over three groups", &gathered);

    // A minimum that is not reached is an error. It carries the replies that did arrive.
    let missed = client
        .scatter(["prices.north", "prices.west"])
        .value("pears")
        .timeout(Duration::from_secs(2))
        .send()
        .await;
    if let Err(error) = missed {
        println!("a scatter that wants all: {error}");
        print("  what arrived all the same", error.gathered());
    }

    client.close(Duration::from_secs(1)).await;
    for service in [north, south].into_iter().chain(shops) {
        service.drain(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// A service that gives the same answer to every request. Its name is also its consumer group.
async fn answer(
    servers: &str,
    name: &str,
    topic: &str,
    text: &'static str,
) -> Result<Service, StartError> {
    let service = Service::builder(name)
        .version("1.0.0")
        .bootstrap_servers(servers)
        .route(topic, move || async move { Ok(Bytes::from(text)) })
        .start()
        .await?;
    // Not needed for the answer: a request waits in Kafka until somebody reads it.
    service.ready().await;
    Ok(service)
}

fn print(what: &str, gathered: &Gathered) {
    println!("{what}:");
    for reply in &gathered.replies {
        println!(
            "  {}: {}",
            reply.target(),
            String::from_utf8_lossy(reply.reply().value())
        );
    }
    for missing in &gathered.missing {
        println!("  {}: missing, {}", missing.target(), missing.error());
    }
}
