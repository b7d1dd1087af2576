//! A service, a client and a broker in one process: `cargo run -p antiphon --example hello`.

use std::time::Duration;

use antiphon::{Client, EmbeddedBroker, EmbeddedConfig, Service};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = EmbeddedBroker::start(EmbeddedConfig::default())?;
    broker.create_topic("greetings", 4)?;

    let service = Service::builder("greeter")
        .version("1.0.0")
        .bootstrap_servers(broker.bootstrap_servers())
        .route("greetings", |name: bytes::Bytes| async move {
            Ok([b"hello, ", &*name].concat())
        })
        .start()
        .await?;

    let client = Client::builder("web")
        .bootstrap_servers(broker.bootstrap_servers())
        .connect()
        .await?;

    let reply = client.request("greetings").value("world").send().await?;
    println!("{}", String::from_utf8_lossy(reply.value()));

    client.close(Duration::from_secs(1)).await;
    service.drain(Duration::from_secs(1)).await;
    Ok(())
}
