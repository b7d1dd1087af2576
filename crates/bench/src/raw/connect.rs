use std::{sync::Arc, thread};

use super::client::{Client, Kind, Result};
use crate::load::Load;

/// A producer with librdkafka's thread for what it has to say, and a consumer that assigns by hand.
pub(crate) fn pair(load: &Load, group: &str) -> Result<(Arc<Client>, Client)> {
    let producer = Arc::new(producer(load, Kind::Producer)?);
    let consumer = consumer(load, group, &[])?;
    let polled = Arc::clone(&producer);
    thread::Builder::new()
        .name("bench-reports".into())
        .spawn(move || polled.poll_for_ever())
        .map_err(|error| error.to_string())?;
    Ok((producer, consumer))
}

/// A producer whose reports are to be read, and a consumer for a group.
pub(crate) fn member(load: &Load, group: &str) -> Result<(Client, Client)> {
    let of_group = [
        ("enable.auto.offset.store", "false"),
        ("auto.offset.reset", "earliest"),
    ];
    let producer = producer(load, Kind::ReportingProducer)?;
    Ok((producer, consumer(load, group, &of_group)?))
}

fn producer(load: &Load, kind: Kind) -> Result<Client> {
    let max_in_flight = load.max_in_flight.to_string();
    let errors_only = (kind != Kind::ReportingProducer).to_string();
    Client::new(
        kind,
        &[
            ("bootstrap.servers", load.servers.as_str()),
            ("linger.ms", "0"),
            ("acks", "all"),
            ("max.in.flight", &max_in_flight),
            ("delivery.report.only.error", &errors_only),
            ("queue.buffering.max.messages", "1000000"),
            ("partitioner", "murmur2_random"),
        ],
    )
}

fn consumer(load: &Load, group: &str, more: &[(&str, &str)]) -> Result<Client> {
    let common = [
        ("bootstrap.servers", load.servers.as_str()),
        ("group.id", group),
        ("enable.auto.commit", "false"),
        ("fetch.queue.backoff.ms", "5"),
    ];
    Client::new(Kind::Consumer, &[&common, more].concat())
}
