//! One request and its reply, and what stood on the wire.

use std::time::Instant;

use antiphon::{Client, Reply};

use super::{
    expect::expect,
    page::Page,
    setup::Setup,
    wire::{self, Place, Seen},
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
            format!("{}, as the first one: it opens connections", millis(took)),
        ),
    ])?;
    let (request, reply) = tap(setup, client, &reply).await?;
    page.say(
        "Both are ordinary Kafka records, which any tool can read. This is how they stand in Kafka,\n\
         read back by a plain consumer. The fields of the protocol are in the header \"antiphon\":\n\
         p is the partition for the reply, d and t the deadline, r who asks or answers. The reply is\n\
         matched by its correlation id; as this one has nothing else to say, the id is its key too.",
    )?;
    table(page, "request", &request)?;
    table(page, "reply", &reply)
}

/// Reads both records from Kafka.
async fn tap(setup: &Setup, client: &Client, reply: &Reply) -> Result<(Seen, Seen), Failure> {
    let topic = setup.greetings();
    let partitions = setup.partitions(&topic).await?.unwrap_or(0);
    let place = Place {
        topic: client.reply_topic().to_owned(),
        partition: reply.partition(),
        offset: reply.offset(),
    };
    let properties = setup.properties.clone();
    let reading = move || wire::read(properties, &topic, partitions, &place);
    let reading = tokio::task::spawn_blocking(reading);
    reading
        .await
        .map_err(|error| Failure::Unexpected(format!("the wiretap broke off: {error}")))?
}

fn table(page: &mut Page, what: &str, seen: &Seen) -> Result<(), Failure> {
    let key = match &seen.key {
        Some(key) => printable(key),
        None => "none".to_owned(),
    };
    let headers = seen.headers.iter();
    let headers =
        headers.map(|(name, value)| format!("{} = {}", printable(name), printable(value)));
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    page.table(
        &[what, &seen.place.to_string()],
        &[
            row("key", key),
            row("headers", headers.collect::<Vec<_>>().join("\n")),
            row("value", printable(&seen.value)),
        ],
    )
}
