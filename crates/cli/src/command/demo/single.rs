//! One request and its reply, as sent and as stored in Kafka.

use std::time::Instant;

use antiphon::{Client, Reply};

use super::{
    expect::expect,
    page::Page,
    setup::Setup,
    wire::{self, Position, Record},
};
use crate::{
    failure::Failure,
    output::{millis, printable},
};

pub(super) async fn show(page: &mut Page, setup: &Setup, client: &Client) -> Result<(), Failure> {
    page.section("One request and its reply")?;
    let begun = Instant::now();
    let request = client.request(&setup.greetings()).value("world");
    let reply = request.header("shop", "corner").send().await?;
    let took = begun.elapsed();
    expect(&reply.value()[..] == b"hello, world", || {
        format!("the reply is {:?}", reply.value())
    })?;
    page.facts(&[
        ("request", "world".to_owned()),
        ("reply", printable(reply.value())),
        (
            "took",
            format!("{}, including connection set-up", millis(took)),
        ),
    ])?;
    let (request, reply) = read_back(setup, client, &reply).await?;
    page.paragraph(
        "Both are ordinary Kafka records that any tool can read. A plain consumer has read these back.\n\
         The fields of the protocol are in the header \"antiphon\": p is the partition for the reply,\n\
         d and t are the deadline, r is the requester or responder. The client matches a reply by its\n\
         correlation id. This reply has no further fields, so the id is also its key.",
    )?;
    table(page, "request", &request)?;
    table(page, "reply", &reply)
}

/// Reads both records from Kafka.
async fn read_back(
    setup: &Setup,
    client: &Client,
    reply: &Reply,
) -> Result<(Record, Record), Failure> {
    let topic = setup.greetings();
    let partitions = setup.partitions(&topic).await?.unwrap_or(0);
    let position = Position {
        topic: client.reply_topic().to_owned(),
        partition: reply.partition(),
        offset: reply.offset(),
    };
    let properties = setup.properties.clone();
    let reading = move || wire::read(properties, &topic, partitions, &position);
    let reading = tokio::task::spawn_blocking(reading);
    reading.await.map_err(|error| {
        Failure::Unexpected(format!("the task that reads the records failed: {error}"))
    })?
}

fn table(page: &mut Page, what: &str, record: &Record) -> Result<(), Failure> {
    let key = match &record.key {
        Some(key) => printable(key),
        None => "none".to_owned(),
    };
    let headers = record.headers.iter();
    let headers =
        headers.map(|(name, value)| format!("{} = {}", printable(name), printable(value)));
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    page.table(
        &[what, &record.position.to_string()],
        &[
            row("key", key),
            row("headers", headers.collect::<Vec<_>>().join("\n")),
            row("value", printable(&record.value)),
        ],
    )
}
