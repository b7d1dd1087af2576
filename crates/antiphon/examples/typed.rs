//! JSON in and out, two operations on one topic, and errors that say whether the work ran:
//! `cargo run -p antiphon --example typed`.

use antiphon::{Client, EmbeddedBroker, EmbeddedConfig, RequestError, Service, Status, service};
use serde::{Deserialize, Serialize};

/// What a requester asks. Any type that serde can write will do.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    article: String,
    count: u32,
}

/// What the service answers.
#[derive(Debug, Serialize, Deserialize)]
struct Offer {
    cents: u32,
}

/// A handler is an async function of the request's context and its decoded value.
async fn price(_: service::Context, order: Order) -> Result<Offer, Status> {
    match order.article.as_str() {
        "apple" => Ok(Offer {
            cents: 30 * order.count,
        }),
        // The requester gets this as an error. The handler ran, so it says `executed: yes`.
        other => Err(Status::not_found(format!("no article {other}"))),
    }
}

async fn reserve(context: service::Context, order: Order) -> Result<u32, Status> {
    // A handler can know that it has changed nothing. Saying so allows the requester to try again.
    if order.count > 10 {
        return Err(
            Status::resource_exhausted("only 10 are left").with_executed(antiphon::Executed::No)
        );
    }
    println!("reserve: asked by {}", context.requester().unwrap_or("?"));
    Ok(order.count)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A broker in this process. With your own Kafka, name its servers instead.
    let broker = EmbeddedBroker::start(EmbeddedConfig::default())?;
    broker.create_topic("shop", 4)?;

    let service = Service::builder("shop", "1.0.0")
        .bootstrap_servers(broker.bootstrap_servers())
        .operation("shop", "price", service::json(price))
        .operation("shop", "reserve", service::json(reserve))
        .start()
        .await?;

    let client = Client::builder("web")
        .bootstrap_servers(broker.bootstrap_servers())
        .connect()
        .await?;

    // The type on the left decides what the reply is decoded to.
    let offer: Offer = client
        .request("shop")
        .operation("price")
        .json(&order("apple", 3))
        .await?;
    println!("3 apples: {} cents", offer.cents);

    let reserved: u32 = client
        .request("shop")
        .operation("reserve")
        .json(&order("apple", 3))
        .await?;
    println!("reserved: {reserved}");

    // Three requests that fail, each with its own certainty.
    let unknown = ask(&client, "price", &order("pear", 1)).await;
    report("an article that is not there", unknown);

    let too_many = ask(&client, "reserve", &order("apple", 11)).await;
    report("more than there are", too_many);

    let no_such_operation = ask(&client, "levitate", &order("apple", 1)).await;
    report("an operation that is not there", no_such_operation);

    client.close(std::time::Duration::from_secs(1)).await;
    service.drain(std::time::Duration::from_secs(1)).await;
    Ok(())
}

fn order(article: &str, count: u32) -> Order {
    Order {
        article: article.to_owned(),
        count,
    }
}

async fn ask(
    client: &Client,
    operation: &str,
    order: &Order,
) -> Result<serde_json::Value, RequestError> {
    client
        .request("shop")
        .operation(operation)
        .json(order)
        .await
}

/// What a caller looks at before it tries again: did the handler run?
fn report(what: &str, outcome: Result<serde_json::Value, RequestError>) {
    match outcome {
        Ok(value) => println!("{what}: {value}"),
        Err(error) => {
            let status = error.status().map(ToString::to_string);
            println!(
                "{what}: {} (executed: {})",
                status.unwrap_or_else(|| error.to_string()),
                error.executed()
            );
        }
    }
}
