use std::{
    str,
    time::{Duration, Instant},
};

use rdkafka::{
    Message as _,
    consumer::{Consumer as _, StreamConsumer},
    message::{BorrowedMessage, Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};

use super::{CORRELATION_ID, REPLY_PARTITION, REPLY_TOPIC, client, header, producer};
use crate::{load::Load, parent::ready_to_respond};

const LIMIT: Duration = Duration::from_secs(30);

/// Echoes for ever: a group, a task per request, offsets committed by librdkafka.
pub(crate) async fn respond(load: &Load) -> Result<(), String> {
    let producer = producer(load)?;
    let consumer: StreamConsumer = client(load)
        .set("group.id", format!("bench-{}", load.topic))
        .create()
        .map_err(|error| error.to_string())?;
    consumer
        .subscribe(&[&load.topic])
        .map_err(|error| error.to_string())?;
    wait_for_partitions(&consumer, load).await?;
    ready_to_respond(load)?;
    loop {
        match consumer.recv().await {
            Ok(request) => {
                if let Some(reply) = Reply::to(&request) {
                    tokio::spawn(reply.send(producer.clone(), load.handler_sleep));
                }
            }
            Err(error) => eprintln!("requests: {error}"),
        }
    }
}

/// Nobody asks yet: what is waited for here is only the assignment, which goes on while the consumer is polled.
async fn wait_for_partitions(consumer: &StreamConsumer, load: &Load) -> Result<(), String> {
    let wanted = usize::try_from(load.partitions).unwrap_or(1);
    let until = Instant::now() + LIMIT;
    loop {
        let polled = tokio::time::timeout(Duration::from_millis(20), consumer.recv()).await;
        if let Ok(Err(error)) = polled {
            eprintln!("requests: {error}");
        }
        let assigned = consumer.assignment().map_err(|error| error.to_string())?;
        if assigned.count() >= wanted {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("no partitions of {} within {LIMIT:?}", load.topic));
        }
    }
}

/// What a reply needs of its request, which lives no longer than its turn.
struct Reply {
    topic: String,
    partition: i32,
    id: Vec<u8>,
    value: Vec<u8>,
}

impl Reply {
    fn to(request: &BorrowedMessage<'_>) -> Option<Self> {
        let headers = request.headers();
        let text = |name| str::from_utf8(header(headers, name)?).ok();
        Some(Self {
            topic: text(REPLY_TOPIC)?.to_owned(),
            partition: text(REPLY_PARTITION)?.parse().ok()?,
            id: header(headers, CORRELATION_ID)?.to_vec(),
            value: request.payload().unwrap_or_default().to_vec(),
        })
    }

    async fn send(self, producer: FutureProducer, sleep: Duration) {
        if !sleep.is_zero() {
            tokio::time::sleep(sleep).await;
        }
        let headers = OwnedHeaders::new_with_capacity(1).insert(Header {
            key: CORRELATION_ID,
            value: Some(&self.id),
        });
        let record = FutureRecord::<(), _>::to(&self.topic)
            .partition(self.partition)
            .payload(&self.value)
            .headers(headers);
        if let Err((error, _)) = producer.send(record, LIMIT).await {
            eprintln!("a reply was not sent: {error}");
        }
    }
}
