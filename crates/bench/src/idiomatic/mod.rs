//! What many would write: rust-rdkafka's `FutureProducer` and `StreamConsumer`, and a map of oneshot channels.
//!
//! The settings of the raw loop (`linger.ms` 0, `acks` all, `max.in.flight`), so that the difference is the program.

mod requester;
mod responder;

use rdkafka::{
    ClientConfig,
    message::{BorrowedHeaders, Headers as _},
    producer::FutureProducer,
};

pub(crate) use self::{requester::request, responder::respond};
use crate::load::Load;

const CORRELATION_ID: &str = "correlation-id";
const REPLY_TOPIC: &str = "reply-topic";
const REPLY_PARTITION: &str = "reply-partition";

fn producer(load: &Load) -> Result<FutureProducer, String> {
    client(load)
        .set("linger.ms", "0")
        .set("acks", "all")
        .set("max.in.flight", load.max_in_flight.to_string())
        .set("queue.buffering.max.messages", "1000000")
        .create()
        .map_err(|error| error.to_string())
}

fn client(load: &Load) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &load.servers)
        .set("fetch.queue.backoff.ms", "5")
        .set("auto.offset.reset", "earliest");
    config
}

fn header<'a>(headers: Option<&'a BorrowedHeaders>, name: &str) -> Option<&'a [u8]> {
    headers?.iter().find(|header| header.key == name)?.value
}
