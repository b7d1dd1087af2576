//! Tests without Kafka.

use crate::{Client, Service, StartError, service::Serve, transport::memory::MemoryBroker};

/// How many partitions the request topic of a [`pair`] has.
const PARTITIONS: u32 = 4;

/// A client and a service over a log in memory, connected and ready.
///
/// Time is tokio's, so a test with paused time runs at once.
///
/// ```
/// use antiphon::{service::{Json, Routes}, testing};
///
/// async fn double(Json(number): Json<u32>) -> Json<u32> {
///     Json(2 * number)
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (client, _service) = testing::pair(("numbers", Routes::new().default(double))).await?;
/// let doubled: u32 = client.request("numbers").json(&21).await?;
/// assert_eq!(doubled, 42);
/// # Ok(())
/// # }
/// ```
///
/// Use [`MemoryBroker`] by itself for faults, several instances, or a look at the log.
///
/// # Errors
/// Routes that are not valid, such as two handlers for one operation.
pub async fn pair(server: impl Serve) -> Result<(Client, Service), StartError> {
    let broker = MemoryBroker::new();
    broker.create_topic(server.topic(), PARTITIONS);
    let service = Service::builder("test-service")
        .transport(broker.transport())
        .serve(server)
        .start()
        .await?;
    service.ready().await;
    let client = Client::builder("test")
        .transport(broker.transport())
        .connect()
        .await?;
    Ok((client, service))
}
