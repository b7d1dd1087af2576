//! A batch job: ten thousand rows, a call for each, a thousand in flight, driven by one task:
//! `cargo run -p antiphon --example many_calls`.

use std::time::{Duration, Instant};

use antiphon::{Client, EmbeddedBroker, EmbeddedConfig, Executed, Reply, RequestError, Service};
use bytes::Bytes;
use futures::{StreamExt, stream};
use futures_buffered::BufferedStreamExt;

const ROWS: u32 = 10_000;
const IN_FLIGHT: usize = 1_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = EmbeddedBroker::start(EmbeddedConfig::default())?;
    broker.create_topic("prices", 4)?;
    let servers = broker.bootstrap_servers();
    let price = |row: Bytes| async move { Ok(format!("{} cents", row.len())) };
    let service = Service::builder("pricing")
        .version("1.0.0")
        .bootstrap_servers(servers.as_str())
        .route("prices", price)
        .start()
        .await?;
    service.ready().await;
    let client = Client::builder("nightly-job")
        .bootstrap_servers(servers.as_str())
        .connect()
        .await?;

    let began = Instant::now();
    let ask = async |row: u32| (row, price_of(&client, row).await);
    let mut outcomes = stream::iter(0..ROWS).map(ask).buffered_unordered(IN_FLIGHT);
    let (mut priced, mut to_repeat, mut to_look_at) = (0, Vec::new(), Vec::new());
    while let Some((row, outcome)) = outcomes.next().await {
        match outcome {
            Ok(_) => priced += 1,
            // Nothing ran, and nothing will: such a row can be sent again without a thought.
            Err(error) if error.executed() == Executed::No => to_repeat.push(row),
            Err(_) => to_look_at.push(row),
        }
    }
    println!("{priced} rows priced in {:?}", began.elapsed());
    println!(
        "{} to repeat, {} to look at",
        to_repeat.len(),
        to_look_at.len()
    );

    client.close(Duration::from_secs(5)).await;
    service.drain(Duration::from_secs(5)).await;
    Ok(())
}

async fn price_of(client: &Client, row: u32) -> Result<Reply, RequestError> {
    let request = client.request("prices").value(format!("row {row}"));
    request.timeout(Duration::from_secs(30)).send().await
}
